// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * luarcu.ko: what scripts see of the RCU table.
 *
 *	local rcu = require "rcu"
 *	local t = rcu.table(1024)
 *	t.key = "value"		-- boolean, integer, string, Lunatik object
 *	t.key = nil
 *	rcu.map(t, function(key, value) ... end)
 *
 * and a table that every runtime has as the global variable rcu.
 */
#include <linux/err.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "table.h"

#define LUARCU_COPY	128	/* bytes of a string that is read without a buffer */

static unsigned int size = 8192;
module_param(size, uint, 0444);
MODULE_PARM_DESC(size, "buckets of the global table (default 8192)");

unsigned long luarcu_memory;
module_param_named(memory, luarcu_memory, ulong, 0644);
MODULE_PARM_DESC(memory, "bytes that all tables may hold (default a quarter of memory)");

static const lunatik_class_t luarcu_class;
static const lunatik_class_t luarcu_global_class;
static lunatik_object_t *luarcu_shared;	/* the global variable rcu */
static lunatik_object_t *luarcu_env;	/* lunatik._ENV */

static struct luarcu_table *luarcu_checktable(lua_State *L, int i)
{
	lunatik_object_t *object = lunatik_toobject(L, i);

	/* each is of hardirq context, so it can be used in all */
	if (!object || (object->class != &luarcu_class && object->class != &luarcu_global_class))
		luaL_typeerror(L, i, "rcu table");
	return object->private;
}

static void luarcu_checkkey(lua_State *L, int i, struct luarcu_key *key)
{
	if (lua_type(L, i) != LUA_TSTRING)
		luaL_error(L, "a key of an rcu table must be a string, not a %s value",
			   luaL_typename(L, i));
	key->bytes = lua_tolstring(L, i, &key->len);
	if (key->len > LUARCU_MAXKEY)
		luaL_error(L, "a key of an rcu table must not be longer than %d bytes",
			   LUARCU_MAXKEY);
	key->hash = lunatik_hash(L, i);
}

static void luarcu_checkvalue(lua_State *L, int i, struct tvalue *value)
{
	switch (lua_type(L, i)) {
	case LUA_TNIL:
		value->type = TVALUE_NIL;
		return;
	case LUA_TBOOLEAN:
		value->type = TVALUE_BOOLEAN;
		value->boolean = lua_toboolean(L, i);
		return;
	case LUA_TNUMBER:
		value->type = TVALUE_INTEGER;
		value->integer = lua_tointeger(L, i);
		return;
	case LUA_TSTRING:
		value->type = TVALUE_STRING;
		value->string.bytes = lua_tolstring(L, i, &value->string.len);
		return;
	case LUA_TUSERDATA:
		value->type = TVALUE_OBJECT;
		value->object = lunatik_toobject(L, i);
		if (!value->object)
			break;
		lunatik_checkshared(L, value->object);
		return;
	}
	luaL_error(L, "a value of an rcu table must be a boolean, an integer, a string or a shareable object, not a %s value",
		   luaL_typename(L, i));
}

/*
 * Pushes a string that does not fit on the stack, with a buffer of the length
 * it had; false if there is none any more, or it has grown.
 */
static bool luarcu_pushlong(lua_State *L, struct luarcu_table *table,
			    const struct luarcu_key *key, size_t len)
{
	struct tvalue value;
	luaL_Buffer b;
	char *bytes = luaL_buffinitsize(L, &b, len);
	bool found = luarcu_get(table, key, &value, bytes, len) == 0 &&
		     value.type == TVALUE_STRING;

	/* from here on Lua may raise */
	if (value.type == TVALUE_OBJECT)
		lunatik_putobject(value.object);
	luaL_pushresultsize(&b, found ? value.string.len : 0);
	if (!found)
		lua_pop(L, 1);
	return found;
}

/* Pushes the value of a key, nil if there is none. */
static int luarcu_push(lua_State *L, struct luarcu_table *table, const struct luarcu_key *key)
{
	struct tvalue value;
	char buf[LUARCU_COPY];

	while (luarcu_get(table, key, &value, buf, sizeof(buf)) == -ENOSPC) {
		if (luarcu_pushlong(L, table, key, value.string.len))
			return 1;
	}

	switch (value.type) {
	case TVALUE_NIL:
		lua_pushnil(L);
		break;
	case TVALUE_BOOLEAN:
		lua_pushboolean(L, value.boolean);
		break;
	case TVALUE_INTEGER:
		lua_pushinteger(L, value.integer);
		break;
	case TVALUE_STRING:
		lua_pushlstring(L, value.string.bytes, value.string.len);
		break;
	case TVALUE_OBJECT:
		lunatik_pushobject(L, value.object);
		break;
	}
	return 1;
}

static int luarcu_index(lua_State *L)
{
	struct luarcu_table *table = luarcu_checktable(L, 1);
	struct luarcu_key key;

	luarcu_checkkey(L, 2, &key);
	return luarcu_push(L, table, &key);
}

static int luarcu_newindex(lua_State *L)
{
	struct luarcu_table *table = luarcu_checktable(L, 1);
	struct luarcu_key key;
	struct tvalue value;
	int ret;

	luarcu_checkkey(L, 2, &key);
	luarcu_checkvalue(L, 3, &value);
	if (value.type == TVALUE_OBJECT && value.object->private == table)
		luaL_error(L, "an rcu table cannot hold itself, it would never be freed");
	ret = luarcu_set(table, &key, &value, lunatik_gfp(L));
	if (ret)
		lunatik_throw(L, ret);
	return 0;
}

static int luarcu_len(lua_State *L)
{
	lua_pushinteger(L, atomic_long_read(&luarcu_checktable(L, 1)->entries));
	return 1;
}

/* Pushes a buffer with the keys of a bucket, which it makes large enough. */
static const void *luarcu_pushkeys(lua_State *L, struct luarcu_table *table, u32 bucket,
				   size_t *used)
{
	size_t room = 0, want = luarcu_keys(table, bucket, NULL, 0);
	void *keys = NULL;

	if (want == 0) {
		*used = 0;
		lua_pushnil(L);
		return NULL;
	}
	lua_pushnil(L);
	while (want > room) {
		lua_pop(L, 1);
		room = want;
		keys = lua_newuserdatauv(L, room, 0);
		want = luarcu_keys(table, bucket, keys, room);
	}
	*used = want;
	return keys;
}

/*
 * Calls the function at index @f for each entry. Bucket by bucket the keys
 * are noted at one moment, and looked up one by one when their turn comes: so
 * the function may change the table, and so may everybody else. An entry that
 * is there throughout is seen exactly once.
 */
static void luarcu_foreach(lua_State *L, struct luarcu_table *table, int f)
{
	int top = lua_gettop(L);
	u32 bucket;

	for (bucket = 0; bucket <= table->mask; bucket++) {
		struct luarcu_key key;
		size_t used;
		const void *at = luarcu_pushkeys(L, table, bucket, &used);
		const void *end = at + used;

		lunatik_checkpoint(L);
		while (at < end) {
			lunatik_checkpoint(L);
			at = luarcu_nextkey(at, &key);
			lua_pushvalue(L, f);
			lua_pushlstring(L, key.bytes, key.len);
			luarcu_push(L, table, &key);
			if (!lua_isnil(L, -1))
				lua_call(L, 2, 0);
			lua_settop(L, top + 1);
		}
		lua_settop(L, top);
	}
}

/* map(table, function) */
static int luarcu_map(lua_State *L)
{
	struct luarcu_table *table = luarcu_checktable(L, 1);

	luaL_checktype(L, 2, LUA_TFUNCTION);
	luarcu_foreach(L, table, 2);
	return 0;
}

/* for_each(function), of the global table */
static int luarcu_for_each(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TFUNCTION);
	luarcu_foreach(L, luarcu_shared->private, 1);
	return 0;
}

/* The global table: for_each is there, where no entry has that name. */
static int luarcu_global_index(lua_State *L)
{
	luarcu_index(L);
	if (!lua_isnil(L, -1))
		return 1;
	lua_pushliteral(L, "for_each");
	if (lua_rawequal(L, 2, -1))
		lua_pushcfunction(L, luarcu_for_each);
	else
		lua_pushnil(L);
	return 1;
}

/* table([size]) */
static int luarcu_table(lua_State *L)
{
	lua_Integer buckets = luaL_optinteger(L, 1, LUARCU_SIZE);
	lunatik_object_t *object;
	int ret;

	if (buckets < 1 || buckets > LUARCU_MAXSIZE)
		return luaL_error(L, "size of an rcu table must be from 1 to %d, not %I",
				  LUARCU_MAXSIZE, (LUAI_UACINT)buckets);
	object = lunatik_newobject(L, &luarcu_class, sizeof(struct luarcu_table),
				   LUNATIK_OPT_NONE);
	ret = luarcu_init(object->private, roundup_pow_of_two(buckets), lunatik_gfp(L));
	if (ret)
		lunatik_throw(L, ret);
	return 1;
}

static void luarcu_release(void *private)
{
	luarcu_destroy(private);
}

static const luaL_Reg luarcu_methods[] = {
	{"__index", luarcu_index},
	{"__newindex", luarcu_newindex},
	{"__len", luarcu_len},
	{NULL, NULL}
};

static const luaL_Reg luarcu_global_methods[] = {
	{"__index", luarcu_global_index},
	{"__newindex", luarcu_newindex},
	{"__len", luarcu_len},
	{NULL, NULL}
};

/* HARDIRQ, since a table can be made and used in every context */
static const lunatik_class_t luarcu_class = {
	.name = "rcu",
	.methods = luarcu_methods,
	.release = luarcu_release,
	.opt = LUNATIK_OPT_HARDIRQ,
};

static const lunatik_class_t luarcu_global_class = {
	.name = "rcu",
	.methods = luarcu_global_methods,
	.release = luarcu_release,
	.opt = LUNATIK_OPT_HARDIRQ,
};

static const luaL_Reg luarcu_lib[] = {
	{"table", luarcu_table},
	{"map", luarcu_map},
	{NULL, NULL}
};

LUNATIK_CLASSES(rcu, &luarcu_class, &luarcu_global_class);
LUNATIK_NEWLIB(rcu, luarcu_lib, luarcu_classes);

static int luarcu_pushglobal(lua_State *L)
{
	lunatik_cloneobject(L, luarcu_shared);
	return 1;
}

static int luarcu_pushenv(lua_State *L)
{
	lunatik_cloneobject(L, luarcu_env);
	return 1;
}

static struct lunatik_global luarcu_globals[] = {
	{ .name = "rcu", .push = luarcu_pushglobal, .owner = THIS_MODULE },
	{ .name = "lunatik._ENV", .push = luarcu_pushenv, .owner = THIS_MODULE },
};

/* A table that this module holds from its first to its last moment. */
static lunatik_object_t *luarcu_create(const lunatik_class_t *class, u32 buckets)
{
	lunatik_object_t *object = lunatik_createobject(class, sizeof(struct luarcu_table),
							LUNATIK_OPT_NONE);

	if (object && luarcu_init(object->private, buckets, GFP_KERNEL)) {
		lunatik_dropobject(object);
		return NULL;
	}
	return object;
}

static void luarcu_drop(lunatik_object_t *object)
{
	if (!object)
		return;
	/* it may hold itself; elements give back what they hold in a callback */
	luarcu_clear(object->private);
	rcu_barrier();
	lunatik_dropobject(object);
}

static void luarcu_droptables(void)
{
	luarcu_drop(luarcu_env);
	luarcu_drop(luarcu_shared);
}

static int __init luarcu_module_init(void)
{
	int ret = -ENOMEM;

	if (size < 1 || size > LUARCU_MAXSIZE) {
		pr_err("luarcu: size must be from 1 to %d, not %u\n", LUARCU_MAXSIZE, size);
		return -EINVAL;
	}
	if (!luarcu_memory)
		luarcu_memory = totalram_pages() / 4 << PAGE_SHIFT;
	luarcu_shared = luarcu_create(&luarcu_global_class, roundup_pow_of_two(size));
	luarcu_env = luarcu_create(&luarcu_class, LUARCU_SIZE);
	if (!luarcu_shared || !luarcu_env)
		goto err_tables;
	ret = lunatik_addglobal(&luarcu_globals[0]);
	if (ret)
		goto err_tables;
	ret = lunatik_addglobal(&luarcu_globals[1]);
	if (ret)
		goto err_global;
	return 0;

err_global:
	lunatik_delglobal(&luarcu_globals[0]);
err_tables:
	luarcu_droptables();
	return ret;
}

static void __exit luarcu_module_exit(void)
{
	lunatik_delglobal(&luarcu_globals[1]);
	lunatik_delglobal(&luarcu_globals[0]);
	luarcu_droptables();
}

module_init(luarcu_module_init);
module_exit(luarcu_module_exit);
MODULE_DESCRIPTION("RCU table for Lunatik");
MODULE_AUTHOR("Lunatik for Debian");
MODULE_VERSION(LUNATIK_VERSION);
MODULE_LICENSE("Dual MIT/GPL");
/* modprobe -r of this module takes away lunatik, but not what that depends on */
MODULE_SOFTDEP("pre: luadrv");
