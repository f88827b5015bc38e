// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A hash table whose readers take no lock.
 *
 * Each bucket is an hlist under RCU with a lock of its own for writers: a raw
 * spinlock taken with interrupts off, so that a runtime in any context may
 * write. An element never changes once it can be seen: a new value is a new
 * element in the old one's place, so a reader finds either, whole. What is
 * taken out is freed after a grace period, for which nobody waits.
 *
 * Elements are allocated before the lock is taken and freed after it was let
 * go. Inside rcu_read_lock() nothing sleeps, allocates or raises: values are
 * copied out, objects get one more reference.
 */
#include <linux/jhash.h>
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "table.h"

struct element {
	struct hlist_node node;
	struct rcu_head rcu;
	u32 hash;
	enum tvalue_type type;
	size_t keylen;
	union {
		bool boolean;
		s64 integer;
		size_t len;		/* of the string that follows the key */
		lunatik_object_t *object;
	};
	char bytes[];
};

/* what all tables hold: no script's quota, so one for all */
static atomic_long_t luarcu_held = ATOMIC_LONG_INIT(0);

static bool luarcu_charge(size_t size)
{
	if (atomic_long_add_return(size, &luarcu_held) <= luarcu_memory)
		return true;
	atomic_long_sub(size, &luarcu_held);
	return false;
}

static void luarcu_uncharge(size_t size)
{
	atomic_long_sub(size, &luarcu_held);
}

static struct luarcu_bucket *luarcu_bucket(struct luarcu_table *table, u32 hash)
{
	return &table->buckets[jhash_1word(hash, table->secret) & table->mask];
}

/* The element of a key, or NULL; under RCU or the bucket's lock. */
static struct element *luarcu_find(struct luarcu_bucket *bucket, const struct luarcu_key *key)
{
	struct element *e;

	hlist_for_each_entry_rcu(e, &bucket->head, node,
				 lockdep_is_held(&bucket->lock)) {
		if (e->hash == key->hash && e->keylen == key->len &&
		    memcmp(e->bytes, key->bytes, key->len) == 0)
			return e;
	}
	return NULL;
}

static void luarcu_free_object(struct rcu_head *rcu)
{
	struct element *e = container_of(rcu, struct element, rcu);

	lunatik_putobject_by(e->object, NULL);
	kvfree(e);
}

/* Frees an element that no new reader can find. */
static void luarcu_free(struct element *e)
{
	if (!e)
		return;
	luarcu_uncharge(sizeof(*e) + e->keylen + (e->type == TVALUE_STRING ? e->len : 0));
	if (e->type == TVALUE_OBJECT)
		call_rcu(&e->rcu, luarcu_free_object);
	else
		kvfree_rcu(e, rcu);
}

/* An element that holds a reference of its own, if the value is an object. */
static struct element *luarcu_new(const struct luarcu_key *key, const struct tvalue *value,
				  gfp_t gfp)
{
	size_t len = value->type == TVALUE_STRING ? value->string.len : 0;
	size_t size = struct_size((struct element *)NULL, bytes, key->len);
	struct element *e;

	if (check_add_overflow(size, len, &size) || size > INT_MAX || !luarcu_charge(size))
		return NULL;
	gfp |= __GFP_NOWARN;
	if (gfpflags_allow_blocking(gfp))
		e = kvmalloc(size, gfp | __GFP_RETRY_MAYFAIL);
	else
		e = size <= KMALLOC_MAX_SIZE ? kmalloc(size, gfp) : NULL;
	if (!e) {
		luarcu_uncharge(size);
		return NULL;
	}

	e->hash = key->hash;
	e->keylen = key->len;
	memcpy(e->bytes, key->bytes, key->len);
	e->type = value->type;
	switch (value->type) {
	case TVALUE_BOOLEAN:
		e->boolean = value->boolean;
		break;
	case TVALUE_INTEGER:
		e->integer = value->integer;
		break;
	case TVALUE_STRING:
		e->len = len;
		memcpy(e->bytes + key->len, value->string.bytes, len);
		break;
	case TVALUE_OBJECT:
		/* each keeps its module, be it this one: releases go on in a chain */
		lunatik_getobject_by(value->object, NULL);
		e->object = value->object;
		break;
	case TVALUE_NIL:
		break;
	}
	return e;
}

/*
 * Sets the value of a key, or deletes the key if the value is nil. Returns 0
 * or -ENOMEM. Context: any.
 */
int luarcu_set(struct luarcu_table *table, const struct luarcu_key *key,
	       const struct tvalue *value, gfp_t gfp)
{
	struct luarcu_bucket *bucket = luarcu_bucket(table, key->hash);
	struct element *old, *new = NULL;
	unsigned long flags;

	if (value->type != TVALUE_NIL) {
		new = luarcu_new(key, value, gfp);
		if (!new)
			return -ENOMEM;
	}

	raw_spin_lock_irqsave(&bucket->lock, flags);
	old = luarcu_find(bucket, key);
	if (old && new)
		hlist_replace_rcu(&old->node, &new->node);
	else if (old)
		hlist_del_rcu(&old->node);
	else if (new)
		hlist_add_head_rcu(&new->node, &bucket->head);
	if (!old != !new)
		atomic_long_add(new ? 1 : -1, &table->entries);
	raw_spin_unlock_irqrestore(&bucket->lock, flags);

	luarcu_free(old);
	return 0;
}

/*
 * Gets the value of a key: TVALUE_NIL if there is none. A string is copied to
 * @buf; if its @size bytes are too few, returns -ENOSPC, with the length that
 * is wanted in the value. An object comes with a reference, the caller's.
 * Context: any.
 */
int luarcu_get(struct luarcu_table *table, const struct luarcu_key *key,
	       struct tvalue *value, char *buf, size_t size)
{
	struct luarcu_bucket *bucket = luarcu_bucket(table, key->hash);
	struct element *e;
	int ret = 0;

	value->type = TVALUE_NIL;
	rcu_read_lock();
	e = luarcu_find(bucket, key);
	if (!e)
		goto out;

	value->type = e->type;
	switch (e->type) {
	case TVALUE_BOOLEAN:
		value->boolean = e->boolean;
		break;
	case TVALUE_INTEGER:
		value->integer = e->integer;
		break;
	case TVALUE_STRING:
		value->string.bytes = buf;
		value->string.len = e->len;
		if (e->len <= size)
			memcpy(buf, e->bytes + e->keylen, e->len);
		else
			ret = -ENOSPC;
		break;
	case TVALUE_OBJECT:
		/* the element has a reference, unless it was taken out since */
		value->object = e->object;
		if (!lunatik_getobject_maybe(e->object))
			value->type = TVALUE_NIL;
		break;
	case TVALUE_NIL:
		break;
	}
out:
	rcu_read_unlock();
	return ret;
}

/*
 * Copies the keys of a bucket to @buf, as they are at one moment. Returns the
 * bytes they take, which is more than @size if not all are there.
 */
size_t luarcu_keys(struct luarcu_table *table, u32 bucket, void *buf, size_t size)
{
	struct element *e;
	size_t used = 0;

	rcu_read_lock();
	hlist_for_each_entry_rcu(e, &table->buckets[bucket].head, node) {
		struct luarcu_key key = {.len = e->keylen, .hash = e->hash};
		size_t at = used;

		used += sizeof(key) + ALIGN(e->keylen, sizeof(void *));
		if (used > size)
			continue;
		memcpy(buf + at, &key, sizeof(key));
		memcpy(buf + at + sizeof(key), e->bytes, e->keylen);
	}
	rcu_read_unlock();
	return used;
}

/* Reads one key that luarcu_keys() wrote; returns where the next one is. */
const void *luarcu_nextkey(const void *at, struct luarcu_key *key)
{
	memcpy(key, at, sizeof(*key));
	key->bytes = at + sizeof(*key);
	return at + sizeof(*key) + ALIGN(key->len, sizeof(void *));
}

/* @buckets is a power of two. Context: P; S and H with GFP_ATOMIC. */
int luarcu_init(struct luarcu_table *table, size_t buckets, gfp_t gfp)
{
	size_t i, size = buckets * sizeof(*table->buckets);

	if (!luarcu_charge(size))
		return -ENOMEM;
	gfp |= __GFP_NOWARN;
	if (gfpflags_allow_blocking(gfp))
		table->buckets = kvmalloc_array(buckets, sizeof(*table->buckets),
						gfp | __GFP_RETRY_MAYFAIL);
	else if (buckets <= KMALLOC_MAX_SIZE / sizeof(*table->buckets))
		table->buckets = kmalloc_array(buckets, sizeof(*table->buckets), gfp);
	if (!table->buckets) {
		luarcu_uncharge(size);
		return -ENOMEM;
	}

	for (i = 0; i < buckets; i++) {
		raw_spin_lock_init(&table->buckets[i].lock);
		INIT_HLIST_HEAD(&table->buckets[i].head);
	}
	table->mask = buckets - 1;
	table->secret = get_random_u32();
	atomic_long_set(&table->entries, 0);
	return 0;
}

/* Takes everything out. Context: P. */
void luarcu_clear(struct luarcu_table *table)
{
	u32 i;

	for (i = 0; i <= table->mask; i++) {
		struct luarcu_bucket *bucket = &table->buckets[i];
		struct hlist_node *next;
		struct element *e;
		HLIST_HEAD(old);

		raw_spin_lock_irq(&bucket->lock);
		hlist_move_list(&bucket->head, &old);
		raw_spin_unlock_irq(&bucket->lock);

		hlist_for_each_entry_safe(e, next, &old, node) {
			atomic_long_dec(&table->entries);
			luarcu_free(e);
		}
		cond_resched();
	}
}

/* Nobody can reach the table any more. Context: P. */
void luarcu_destroy(struct luarcu_table *table)
{
	if (!table->buckets)
		return;
	luarcu_clear(table);
	luarcu_uncharge((table->mask + 1) * sizeof(*table->buckets));
	kvfree(table->buckets);
}
