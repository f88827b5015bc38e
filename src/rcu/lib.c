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
#include <linux/mm.h>
#include <linux/module.h>

#include "table.h"

#define LUARCU_COPY	128	/* bytes of a string that is read without a buffer */
/* some kernels have all variables on the stack zeroed */
#if __has_attribute(uninitialized)
#define luarcu_uninitialized	__attribute__((uninitialized))
#else
#define luarcu_uninitialized
#endif
#define LUARCU_STEP	2048	/* bytes of keys that a walk notes at a time */

static unsigned int size = LUARCU_SIZE;
module_param(size, uint, 0444);
MODULE_PARM_DESC(size, "entries that a table is made for, if its script does not say (default "
		       __stringify(LUARCU_SIZE) ")");

unsigned long luarcu_memory;
module_param_named(memory, luarcu_memory, ulong, 0644);
MODULE_PARM_DESC(memory, "bytes that all tables may hold (default a quarter of memory)");

module_param_named(hardirq_entries, luarcu_reserve, uint, 0444);
MODULE_PARM_DESC(hardirq_entries, "entries set aside for handlers that run with interrupts off (default 512)");

static const lunatik_class_t luarcu_global_class, luarcu_env_class;
static lunatik_object_t *luarcu_shared;	/* the global variable rcu */
static lunatik_object_t *luarcu_env;	/* lunatik._ENV */
static lunatik_object_t *luarcu_runtimes, *luarcu_threads;	/* and its fields */

#define LUARCU_SCRIPTS	16	/* that the last two are made for */

/* --- arguments */

static bool luarcu_istable(const lunatik_object_t *object)
{
	return object && (object->class == &luarcu_class || object->class == &luarcu_global_class ||
			  object->class == &luarcu_env_class);
}

lunatik_object_t *luarcu_checktable(lua_State *L, int i)
{
	lunatik_object_t *object = lunatik_toobject(L, i);

	/* each is of hardirq context, so it can be used in all */
	if (!luarcu_istable(object))
		luaL_typeerror(L, i, "rcu table");
	return object;
}
EXPORT_SYMBOL_GPL(luarcu_checktable);

/* An error: it does not return. */
static noinline int luarcu_badkey(lua_State *L, int i)
{
	luaL_checkany(L, i);
	if (lua_type(L, i) != LUA_TSTRING)
		luaL_error(L, "a key of an rcu table must be a string, not a %s value",
			   luaL_typename(L, i));
	return luaL_error(L, "a key of an rcu table must not be longer than %d bytes",
			  LUARCU_MAXKEY);
}

static __always_inline void luarcu_checkkey(lua_State *L, int i, struct luarcu_key *key)
{
	key->bytes = lunatik_tokey(L, i, &key->len, &key->hash);
	if (unlikely(!key->bytes || key->len > LUARCU_MAXKEY))
		luarcu_badkey(L, i);
}

/* A value to be stored in @table. */
static void luarcu_checkvalue(lua_State *L, int i, const lunatik_object_t *table,
			      struct tvalue *value)
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
		if (value->object == table)
			luaL_error(L, "an rcu table cannot hold itself, it would never be freed");
		return;
	}
	luaL_error(L, "a value of an rcu table must be a boolean, an integer, a string or a shareable object, not a %s value",
		   luaL_typename(L, i));
}

static void luarcu_try(lua_State *L, int ret)
{
	if (unlikely(ret < 0))
		lunatik_throw(L, ret);
}

/* --- reading */

/*
 * Pushes a string that does not fit on the stack, into room for the length it
 * had; false if it is not there any more, or of another length.
 */
static bool luarcu_pushlong(lua_State *L, lunatik_object_t *table,
			    const struct luarcu_key *key, size_t len)
{
	char *bytes = lunatik_newstring(L, len);
	struct tvalue value;

	if (luarcu_get(table, key, &value, bytes, len) == 0) {
		if (value.type == TVALUE_STRING && value.string.len == len)
			return true;
		if (value.type == TVALUE_OBJECT)
			lunatik_putobject(value.object);
	}
	memset(bytes, 0, len);
	lua_pop(L, 1);
	return false;
}

/*
 * Pushes a string; false if it has to be read again. Inside
 * rcu_read_lock_sched(), which it leaves before it does so.
 */
static noinline bool luarcu_pushstring(lua_State *L, lunatik_object_t *table,
				       struct luarcu_key key, const struct element *e)
{
	char buf[LUARCU_COPY] luarcu_uninitialized;
	size_t len = e->len;

	if (len <= sizeof(buf)) {
		memcpy(buf, e->bytes + e->keylen, len);
		rcu_read_unlock_sched();
		lua_pushlstring(L, buf, len);
		return true;
	}
	rcu_read_unlock_sched();
	return luarcu_pushlong(L, table, &key, len);
}

/*
 * Pushes the value of a key, nil if there is none. It is short: to switch
 * preemption off is cheaper than the calls of rcu_read_lock().
 */
static __always_inline void luarcu_pushvalue(lua_State *L, lunatik_object_t *table,
					     const struct luarcu_key *key)
{
	const struct element *e;
	lunatik_object_t *object;
	enum tvalue_type type;
	s64 number;

again:
	rcu_read_lock_sched();
	e = luarcu_lookup(table->private, key);
	if (!e) {
		rcu_read_unlock_sched();
		lua_pushnil(L);
		return;
	}
	type = e->type;
	if (type == TVALUE_STRING) {
		if (luarcu_pushstring(L, table, *key, e))
			return;
		lunatik_checkpoint(L);
		goto again;
	}
	if (likely(type != TVALUE_OBJECT)) {
		number = atomic64_read(&e->number);
		rcu_read_unlock_sched();
		if (type == TVALUE_INTEGER)
			lua_pushinteger(L, number);
		else
			lua_pushboolean(L, number);
		return;
	}
	/* if it was taken out since, that may have been the last reference */
	object = lunatik_getobject_maybe(e->object) ? e->object : NULL;
	rcu_read_unlock_sched();
	if (object)
		lunatik_pushobject(L, object);
	else
		lua_pushnil(L);
}

static noinline void luarcu_push(lua_State *L, lunatik_object_t *table,
				 const struct luarcu_key *key)
{
	luarcu_pushvalue(L, table, key);
}

static int luarcu_index(lua_State *L, lunatik_object_t *table, const char *bytes, size_t len,
			u32 hash)
{
	struct luarcu_key key = { .bytes = bytes, .len = len, .hash = hash };

	if (unlikely(!bytes || len > LUARCU_MAXKEY))
		return luarcu_badkey(L, 2);
	luarcu_pushvalue(L, table, &key);
	return 1;
}

static int luarcu_len(lua_State *L)
{
	lua_pushinteger(L, luarcu_count(lunatik_toobject(L, 1)));
	return 1;
}

/* --- writing */

static int luarcu_newindex(lua_State *L, lunatik_object_t *table, const char *bytes, size_t len,
			   u32 hash)
{
	struct luarcu_key key = { .bytes = bytes, .len = len, .hash = hash };
	struct tvalue value luarcu_uninitialized;
	int ret;

	if (unlikely(!bytes || len > LUARCU_MAXKEY))
		return luarcu_badkey(L, 2);
	luarcu_checkvalue(L, 3, table, &value);
	ret = luarcu_update(table->private, &key, &value, NULL, lunatik_gfp(L));
	if (unlikely(ret && ret != -ENOENT))
		lunatik_throw(L, ret);
	return 0;
}

/* add(table, key, n): the sum */
static int luarcu_lib_add(lua_State *L)
{
	lunatik_object_t *table = luarcu_checktable(L, 1);
	lua_Integer n = luaL_checkinteger(L, 3);
	struct luarcu_key key;
	s64 sum;
	int ret;

	luarcu_checkkey(L, 2, &key);
	ret = luarcu_add(table, &key, n, &sum, lunatik_gfp(L));
	if (ret == -EINVAL)
		luaL_error(L, "rcu.add needs an integer as the value of the key, or none");
	luarcu_try(L, ret);
	lua_pushinteger(L, sum);
	return 1;
}

/* Whether the value was the one at index @i, and is now that at index @j. */
static bool luarcu_exchange(lua_State *L, lunatik_object_t *table,
			    const struct luarcu_key *key, int i, int j)
{
	struct tvalue old, value;
	int ret;

	luarcu_checkvalue(L, i, NULL, &old);
	luarcu_checkvalue(L, j, table, &value);
	ret = luarcu_cas(table, key, &old, &value, lunatik_gfp(L));
	if (ret == -EAGAIN)
		return false;
	luarcu_try(L, ret);
	return true;
}

/* cas(table, key, old, new): whether it was old, and so is new now */
static int luarcu_lib_cas(lua_State *L)
{
	lunatik_object_t *table = luarcu_checktable(L, 1);
	struct luarcu_key key;

	luaL_checkany(L, 3);
	luaL_checkany(L, 4);
	luarcu_checkkey(L, 2, &key);
	lua_pushboolean(L, luarcu_exchange(L, table, &key, 3, 4));
	return 1;
}

/*
 * swap(table, key, value): the old one. That is on the stack, whole, before it
 * is taken out: what may fail comes first.
 */
static int luarcu_lib_swap(lua_State *L)
{
	lunatik_object_t *table = luarcu_checktable(L, 1);
	struct luarcu_key key;

	luaL_checkany(L, 3);
	luarcu_checkkey(L, 2, &key);
	lua_settop(L, 3);
	for (;;) {
		luarcu_push(L, table, &key);
		if (luarcu_exchange(L, table, &key, 4, 3))
			return 1;
		lua_settop(L, 3);
		lunatik_checkpoint(L);
	}
}

/* insert(table, key, value): whether it was not there, and is now */
static int luarcu_lib_insert(lua_State *L)
{
	lunatik_object_t *table = luarcu_checktable(L, 1);
	struct luarcu_key key;
	struct tvalue value;
	int ret;

	luarcu_checkkey(L, 2, &key);
	luaL_checkany(L, 3);
	luarcu_checkvalue(L, 3, table, &value);
	if (value.type == TVALUE_NIL)
		return luaL_argerror(L, 3, "value expected, nil is none");
	ret = luarcu_insert(table, &key, &value, lunatik_gfp(L));
	if (ret != -EEXIST)
		luarcu_try(L, ret);
	lua_pushboolean(L, ret == 0);
	return 1;
}

/* --- walks */

/* A userdata: where a walk is, and the keys that come next. */
struct luarcu_walk {
	struct luarcu_cursor cursor;
	size_t size, used, next;	/* bytes of keys */
	char keys[] __aligned(8);
};

static struct luarcu_walk *luarcu_pushwalk(lua_State *L, size_t size)
{
	struct luarcu_walk *walk = lua_newuserdatauv(L, sizeof(*walk) + size, 0);

	walk->size = size;
	return walk;
}

/*
 * The next key, in the walk that is at index @at of the stack, which has to be
 * absolute; another takes its place if it is too small. False at the end.
 */
static bool luarcu_walkon(lua_State *L, lunatik_object_t *table, int at,
			  struct luarcu_key *key)
{
	struct luarcu_walk *walk = lua_touserdata(L, at);

	while (walk->next >= walk->used) {
		size_t used;

		if (walk->cursor.done)
			return false;
		lunatik_checkpoint(L);
		used = luarcu_keys(table->private, &walk->cursor, walk->keys, walk->size);
		if (used > walk->size) {
			struct luarcu_cursor cursor = walk->cursor;

			walk = luarcu_pushwalk(L, used);
			walk->cursor = cursor;
			lua_replace(L, at);
			continue;
		}
		walk->next = 0;
		walk->used = used;
	}
	walk->next = (const char *)luarcu_nextkey(walk->keys + walk->next, key) - walk->keys;
	return true;
}

/* Pushes the next entry that is still there, key and value; false at the end. */
static bool luarcu_pushnext(lua_State *L, lunatik_object_t *table, int at)
{
	struct luarcu_key key;

	while (luarcu_walkon(L, table, at, &key)) {
		/* pushing may run a finalizer, which may go on with this very walk */
		lua_pushlstring(L, key.bytes, key.len);
		key.bytes = lunatik_tokey(L, -1, &key.len, &key.hash);
		luarcu_push(L, table, &key);
		if (!lua_isnil(L, -1))
			return true;
		lua_pop(L, 2);
	}
	return false;
}

/* Calls the function at index @f for each entry; either may change the table. */
static void luarcu_map(lua_State *L, lunatik_object_t *table, int f)
{
	int at;

	luaL_checkstack(L, 8, NULL);
	luarcu_pushwalk(L, LUARCU_STEP);
	at = lua_gettop(L);
	for (;;) {
		lunatik_checkpoint(L);
		lua_pushvalue(L, f);
		if (!luarcu_pushnext(L, table, at))
			break;
		lua_call(L, 2, 0);
	}
}

/* map(table, function) */
static int luarcu_lib_map(lua_State *L)
{
	lunatik_object_t *table = luarcu_checktable(L, 1);

	luaL_checktype(L, 2, LUA_TFUNCTION);
	luarcu_map(L, table, 2);
	return 0;
}

/* for_each(function), of the global table */
static int luarcu_for_each(lua_State *L)
{
	luaL_checktype(L, 1, LUA_TFUNCTION);
	luarcu_map(L, luarcu_shared, 1);
	return 0;
}

/* What pairs() returns. Upvalues: the table and the walk. */
static int luarcu_next(lua_State *L)
{
	lua_settop(L, 0);
	luaL_checkstack(L, 8, NULL);
	lua_pushvalue(L, lua_upvalueindex(2));
	if (!luarcu_pushnext(L, lunatik_toobject(L, lua_upvalueindex(1)), 1))
		lua_pushnil(L);
	lua_pushvalue(L, 1);
	lua_replace(L, lua_upvalueindex(2));
	return lua_gettop(L) - 1;
}

static int luarcu_pairs(lua_State *L)
{
	lua_settop(L, 1);
	luarcu_pushwalk(L, LUARCU_STEP);
	lua_pushcclosure(L, luarcu_next, 2);
	return 1;
}

/* --- classes and libraries */

/* The global table: for_each is there, where no entry has that name. */
static int luarcu_global_index(lua_State *L, lunatik_object_t *table, const char *bytes,
			       size_t len, u32 hash)
{
	luarcu_index(L, table, bytes, len, hash);
	if (lua_isnil(L, -1) && len == strlen("for_each") &&
	    memcmp(bytes, "for_each", len) == 0)
		lua_pushcfunction(L, luarcu_for_each);
	return 1;
}

static lunatik_object_t *luarcu_named(const char *bytes, size_t len)
{
	if (len == strlen("runtimes") && memcmp(bytes, "runtimes", len) == 0)
		return luarcu_runtimes;
	if (len == strlen("threads") && memcmp(bytes, "threads", len) == 0)
		return luarcu_threads;
	return NULL;
}

/*
 * lunatik._ENV: runtimes and threads are there, where no entry has that name. They
 * are no entries, which would keep this module.
 */
static int luarcu_env_index(lua_State *L, lunatik_object_t *table, const char *bytes,
			    size_t len, u32 hash)
{
	lunatik_object_t *named;

	luarcu_index(L, table, bytes, len, hash);
	if (lua_isnil(L, -1)) {
		named = luarcu_named(bytes, len);
		if (named)
			lunatik_cloneobject(L, named);
	}
	return 1;
}

/* table([size]) */
static int luarcu_lib_table(lua_State *L)
{
	lua_Integer entries = luaL_optinteger(L, 1, size);
	lunatik_object_t *object;

	if (entries < 1 || entries > LUARCU_MAXSIZE)
		return luaL_error(L, "size of an rcu table must be from 1 to %d, not %I",
				  LUARCU_MAXSIZE, (LUAI_UACINT)entries);
	object = lunatik_newobject(L, &luarcu_class, sizeof(struct luarcu_table),
				   LUNATIK_OPT_NONE);
	luarcu_try(L, luarcu_init(object->private, entries, lunatik_gfp(L)));
	return 1;
}

static void luarcu_release(void *private)
{
	luarcu_destroy(private);
}

static const luaL_Reg luarcu_methods[] = {
	{"__len", luarcu_len},
	{"__pairs", luarcu_pairs},
	{NULL, NULL}
};

/* HARDIRQ, since a table can be made and used in every context */
const lunatik_class_t luarcu_class = {
	.name = "rcu",
	.methods = luarcu_methods,
	.release = luarcu_release,
	.opt = LUNATIK_OPT_HARDIRQ,
	.index = luarcu_index,
	.newindex = luarcu_newindex,
};

static const lunatik_class_t luarcu_global_class = {
	.name = "rcu",
	.methods = luarcu_methods,
	.release = luarcu_release,
	.opt = LUNATIK_OPT_HARDIRQ,
	.index = luarcu_global_index,
	.newindex = luarcu_newindex,
};

static const lunatik_class_t luarcu_env_class = {
	.name = "rcu",
	.methods = luarcu_methods,
	.release = luarcu_release,
	.opt = LUNATIK_OPT_HARDIRQ,
	.index = luarcu_env_index,
	.newindex = luarcu_newindex,
};

static const luaL_Reg luarcu_lib[] = {
	{"table", luarcu_lib_table},
	{"map", luarcu_lib_map},
	{"add", luarcu_lib_add},
	{"cas", luarcu_lib_cas},
	{"swap", luarcu_lib_swap},
	{"insert", luarcu_lib_insert},
	{NULL, NULL}
};

LUNATIK_CLASSES(rcu, &luarcu_class, &luarcu_global_class, &luarcu_env_class);
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

/* Scripts by their names: what lunatik.runner tells of. */
static int luarcu_runs(const char *kind, const char *name, lunatik_object_t *object)
{
	struct luarcu_key key = luarcu_key(name, strlen(name));
	struct tvalue value = LUARCU_NIL;

	if (object)
		value = LUARCU_OBJECT(object);
	return luarcu_set(luarcu_named(kind, strlen(kind)), &key, &value, GFP_KERNEL);
}

static struct lunatik_global luarcu_globals[] = {
	{ .name = "rcu", .push = luarcu_pushglobal, .owner = THIS_MODULE },
	{ .name = "lunatik._ENV", .push = luarcu_pushenv, .runs = luarcu_runs,
	  .owner = THIS_MODULE },
};

lunatik_object_t *luarcu_global(void)
{
	return luarcu_shared;
}
EXPORT_SYMBOL_GPL(luarcu_global);

lunatik_object_t *luarcu_create_as(const lunatik_class_t *class, unsigned long entries, gfp_t gfp)
{
	lunatik_object_t *object = lunatik_createobject(class, sizeof(struct luarcu_table),
							LUNATIK_OPT_NONE);

	if (object && luarcu_init(object->private, entries, gfp)) {
		lunatik_putobject(object);
		return NULL;
	}
	return object;
}

/* A table that this module holds from its first to its last moment. */
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
	luarcu_drop(luarcu_runtimes);
	luarcu_drop(luarcu_threads);
	luarcu_drop(luarcu_shared);
}

/* modprobe takes EEXIST for a module that is loaded already */
static int __init luarcu_offer(struct lunatik_global *global)
{
	int ret = lunatik_addglobal(global);

	if (ret != -EEXIST)
		return ret;
	pr_err("luarcu: another module has the global variable %s\n", global->name);
	return -EBUSY;
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
	ret = luarcu_element_init();
	if (ret)
		return ret;
	ret = -ENOMEM;
	luarcu_shared = luarcu_create_as(&luarcu_global_class, size, GFP_KERNEL);
	luarcu_env = luarcu_create_as(&luarcu_env_class, size, GFP_KERNEL);
	luarcu_runtimes = luarcu_create_as(&luarcu_class, LUARCU_SCRIPTS, GFP_KERNEL);
	luarcu_threads = luarcu_create_as(&luarcu_class, LUARCU_SCRIPTS, GFP_KERNEL);
	if (!luarcu_shared || !luarcu_env || !luarcu_runtimes || !luarcu_threads)
		goto err_tables;
	ret = luarcu_offer(&luarcu_globals[0]);
	if (ret)
		goto err_tables;
	ret = luarcu_offer(&luarcu_globals[1]);
	if (ret)
		goto err_global;
	return 0;

err_global:
	lunatik_delglobal(&luarcu_globals[0]);
err_tables:
	luarcu_droptables();
	luarcu_element_exit();
	return ret;
}

static void __exit luarcu_module_exit(void)
{
	lunatik_delglobal(&luarcu_globals[1]);
	lunatik_delglobal(&luarcu_globals[0]);
	luarcu_droptables();
	luarcu_element_exit();
}

module_init(luarcu_module_init);
module_exit(luarcu_module_exit);
MODULE_DESCRIPTION("RCU table for Lunatik");
MODULE_AUTHOR("Lunatik for Debian");
MODULE_VERSION(LUNATIK_VERSION);
MODULE_LICENSE("Dual MIT/GPL");
/* modprobe -r of this module takes away lunatik, but not what that depends on */
MODULE_SOFTDEP("pre: luadrv");
