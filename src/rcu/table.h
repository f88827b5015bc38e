/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The parts of luarcu.ko: element.c (memory of entries), table.c (look-up and
 * update), resize.c (growing and shrinking), walk.c (iteration), capi.c and
 * lib.c (what C and Lua see). Nothing but lib.c knows a Lua state.
 */
#ifndef LUARCU_TABLE_H
#define LUARCU_TABLE_H

#include <linux/cache.h>
#include <linux/irq_work.h>
#include <linux/llist.h>
#include <linux/percpu.h>
#include <linux/rculist.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <luarcu.h>

/*
 * An entry. Integers and booleans are replaced in place, which is one store;
 * else an element never changes once it can be seen. It has two pairs of
 * links, for the array that is in use and the one that a resize fills.
 */
struct element {
	struct hlist_node node[2];
	union {
		struct rcu_head rcu;
		struct llist_node later;
	};
	union {
		atomic64_t number;	/* also of a boolean */
		size_t len;		/* of the string that follows the key */
		lunatik_object_t *object;
	};
	u32 hash;
	u32 keylen;
	u8 type;			/* enum tvalue_type */
	bool reserved;			/* of the size that the reserve has */
	char bytes[] __aligned(8);
};

struct luarcu_bucket {
	struct hlist_head head;
};

/* The buckets. A mixed hash is cut at the top, so that their order stays. */
struct luarcu_array {
	struct luarcu_array __rcu *next;	/* that the entries are moved to */
	unsigned long moved;		/* buckets whose entries are in both */
	u8 bits;			/* 1 << bits buckets */
	u8 shift;			/* of a mixed hash, to a bucket's number */
	u8 idx;				/* of an element's links */
	raw_spinlock_t *locks;		/* one for each bucket, behind them all */
	struct luarcu_bucket buckets[];
};

struct luarcu_counter {
	atomic_long_t n;
} ____cacheline_aligned_in_smp;

struct luarcu_table {
	struct luarcu_array __rcu *array;
	u64 secret;			/* odd; keys may come from a network */
	struct luarcu_counter *counters; /* of entries, so that writers do not meet */
	/* see resize.c */
	u8 minbits;
	bool resizing;
	unsigned long grow_at, shrink_at; /* entries */
	struct irq_work irq;
	struct work_struct work;
};

/*
 * A multiplier that nobody outside knows spreads the hashes over the buckets:
 * two keys meet with the probability of chance, whoever chose them
 * (multiply-shift hashing, Dietzfelbinger et al. 1997).
 */
static inline u64 luarcu_mix(const struct luarcu_table *table, u32 hash)
{
	return hash * table->secret;
}

static inline struct luarcu_bucket *luarcu_bucket(struct luarcu_array *array, u64 mixed)
{
	return &array->buckets[mixed >> array->shift];
}

/*
 * Not beside the bucket's head: there each write would take the cache line away
 * from who reads this bucket or one of its neighbours.
 */
static inline raw_spinlock_t *luarcu_lockof(struct luarcu_array *array,
					    struct luarcu_bucket *bucket)
{
	return &array->locks[bucket - array->buckets];
}

/* Under the bucket's lock, or as a reader of RCU of any kind. */
#define luarcu_each_node(node, bucket)					\
	for (node = rcu_dereference_raw(hlist_first_rcu((struct hlist_head *)&(bucket)->head)); \
	     node; node = rcu_dereference_raw(hlist_next_rcu(node)))

static inline struct element *luarcu_entry(const struct luarcu_array *array,
					   const struct hlist_node *node)
{
	return container_of((struct hlist_node *)node - array->idx, struct element, node[0]);
}

/*
 * memcmp() is a call, and most keys are short. The last bytes are compared by
 * words that overlap those before.
 */
#define luarcu_differ(type, a, b)					\
({									\
	type a_, b_;							\
									\
	__builtin_memcpy(&a_, a, sizeof(type));				\
	__builtin_memcpy(&b_, b, sizeof(type));				\
	a_ != b_;							\
})

static __always_inline bool luarcu_same(const char *a, const char *b, size_t len)
{
	const char *enda = a + len, *endb = b + len;

	if (len >= sizeof(u64)) {
		for (; a < enda - sizeof(u64); a += sizeof(u64), b += sizeof(u64))
			if (luarcu_differ(u64, a, b))
				return false;
		return !luarcu_differ(u64, enda - sizeof(u64), endb - sizeof(u64));
	}
	if (len >= sizeof(u32))
		return !luarcu_differ(u32, a, b) &&
		       !luarcu_differ(u32, enda - sizeof(u32), endb - sizeof(u32));
	for (; a < enda; a++, b++)
		if (*a != *b)
			return false;
	return true;
}

/* The element of a key, or NULL; under RCU or the bucket's lock. */
static __always_inline struct element *luarcu_find(const struct luarcu_array *array,
						   const struct luarcu_bucket *bucket,
						   const struct luarcu_key *key)
{
	const struct hlist_node *node;

	luarcu_each_node(node, bucket) {
		struct element *e = luarcu_entry(array, node);

		if (e->hash == key->hash && e->keylen == key->len &&
		    luarcu_same(e->bytes, key->bytes, key->len))
			return e;
	}
	return NULL;
}

/* The same, for who reads. Context: inside rcu_read_lock(), or _sched(). */
static __always_inline struct element *luarcu_lookup(const struct luarcu_table *table,
						     const struct luarcu_key *key)
{
	struct luarcu_array *array = rcu_dereference_check(table->array,
							   rcu_read_lock_sched_held());

	return luarcu_find(array, luarcu_bucket(array, luarcu_mix(table, key->hash)), key);
}

/*
 * Sections in which this CPU holds locks of this module, with interrupts off.
 * There is more than one only where a probe has hit the code inside of the
 * first, and its handler writes.
 */
DECLARE_PER_CPU(int, luarcu_sections);
bool luarcu_wait(raw_spinlock_t *lock, int subclass);

/*
 * Takes a lock, as one who has counted himself in luarcu_sections. Returns
 * false if it is taken, maybe by who was interrupted on this CPU and cannot go
 * on before its caller does.
 */
static __always_inline bool luarcu_getlock(raw_spinlock_t *lock, int subclass)
{
	return likely(raw_spin_trylock(lock)) || luarcu_wait(lock, subclass);
}

/* element.c */
extern unsigned long luarcu_memory;	/* bytes that all tables may hold */
extern unsigned int luarcu_reserve;	/* elements for where interrupts are off */
bool luarcu_charge(size_t size);
void luarcu_uncharge(size_t size);
struct element *luarcu_new(const struct luarcu_key *key, const struct tvalue *value, gfp_t gfp);
void luarcu_discard(struct element *e);
void luarcu_free(struct element *e);
int luarcu_element_init(void);
void luarcu_element_exit(void);

/* table.c */
struct luarcu_cond {
	const struct tvalue *old;	/* the value has to be this */
	struct element *only;		/* the element has to be this */
	bool absent;			/* there must be none */
};

void luarcu_peek(const struct element *e, struct tvalue *value);
int luarcu_update(struct luarcu_table *table, const struct luarcu_key *key,
		  const struct tvalue *value, const struct luarcu_cond *cond, gfp_t gfp);
int luarcu_init(struct luarcu_table *table, unsigned long size, gfp_t gfp);
void luarcu_clear(struct luarcu_table *table);
void luarcu_destroy(struct luarcu_table *table);
unsigned long luarcu_sum(struct luarcu_table *table);

/* resize.c */
struct luarcu_array *luarcu_newarray(u8 bits, u8 idx, gfp_t gfp);
void luarcu_freearray(struct luarcu_array *array);
void luarcu_resize_init(struct luarcu_table *table, u8 bits);
void luarcu_resize_exit(struct luarcu_table *table);
void luarcu_counted(struct luarcu_table *table, long delta);

/* walk.c */
struct luarcu_cursor {
	u64 at;				/* the least mixed hash that is not seen */
	bool done;
};

size_t luarcu_keys(struct luarcu_table *table, struct luarcu_cursor *cursor, void *buf,
		   size_t size);
const void *luarcu_nextkey(const void *at, struct luarcu_key *key);

/* lib.c */
lunatik_object_t *luarcu_create_as(const lunatik_class_t *class, unsigned long size, gfp_t gfp);
extern const lunatik_class_t luarcu_class;

#endif
