// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Keys whose hashes are the same, for tests of tables: the library collide.
 *
 * Lua hashes a string from its end, a byte at a time. So blocks of three bytes
 * are searched for that take one state to another, and put together. The seed
 * is a secret, but not for a module.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/vmalloc.h>

#include <lunatik.h>

#define BLOCK	3		/* bytes */
#define SLOTS	(1 << 20)
#define ALIKE	12		/* 1 << ALIKE keys at most */

static u32 collide_step(u32 hash, u8 c)
{
	return hash ^ ((hash << 5) + (hash >> 2) + c);
}

/* the last byte comes first */
static u32 collide_block(u32 hash, u32 block)
{
	int i;

	for (i = BLOCK - 1; i >= 0; i--)
		hash = collide_step(hash, block >> 8 * i);
	return hash;
}

static void collide_write(char *to, u32 block)
{
	int i;

	for (i = 0; i < BLOCK; i++)
		to[i] = block >> 8 * i;
}

/* What @c takes to @hash, if the two lowest bits are @low; maybe nothing. */
static bool collide_back(u32 hash, u8 c, u32 low, u32 *before)
{
	u32 h = low;
	int i;

	/* each bit tells the one that is two above */
	for (i = 0; i < 30; i++)
		h |= ((collide_step(h, c) ^ hash) >> i & 1) << (i + 2);
	*before = h;
	return collide_step(h, c) == hash;
}

/* --- states that were reached, and by which block */

struct slot {
	u32 hash, block;		/* block + 1; 0 is none */
};

static struct slot *collide_slot(struct slot *slots, u32 hash)
{
	u32 i = hash * 2654435769u >> 12;

	while (slots[i].block && slots[i].hash != hash)
		i = (i + 1) % SLOTS;
	return &slots[i];
}

static void collide_note(struct slot *slot, u32 hash, u32 block)
{
	slot->hash = hash;
	slot->block = block + 1;
}

/* Two blocks that take @hash to the same; which is returned. */
static u32 collide_pair(struct slot *slots, u32 hash, u32 pair[2])
{
	u32 block;

	memset(slots, 0, SLOTS * sizeof(*slots));
	for (block = 0; block < SLOTS / 2; block++) {
		u32 next = collide_block(hash, block * 31);
		struct slot *slot = collide_slot(slots, next);

		if (slot->block) {
			pair[0] = slot->block - 1;
			pair[1] = block * 31;
			return next;
		}
		collide_note(slot, next, block * 31);
	}
	pair[0] = 0;
	pair[1] = 0;
	return hash;
}

/* A block that leads from one of @slots to @hash, last byte first; 0 if none does. */
static struct slot *collide_meet(struct slot *slots, u32 hash, u32 block, int byte)
{
	u32 low, before;
	struct slot *slot;

	for (low = 0; low < 4; low++) {
		if (!collide_back(hash, block >> 8 * byte, low, &before))
			continue;
		if (byte == BLOCK - 1) {
			slot = collide_slot(slots, before);
			slot = slot->block ? slot : NULL;
		} else {
			slot = collide_meet(slots, before, block, byte + 1);
		}
		if (slot)
			return slot;
	}
	return NULL;
}

/* --- the library */

static struct slot *collide_slots(lua_State *L)
{
	struct slot *slots = vzalloc(SLOTS * sizeof(struct slot));

	if (!slots)
		lunatik_throw(L, -ENOMEM);
	return slots;
}

/* same(n): 1 << n keys of one length with one hash */
static int collide_same(lua_State *L)
{
	int i, n = luaL_checkinteger(L, 1);
	u32 pairs[ALIKE][2], hash = lunatik_hashbytes("", 0) ^ BLOCK * n;
	struct slot *slots;
	char key[BLOCK * ALIKE];

	luaL_argcheck(L, n > 0 && n <= ALIKE, 1, "out of range");
	slots = collide_slots(L);
	for (i = n - 1; i >= 0; i--)
		hash = collide_pair(slots, hash, pairs[i]);
	vfree(slots);

	lua_createtable(L, 1 << n, 0);
	for (i = 0; i < 1 << n; i++) {
		int j;

		for (j = 0; j < n; j++)
			collide_write(key + BLOCK * j, pairs[j][i >> j & 1]);
		if (lunatik_hashbytes(key, BLOCK * n) != hash || pairs[0][0] == pairs[0][1])
			return luaL_error(L, "no keys were found");
		lua_pushlstring(L, key, BLOCK * n);
		lua_rawseti(L, -2, i + 1);
	}
	return 1;
}

/* What can follow @len bytes and leave the hash as it is; false if nothing can. */
static bool collide_tail(struct slot *slots, size_t len, char *tail)
{
	u32 seed = lunatik_hashbytes("", 0), block;
	struct slot *slot = NULL;

	memset(slots, 0, SLOTS * sizeof(*slots));
	for (block = 0; block < SLOTS / 4; block++) {
		u32 hash = collide_block(seed ^ (len + 2 * BLOCK), block * 31);

		collide_note(collide_slot(slots, hash), hash, block * 31);
	}
	cond_resched();
	/* what is read after the tail starts as if it began there */
	for (block = 0; block < SLOTS / 4 && !slot; block++)
		slot = collide_meet(slots, seed ^ len, block * 31, 0);
	if (!slot)
		return false;
	collide_write(tail, (block - 1) * 31);
	collide_write(tail + BLOCK, slot->block - 1);
	return true;
}

/*
 * prefix(key): two keys with one hash, of which the second begins with the
 * first, and that with @key: some lengths have none.
 */
static int collide_prefix(lua_State *L)
{
	struct slot *slots;
	size_t len;
	char tail[2 * BLOCK];
	bool found = false;
	int i;

	luaL_checklstring(L, 1, &len);
	lua_settop(L, 1);
	slots = collide_slots(L);
	for (i = 0; i < 40 && !found; i++) {
		found = collide_tail(slots, len + i, tail);
		cond_resched();
	}
	vfree(slots);
	for (; i > 1; i--) {
		lua_pushliteral(L, "+");
		lua_concat(L, 2);
	}
	lua_pushvalue(L, 1);
	lua_pushlstring(L, tail, sizeof(tail));
	lua_concat(L, 2);
	if (!found || lunatik_hash(L, 1) != lunatik_hash(L, 2))
		return luaL_error(L, "no keys were found");
	return 2;
}

static const luaL_Reg collide_lib[] = {
	{"same", collide_same},
	{"prefix", collide_prefix},
	{NULL, NULL}
};

LUNATIK_NEWLIB(collide, collide_lib, NULL);

MODULE_DESCRIPTION("Test of Lunatik: keys with the same hash");
MODULE_LICENSE("Dual MIT/GPL");
