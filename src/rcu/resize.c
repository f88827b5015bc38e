// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Growing and shrinking, while readers read and writers write.
 *
 * Each element has two pairs of links. A worker fills a new array through the
 * pair that is idle, bucket by bucket of the old array, under the lock of that
 * bucket; from then on writers update both. When all are moved the new array
 * takes the old one's place. A grace period later nobody knows the old one: it
 * is freed, its pair of links is idle again, and the next resize may begin.
 *
 * After Herbert Xu's scheme, as the chapter on data structures of McKenney's
 * "Is Parallel Programming Hard, And, If So, What Can You Do About It?" tells
 * it.
 */
#include <linux/log2.h>
#include <linux/mm.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "table.h"

#define LUARCU_MAXBITS	24	/* at most; 12 bytes a bucket */

static size_t luarcu_arraysize(u8 bits)
{
	return struct_size((struct luarcu_array *)NULL, buckets, 1UL << bits) +
	       (sizeof(raw_spinlock_t) << bits);
}

struct luarcu_array *luarcu_newarray(u8 bits, u8 idx, gfp_t gfp)
{
	size_t i, size = luarcu_arraysize(bits);
	struct luarcu_array *array = NULL;

	if (!luarcu_charge(size))
		return NULL;
	gfp |= __GFP_NOWARN;
	if (gfpflags_allow_blocking(gfp))
		array = kvmalloc(size, gfp | __GFP_RETRY_MAYFAIL);
	else if (size <= KMALLOC_MAX_SIZE)
		array = kmalloc(size, gfp);
	if (!array) {
		luarcu_uncharge(size);
		return NULL;
	}

	RCU_INIT_POINTER(array->next, NULL);
	array->locks = (void *)&array->buckets[1UL << bits];
	array->moved = 0;
	array->bits = bits;
	array->shift = 64 - bits;
	array->idx = idx;
	for (i = 0; i < 1UL << bits; i++) {
		raw_spin_lock_init(&array->locks[i]);
		INIT_HLIST_HEAD(&array->buckets[i].head);
	}
	return array;
}

void luarcu_freearray(struct luarcu_array *array)
{
	luarcu_uncharge(luarcu_arraysize(array->bits));
	kvfree(array);
}

/* Adds the entries of bucket @i to the array that follows. */
static void luarcu_movebucket(struct luarcu_table *table, struct luarcu_array *array,
			      struct luarcu_array *next, unsigned long i)
{
	struct luarcu_bucket *bucket = &array->buckets[i];
	struct hlist_node *node;

	local_irq_disable();
	this_cpu_inc(luarcu_sections);
	raw_spin_lock(luarcu_lockof(array, bucket));
	for (node = bucket->head.first; node; node = node->next) {
		struct element *e = luarcu_entry(array, node);
		struct luarcu_bucket *to = luarcu_bucket(next, luarcu_mix(table, e->hash));

		/* when it shrinks, writers may be there by way of another bucket */
		raw_spin_lock_nested(luarcu_lockof(next, to), SINGLE_DEPTH_NESTING);
		hlist_add_head_rcu(&e->node[next->idx], &to->head);
		raw_spin_unlock(luarcu_lockof(next, to));
	}
	WRITE_ONCE(array->moved, i + 1);
	raw_spin_unlock(luarcu_lockof(array, bucket));
	this_cpu_dec(luarcu_sections);
	local_irq_enable();
}

static bool luarcu_resizeto(struct luarcu_table *table, u8 bits)
{
	struct luarcu_array *array = rcu_dereference_protected(table->array, true);
	struct luarcu_array *next = luarcu_newarray(bits, !array->idx, GFP_KERNEL);
	unsigned long i;

	if (!next)
		return false;
	rcu_assign_pointer(array->next, next);
	for (i = 0; i < 1UL << array->bits; i++) {
		luarcu_movebucket(table, array, next, i);
		cond_resched();
	}
	rcu_assign_pointer(table->array, next);
	synchronize_rcu();	/* for readers, and for writers that update both */
	luarcu_freearray(array);
	return true;
}

/* From one entry for a bucket to one for eight: between these nothing is done. */
static void luarcu_setlimits(struct luarcu_table *table, u8 bits)
{
	WRITE_ONCE(table->grow_at, bits < LUARCU_MAXBITS ? 1UL << bits : ULONG_MAX);
	WRITE_ONCE(table->shrink_at, bits > table->minbits ? 1UL << bits >> 3 : 0);
}

static void luarcu_resize(struct work_struct *work)
{
	struct luarcu_table *table = container_of(work, struct luarcu_table, work);
	struct luarcu_array *array = rcu_dereference_protected(table->array, true);
	unsigned long n = luarcu_sum(table);
	u8 bits = clamp_t(int, order_base_2(n + n / 2 + 1), table->minbits, LUARCU_MAXBITS);

	if (n <= table->grow_at && n >= table->shrink_at)
		bits = array->bits;
	if (bits == array->bits || luarcu_resizeto(table, bits))
		luarcu_setlimits(table, bits);
	else if (n > table->grow_at)	/* no memory: not again at once */
		WRITE_ONCE(table->grow_at, 2 * table->grow_at);
	else
		WRITE_ONCE(table->shrink_at, table->shrink_at / 2);
	/* who asks for the next one, by xchg(), sees what this one did */
	smp_store_release(&table->resizing, false);
}

/* In interrupt context: an entry may be made where no worker can be asked. */
static void luarcu_ask(struct irq_work *irq)
{
	queue_work(system_unbound_wq, &container_of(irq, struct luarcu_table, irq)->work);
}

/* An entry was added, or taken out. Now and then that means a resize. */
void luarcu_counted(struct luarcu_table *table, long delta)
{
	long n = atomic_long_add_return(delta, &table->counters[raw_smp_processor_id()].n);

	if (n & 7)
		return;
	n = luarcu_sum(table);
	if (likely(n <= READ_ONCE(table->grow_at) && n >= READ_ONCE(table->shrink_at)))
		return;
	if (!READ_ONCE(table->resizing) && !xchg(&table->resizing, true))
		irq_work_queue(&table->irq);
}

void luarcu_resize_init(struct luarcu_table *table, u8 bits)
{
	table->minbits = bits;
	luarcu_setlimits(table, bits);
	init_irq_work(&table->irq, luarcu_ask);
	INIT_WORK(&table->work, luarcu_resize);
}

/* Nobody writes any more. Context: P. */
void luarcu_resize_exit(struct luarcu_table *table)
{
	irq_work_sync(&table->irq);
	cancel_work_sync(&table->work);
}
