// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Peers and a clock, for bench/instructions. */
#include <linux/delay.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/rhashtable.h>

#include <lunatik.h>
#include <luarcu.h>

/* --- a userdata whose __index does nothing */

static int bench_nothing(lua_State *L)
{
	return 0;
}

static int bench_empty(lua_State *L)
{
	lua_newuserdatauv(L, 8, 0);
	lua_createtable(L, 0, 2);
	lua_pushcfunction(L, bench_nothing);
	lua_setfield(L, -2, "__index");
	lua_pushcfunction(L, bench_nothing);
	lua_setfield(L, -2, "__newindex");
	lua_setmetatable(L, -2);
	return 1;
}

static int bench_now(lua_State *L)
{
	lua_pushinteger(L, ktime_get_ns());
	return 1;
}

/* --- rhashtable, from C alone */

struct peer {
	struct rhash_head head;
	struct rcu_head rcu;
	char key[16];
	s64 value;
};

static const struct rhashtable_params peer_params = {
	.key_len = 16,
	.key_offset = offsetof(struct peer, key),
	.head_offset = offsetof(struct peer, head),
	.automatic_shrinking = true,
};

static void peer_free(void *ptr, void *arg)
{
	kfree(ptr);
}

static void peer_fill(struct rhashtable *ht, char (*keys)[16], long entries)
{
	long i;

	for (i = 0; i < entries; i++) {
		struct peer *p = kzalloc(sizeof(*p), GFP_KERNEL);

		snprintf(keys[i], 16, "key%ld", i + 1);
		if (!p)
			continue;
		memcpy(p->key, keys[i], 16);
		p->value = i;
		if (rhashtable_insert_fast(ht, &p->head, peer_params))
			kfree(p);
	}
	msleep(1000);	/* it has grown */
}

/* rhashtable(entries, rounds): ns for all look-ups of "key" .. i, and their sum */
static int bench_rhashtable(lua_State *L)
{
	long entries = luaL_checkinteger(L, 1), rounds = luaL_checkinteger(L, 2), i, at = 0;
	struct rhashtable *ht = kzalloc(sizeof(*ht), GFP_KERNEL);
	char (*keys)[16] = kvcalloc(entries, 16, GFP_KERNEL);
	u64 from, took = 0;
	s64 sum = 0;

	if (!keys || !ht || rhashtable_init(ht, &peer_params)) {
		kvfree(keys);
		kfree(ht);
		return luaL_error(L, "no memory for a peer");
	}
	peer_fill(ht, keys, entries);

	from = ktime_get_ns();
	for (i = 0; i < rounds; i++) {
		struct peer *p;

		rcu_read_lock();
		p = rhashtable_lookup(ht, keys[at], peer_params);
		if (p)
			sum += READ_ONCE(p->value);
		rcu_read_unlock();
		if (++at == entries)
			at = 0;
	}
	took = ktime_get_ns() - from;

	rhashtable_free_and_destroy(ht, peer_free, NULL);
	kvfree(keys);
	kfree(ht);
	lua_pushinteger(L, took);
	lua_pushinteger(L, sum);
	return 2;
}

/* table(table, rounds): the same for a table that has these keys, from C */
static int bench_table(lua_State *L)
{
	lunatik_object_t *table = luarcu_checktable(L, 1);
	long rounds = luaL_checkinteger(L, 2), i;
	struct luarcu_key keys[10];
	char bytes[10][8];
	s64 sum = 0;
	u64 from;

	for (i = 0; i < 10; i++) {
		snprintf(bytes[i], sizeof(bytes[i]), "key%ld", i + 1);
		keys[i] = luarcu_key(bytes[i], strlen(bytes[i]));
	}
	from = ktime_get_ns();
	for (i = 0; i < rounds; i++) {
		struct tvalue value;

		if (luarcu_get(table, &keys[i % 10], &value, NULL, 0) == 0)
			sum += value.integer;
	}
	lua_pushinteger(L, ktime_get_ns() - from);
	lua_pushinteger(L, sum);
	return 2;
}

/* sleep(ms): a resize ends */
static int bench_sleep(lua_State *L)
{
	msleep(luaL_checkinteger(L, 1));
	return 0;
}

static const luaL_Reg bench_lib[] = {
	{"empty", bench_empty},
	{"now", bench_now},
	{"rhashtable", bench_rhashtable},
	{"sleep", bench_sleep},
	{"table", bench_table},
	{NULL, NULL}
};

LUNATIK_NEWLIB(bench, bench_lib, NULL);
MODULE_DESCRIPTION("Peers and a clock");
MODULE_LICENSE("Dual MIT/GPL");
