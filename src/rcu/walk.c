// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Walks over a table, which may change meanwhile, be it in its size.
 *
 * Buckets are in the order of the mixed hashes of their entries, whatever
 * their number. So a place in a walk is a mixed hash: what is below was seen,
 * what is not comes next, in the array of that moment. No link is kept from
 * one step to the next.
 */
#include <linux/kernel.h>
#include <linux/rcupdate.h>
#include <linux/string.h>

#include "table.h"

#define LUARCU_STRIDE	256	/* empty buckets in one RCU read-side section */

static size_t luarcu_keysize(size_t len)
{
	return sizeof(struct luarcu_key) + ALIGN(len, sizeof(void *));
}

/* The first mixed hash after a bucket; 0 after the last one. */
static u64 luarcu_after(const struct luarcu_array *array, u64 mixed)
{
	return ((mixed >> array->shift) + 1) << array->shift;
}

static void luarcu_writekey(void *to, const struct element *e)
{
	struct luarcu_key key = { .len = e->keylen, .hash = e->hash };

	memcpy(to, &key, sizeof(key));
	memcpy(to + sizeof(key), e->bytes, e->keylen);
}

/*
 * Copies the keys of the buckets that come next to @buf, and moves the cursor
 * behind them. Returns the bytes they take: 0 if there were none on this
 * stride; more than @size, with the cursor not moved, if that is what the next
 * bucket takes.
 */
size_t luarcu_keys(struct luarcu_table *table, struct luarcu_cursor *cursor, void *buf,
		   size_t size)
{
	struct luarcu_array *array;
	size_t used = 0;
	int i;

	rcu_read_lock();
	array = rcu_dereference(table->array);
	for (i = 0; i < LUARCU_STRIDE && !cursor->done; i++) {
		const struct hlist_node *node;
		size_t end = used;

		luarcu_each_node(node, luarcu_bucket(array, cursor->at)) {
			const struct element *e = luarcu_entry(array, node);

			/* the bucket was larger, or smaller, a step ago */
			if (luarcu_mix(table, e->hash) < cursor->at)
				continue;
			if (end + luarcu_keysize(e->keylen) <= size)
				luarcu_writekey(buf + end, e);
			end += luarcu_keysize(e->keylen);
		}
		if (end > size) {
			if (used == 0)
				used = end;
			break;
		}
		used = end;
		cursor->at = luarcu_after(array, cursor->at);
		cursor->done = cursor->at == 0;
	}
	rcu_read_unlock();
	return used;
}

/* Reads one key that luarcu_keys() wrote; returns where the next one is. */
const void *luarcu_nextkey(const void *at, struct luarcu_key *key)
{
	memcpy(key, at, sizeof(*key));
	key->bytes = at + sizeof(*key);
	return at + luarcu_keysize(key->len);
}

int luarcu_foreach(lunatik_object_t *object,
		   int (*fn)(const struct luarcu_key *key, const struct tvalue *value, void *arg),
		   void *arg)
{
	struct luarcu_table *table = object->private;
	u64 at = 0;
	int ret = 0;

	do {
		struct luarcu_array *array;
		const struct hlist_node *node;

		rcu_read_lock();
		array = rcu_dereference(table->array);
		luarcu_each_node(node, luarcu_bucket(array, at)) {
			const struct element *e = luarcu_entry(array, node);
			struct luarcu_key key = {
				.bytes = e->bytes, .len = e->keylen, .hash = e->hash,
			};
			struct tvalue value;

			if (luarcu_mix(table, e->hash) < at)
				continue;
			luarcu_peek(e, &value);
			ret = fn(&key, &value, arg);
			if (ret)
				break;
		}
		at = luarcu_after(array, at);
		rcu_read_unlock();
	} while (!ret && at != 0);
	return ret;
}
EXPORT_SYMBOL_GPL(luarcu_foreach);
