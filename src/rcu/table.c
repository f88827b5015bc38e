// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A hash table whose readers take no lock.
 *
 * Each bucket is an hlist under RCU with a lock of its own for writers: a raw
 * spinlock taken with interrupts off, so that a runtime in any context may
 * write. A new value is a new element in the old one's place, or one store if
 * it is a number, so a reader finds either, whole. What is taken out is freed
 * after a grace period, for which nobody waits.
 *
 * Elements are allocated before the lock is taken and freed after it was let
 * go. Inside rcu_read_lock() nothing sleeps, allocates or raises.
 *
 * While the table is resized, see resize.c, a bucket whose entries are in the
 * new array already is locked there as well, and that one is what counts:
 * who writes through it only does not know the old one any more.
 */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/random.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>

#include "table.h"

/* --- look-up */

/* The value of an element; what it points to is the element's. */
void luarcu_peek(const struct element *e, struct tvalue *value)
{
	value->type = e->type;
	switch (e->type) {
	case TVALUE_BOOLEAN:
		value->boolean = atomic64_read(&e->number);
		break;
	case TVALUE_INTEGER:
		value->integer = atomic64_read(&e->number);
		break;
	case TVALUE_STRING:
		value->string.bytes = e->bytes + e->keylen;
		value->string.len = e->len;
		break;
	case TVALUE_OBJECT:
		value->object = e->object;
		break;
	}
}

int luarcu_get_by(lunatik_object_t *object, const struct luarcu_key *key,
		  struct tvalue *value, char *buf, size_t size, struct module *by)
{
	struct element *e;
	int ret = 0;

	rcu_read_lock();
	e = luarcu_lookup(object->private, key);
	if (!e) {
		value->type = TVALUE_NIL;
		ret = -ENOENT;
		goto out;
	}

	luarcu_peek(e, value);
	if (e->type == TVALUE_STRING) {
		if (e->len <= size)
			value->string.bytes = memcpy(buf, e->bytes + e->keylen, e->len);
		else
			ret = -ENOSPC;
	} else if (e->type == TVALUE_OBJECT && !lunatik_getobject_maybe_by(e->object, by)) {
		/* it was taken out since, and that was the last reference */
		value->type = TVALUE_NIL;
		ret = -ENOENT;
	}
out:
	rcu_read_unlock();
	return ret;
}
EXPORT_SYMBOL_GPL(luarcu_get_by);

/* --- update */

DEFINE_PER_CPU(int, luarcu_sections);

/* What luarcu_getlock() does about a lock that is taken. */
noinline bool luarcu_wait(raw_spinlock_t *lock, int subclass)
{
	if (this_cpu_read(luarcu_sections) > 1)
		return false;
	if (!in_nmi()) {
		raw_spin_lock_nested(lock, subclass);
		return true;
	}
	/* so lockdep sees a probe, where it allows for no other way */
	while (!raw_spin_trylock(lock))
		cpu_relax();
	return true;
}

/* Where a key belongs, locked. */
struct luarcu_place {
	struct luarcu_array *array, *next;	/* next or NULL */
	struct luarcu_bucket *bucket, *nextbucket;
	unsigned long flags;
};

/* Returns 0, with interrupts off, or -EBUSY: see luarcu_getlock(). */
static __always_inline int luarcu_lock(struct luarcu_table *table, u32 hash,
				       struct luarcu_place *place)
{
	u64 mixed = luarcu_mix(table, hash);
	struct luarcu_array *array;
	raw_spinlock_t *lock;

	rcu_read_lock();
	array = rcu_dereference(table->array);
	place->array = array;
	place->next = NULL;
	place->bucket = luarcu_bucket(array, mixed);
	lock = luarcu_lockof(array, place->bucket);
	local_irq_save(place->flags);
	this_cpu_inc(luarcu_sections);
	if (!luarcu_getlock(lock, 0))
		goto err_lock;
	if (unlikely(mixed >> array->shift < READ_ONCE(array->moved))) {
		place->next = rcu_dereference(array->next);
		place->nextbucket = luarcu_bucket(place->next, mixed);
		if (!luarcu_getlock(luarcu_lockof(place->next, place->nextbucket),
				    SINGLE_DEPTH_NESTING))
			goto err_next;
	}
	return 0;

err_next:
	raw_spin_unlock(lock);
err_lock:
	this_cpu_dec(luarcu_sections);
	local_irq_restore(place->flags);
	rcu_read_unlock();
	return -EBUSY;
}

static __always_inline void luarcu_unlock(struct luarcu_place *place)
{
	if (unlikely(place->next))
		raw_spin_unlock(luarcu_lockof(place->next, place->nextbucket));
	raw_spin_unlock(luarcu_lockof(place->array, place->bucket));
	this_cpu_dec(luarcu_sections);
	local_irq_restore(place->flags);
	rcu_read_unlock();
}

static __always_inline struct element *luarcu_findin(struct luarcu_place *place,
						     const struct luarcu_key *key)
{
	if (unlikely(place->next))
		return luarcu_find(place->next, place->nextbucket, key);
	return luarcu_find(place->array, place->bucket, key);
}

static void luarcu_link(struct luarcu_place *place, struct element *new)
{
	hlist_add_head_rcu(&new->node[place->array->idx], &place->bucket->head);
	if (unlikely(place->next))
		hlist_add_head_rcu(&new->node[place->next->idx], &place->nextbucket->head);
}

/* One that was added through the new array alone is not in the old one. */
static bool luarcu_isin(struct element *e, struct luarcu_array *array)
{
	return !hlist_unhashed(&e->node[array->idx]);
}

static void luarcu_unlink(struct luarcu_place *place, struct element *old)
{
	if (luarcu_isin(old, place->array))
		hlist_del_rcu(&old->node[place->array->idx]);
	if (unlikely(place->next))
		hlist_del_rcu(&old->node[place->next->idx]);
}

static void luarcu_replace(struct luarcu_place *place, struct element *old, struct element *new)
{
	u8 idx = place->array->idx;

	if (luarcu_isin(old, place->array))
		hlist_replace_rcu(&old->node[idx], &new->node[idx]);
	idx = !idx;
	if (unlikely(place->next))
		hlist_replace_rcu(&old->node[idx], &new->node[idx]);
}

static bool luarcu_isnumber(const struct tvalue *value)
{
	return value->type == TVALUE_INTEGER || value->type == TVALUE_BOOLEAN;
}

/* Whether a value can be stored in the element that is there. */
static bool luarcu_fits(const struct element *e, const struct tvalue *value)
{
	return e && e->type == value->type && luarcu_isnumber(value);
}

static void luarcu_store(struct element *e, const struct tvalue *value)
{
	atomic64_set(&e->number, value->type == TVALUE_INTEGER ? value->integer :
				 value->boolean);
}

static bool luarcu_is(const struct element *e, const struct tvalue *value)
{
	if (!e || e->type != value->type)
		return !e && value->type == TVALUE_NIL;
	switch (e->type) {
	case TVALUE_BOOLEAN:
		return atomic64_read(&e->number) == value->boolean;
	case TVALUE_INTEGER:
		return atomic64_read(&e->number) == value->integer;
	case TVALUE_STRING:
		return e->len == value->string.len &&
		       memcmp(e->bytes + e->keylen, value->string.bytes, e->len) == 0;
	case TVALUE_OBJECT:
		return e->object == value->object;
	}
	return false;
}

static int luarcu_meets(const struct luarcu_cond *cond, const struct element *e)
{
	if (cond->absent && e)
		return -EEXIST;
	if (cond->only && cond->only != e)
		return -ENOENT;
	if (cond->old && !luarcu_is(e, cond->old))
		return -EAGAIN;
	return 0;
}

/* What a look-up without a lock tells: nothing is made that is not needed. */
static int luarcu_foresee(struct luarcu_table *table, const struct luarcu_key *key,
			  const struct tvalue *value, const struct luarcu_cond *cond, bool *fits)
{
	struct element *e;
	int ret;

	rcu_read_lock();
	e = luarcu_lookup(table, key);
	*fits = luarcu_fits(e, value);
	ret = luarcu_meets(cond, e);
	rcu_read_unlock();
	return ret;
}

/*
 * Locks the place of a key if @cond is met. A string may be long: it is not
 * compared with interrupts off, but before, and is the same as long as its
 * element is.
 */
static int luarcu_lockif(struct luarcu_table *table, const struct luarcu_key *key,
			 const struct luarcu_cond *cond, struct luarcu_place *place,
			 struct element **old)
{
	bool string = cond->old && cond->old->type == TVALUE_STRING;
	struct element *e = NULL;
	int ret = 0;

	rcu_read_lock();	/* until luarcu_unlock(), so that @e is not another one */
	do {
		if (string) {
			e = luarcu_lookup(table, key);
			ret = luarcu_meets(cond, e);
			if (ret)
				break;
		}
		ret = luarcu_lock(table, key->hash, place);
		if (ret)
			break;
		*old = luarcu_findin(place, key);
		if (!string)
			ret = luarcu_meets(cond, *old);
		if (ret || (string && *old != e))
			luarcu_unlock(place);
	} while (string && *old != e);
	rcu_read_unlock();
	return ret;
}

/*
 * Sets the value of a key, or deletes the key if the value is nil, if @cond
 * (or NULL) is met; else returns what is not met. Deleting what is not there
 * returns -ENOENT. Context: any.
 */
int luarcu_update(struct luarcu_table *table, const struct luarcu_key *key,
		  const struct tvalue *value, const struct luarcu_cond *cond, gfp_t gfp)
{
	bool fits = luarcu_isnumber(value);	/* it may */
	struct element *old, *new = NULL;
	struct luarcu_place place;
	int ret = 0;

	if (cond) {
		ret = luarcu_foresee(table, key, value, cond, &fits);
		if (ret)
			return ret;
	}
again:
	if (!fits && value->type != TVALUE_NIL) {
		new = luarcu_new(key, value, gfp);
		if (!new)
			return -ENOMEM;
	}

	if (cond) {
		ret = luarcu_lockif(table, key, cond, &place, &old);
	} else {
		ret = luarcu_lock(table, key->hash, &place);
		if (likely(!ret))
			old = luarcu_findin(&place, key);
	}
	if (unlikely(ret)) {
		luarcu_discard(new);
		return ret;
	}
	if (value->type == TVALUE_NIL) {
		if (old)
			luarcu_unlink(&place, old);
	} else if (luarcu_fits(old, value)) {
		luarcu_store(old, value);
		old = new;	/* not needed, if it was made */
		new = NULL;
	} else if (!new) {
		luarcu_unlock(&place);
		fits = false;
		goto again;
	} else if (old) {
		luarcu_replace(&place, old, new);
	} else {
		luarcu_link(&place, new);
	}
	luarcu_unlock(&place);

	if (value->type == TVALUE_NIL) {
		if (!old)
			return -ENOENT;
		luarcu_counted(table, -1);
	} else if (new && !old) {
		luarcu_counted(table, 1);
	}
	if (old)
		luarcu_free(old);
	return 0;
}

int luarcu_add(lunatik_object_t *object, const struct luarcu_key *key, s64 n,
	       s64 *result, gfp_t gfp)
{
	struct luarcu_table *table = object->private;
	struct tvalue value = LUARCU_INTEGER(n);
	struct element *e, *new = NULL;
	struct luarcu_place place;
	s64 sum = n;

	if (key->len > LUARCU_MAXKEY)
		return -EINVAL;
	for (;;) {
		int ret = luarcu_lock(table, key->hash, &place);

		if (unlikely(ret)) {
			luarcu_discard(new);
			return ret;
		}
		e = luarcu_findin(&place, key);
		if (e && e->type == TVALUE_INTEGER) {
			sum = (u64)atomic64_read(&e->number) + (u64)n;
			atomic64_set(&e->number, sum);
		} else if (!e && new) {
			luarcu_link(&place, new);
		}
		luarcu_unlock(&place);
		if (e || new)
			break;
		new = luarcu_new(key, &value, gfp);
		if (!new)
			return -ENOMEM;
	}

	if (e)
		luarcu_discard(new);
	else
		luarcu_counted(table, 1);
	if (e && e->type != TVALUE_INTEGER)
		return -EINVAL;
	if (result)
		*result = sum;
	return 0;
}
EXPORT_SYMBOL_GPL(luarcu_add);

/* --- a table's life */

unsigned long luarcu_sum(struct luarcu_table *table)
{
	long sum = 0;
	int i;

	for (i = 0; i < nr_cpu_ids; i++)
		sum += atomic_long_read(&table->counters[i].n);
	return max(sum, 0L);	/* one may have been taken out on another CPU, meanwhile */
}

/* what a table takes beside its array */
static size_t luarcu_overhead(void)
{
	return sizeof(lunatik_object_t) + sizeof(struct luarcu_table) +
	       nr_cpu_ids * sizeof(struct luarcu_counter);
}

/* Returns 0 or -ENOMEM. The table is zeroed. Context: P; S and H with GFP_ATOMIC. */
int luarcu_init(struct luarcu_table *table, unsigned long size, gfp_t gfp)
{
	u8 bits = max(order_base_2(size), 4);
	struct luarcu_array *array;

	if (!luarcu_charge(luarcu_overhead()))
		return -ENOMEM;
	table->counters = kcalloc(nr_cpu_ids, sizeof(*table->counters), gfp | __GFP_NOWARN);
	if (!table->counters)
		goto err_counters;
	array = luarcu_newarray(bits, 0, gfp);
	if (!array)
		goto err_array;
	table->secret = get_random_u64() | 1;
	luarcu_resize_init(table, bits);
	RCU_INIT_POINTER(table->array, array);
	return 0;

err_array:
	kfree(table->counters);
err_counters:
	luarcu_uncharge(luarcu_overhead());
	return -ENOMEM;
}

/* Takes everything out. Nobody else can reach the table. Context: P. */
void luarcu_clear(struct luarcu_table *table)
{
	struct luarcu_array *array;
	unsigned long i;

	luarcu_resize_exit(table);
	array = rcu_dereference_protected(table->array, true);
	for (i = 0; i < 1UL << array->bits; i++) {
		struct hlist_node *node = array->buckets[i].head.first, *next;

		INIT_HLIST_HEAD(&array->buckets[i].head);
		for (; node; node = next) {
			next = node->next;
			luarcu_free(luarcu_entry(array, node));
		}
		cond_resched();
	}
}

/* The same, of one that may be half made. Context: P. */
void luarcu_destroy(struct luarcu_table *table)
{
	if (!rcu_access_pointer(table->array))
		return;
	luarcu_clear(table);
	luarcu_freearray(rcu_dereference_protected(table->array, true));
	kfree(table->counters);
	luarcu_uncharge(luarcu_overhead());
}
