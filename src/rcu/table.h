/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* The table itself; nothing here knows a Lua state. */
#ifndef LUARCU_TABLE_H
#define LUARCU_TABLE_H

#include <linux/rculist.h>
#include <linux/spinlock.h>

#include <luarcu.h>

/* A key with the hash that Lua has for it. */
struct luarcu_key {
	const char *bytes;
	size_t len;
	u32 hash;
};

struct luarcu_bucket {
	raw_spinlock_t lock;
	struct hlist_head head;
};

struct luarcu_table {
	struct luarcu_bucket *buckets;
	u32 mask;		/* of a bucket's number */
	u32 secret;		/* mixed with hashes, since keys may come from a network */
	atomic_long_t entries;
};

extern unsigned long luarcu_memory;	/* bytes that all tables may hold */

int luarcu_init(struct luarcu_table *table, size_t buckets, gfp_t gfp);
void luarcu_clear(struct luarcu_table *table);
void luarcu_destroy(struct luarcu_table *table);

int luarcu_get(struct luarcu_table *table, const struct luarcu_key *key,
	       struct tvalue *value, char *buf, size_t size);
int luarcu_set(struct luarcu_table *table, const struct luarcu_key *key,
	       const struct tvalue *value, gfp_t gfp);
size_t luarcu_keys(struct luarcu_table *table, u32 bucket, void *buf, size_t size);
const void *luarcu_nextkey(const void *at, struct luarcu_key *key);

#endif
