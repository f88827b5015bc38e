// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The memory of entries.
 *
 * Where interrupts are off a probe may have hit the allocator itself, or RCU,
 * so nothing there calls them: elements come from a reserve that a worker
 * fills, and what is to be freed is put on a list without a lock, for an
 * irq_work. It waits for a grace period for all that is on the list at once,
 * and elements go back to the reserve: a probe that hits what this calls, and
 * writes, makes work for the next round, not more of it than there was.
 * Elsewhere it is kmalloc() and kvfree_rcu().
 */
#include <linux/mm.h>
#include <linux/overflow.h>
#include <linux/percpu.h>
#include <linux/rcupdate.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/workqueue.h>

#include "table.h"

/* --- what all tables hold: no script's quota, so one for all */

#define LUARCU_BATCH	(64 << 10)	/* bytes that a CPU counts by itself */

static atomic_long_t luarcu_held = ATOMIC_LONG_INIT(0);
static DEFINE_PER_CPU(long, luarcu_local);

static void luarcu_account(long size)
{
	long local = this_cpu_add_return(luarcu_local, size);

	if (unlikely(abs(local) > LUARCU_BATCH))
		atomic_long_add(this_cpu_xchg(luarcu_local, 0), &luarcu_held);
}

/* to the byte, but for who is just counting */
static long luarcu_exactly(void)
{
	long held = atomic_long_read(&luarcu_held);
	int cpu;

	for_each_possible_cpu(cpu)
		held += READ_ONCE(per_cpu(luarcu_local, cpu));
	return held;
}

bool luarcu_charge(size_t size)
{
	long limit = min_t(unsigned long, READ_ONCE(luarcu_memory), LONG_MAX);
	long slack = LUARCU_BATCH * (long)num_possible_cpus();

	if (unlikely(size > limit))
		return false;
	if (unlikely(atomic_long_read(&luarcu_held) > limit - (long)size - slack) &&
	    luarcu_exactly() > limit - (long)size)
		return false;
	luarcu_account(size);
	return true;
}

void luarcu_uncharge(size_t size)
{
	luarcu_account(-(long)size);
}

static size_t luarcu_sizeof(size_t keylen, size_t len)
{
	return offsetof(struct element, bytes) + keylen + len;
}

/* --- the reserve */

#define LUARCU_RESERVESIZE	(offsetof(struct element, bytes) + LUARCU_RESERVED)

unsigned int luarcu_reserve = 512;

static DEFINE_RAW_SPINLOCK(luarcu_lock);
static struct llist_node *luarcu_ready;		/* guarded by it */
static unsigned int luarcu_nready;		/* guarded by it */
static LLIST_HEAD(luarcu_dead);			/* to be freed */

static bool luarcu_isfull(void)
{
	return READ_ONCE(luarcu_nready) >= luarcu_reserve;
}

static void luarcu_giveback(struct element *e)
{
	unsigned long flags;

	e->reserved = true;
	local_irq_save(flags);
	this_cpu_inc(luarcu_sections);
	raw_spin_lock(&luarcu_lock);
	e->later.next = luarcu_ready;
	luarcu_ready = &e->later;
	WRITE_ONCE(luarcu_nready, luarcu_nready + 1);
	raw_spin_unlock(&luarcu_lock);
	this_cpu_dec(luarcu_sections);
	local_irq_restore(flags);
}

static void luarcu_fill(struct work_struct *unused)
{
	unsigned int i;

	for (i = 0; i < luarcu_reserve && !luarcu_isfull(); i++) {
		struct element *e = kmalloc(LUARCU_RESERVESIZE, GFP_KERNEL | __GFP_NOWARN);

		if (!e)
			return;
		luarcu_giveback(e);
		cond_resched();
	}
}

static DECLARE_WORK(luarcu_filling, luarcu_fill);

/* Interrupts are off. */
static struct element *luarcu_take(size_t size)
{
	struct element *e = NULL;

	if (size > LUARCU_RESERVESIZE)
		return NULL;
	this_cpu_inc(luarcu_sections);
	if (luarcu_getlock(&luarcu_lock, 0)) {
		if (luarcu_ready) {
			e = llist_entry(luarcu_ready, struct element, later);
			luarcu_ready = e->later.next;
			WRITE_ONCE(luarcu_nready, luarcu_nready - 1);
		}
		raw_spin_unlock(&luarcu_lock);
	}
	this_cpu_dec(luarcu_sections);
	return e;
}

static void luarcu_attend(struct irq_work *unused);
static DEFINE_IRQ_WORK(luarcu_irq, luarcu_attend);

/* --- making and freeing one */

/* Under PREEMPT_RT the kernel's allocator has locks that sleep. */
static bool luarcu_mayallocate(void)
{
	return IS_ENABLED(CONFIG_PREEMPT_RT) ? preemptible() : !irqs_disabled();
}

static struct element *luarcu_alloc(size_t size, gfp_t gfp)
{
	struct element *e = NULL;

	if (!luarcu_mayallocate()) {
		unsigned long flags;

		local_irq_save(flags);
		e = luarcu_take(size);
		local_irq_restore(flags);
		irq_work_queue(&luarcu_irq);
		return e;
	}
	gfp |= __GFP_NOWARN | __GFP_RETRY_MAYFAIL;	/* the OOM killer is not woken */
	if (size > PAGE_SIZE && gfpflags_allow_blocking(gfp))
		e = kvmalloc(size, gfp);
	else if (size <= KMALLOC_MAX_SIZE)
		e = kmalloc(size, gfp);
	if (e)
		e->reserved = false;
	return e;
}

/* An element that holds a reference of its own, if the value is an object. */
struct element *luarcu_new(const struct luarcu_key *key, const struct tvalue *value, gfp_t gfp)
{
	size_t len = value->type == TVALUE_STRING ? value->string.len : 0;
	size_t size = luarcu_sizeof(key->len, len);
	struct element *e;

	/* the key is not longer than LUARCU_MAXKEY */
	if (len > INT_MAX - LUARCU_MAXKEY - sizeof(*e) || !luarcu_charge(size))
		return NULL;
	e = luarcu_alloc(size, gfp);
	if (!e) {
		luarcu_uncharge(size);
		return NULL;
	}

	memset(e->node, 0, sizeof(e->node));
	e->hash = key->hash;
	e->keylen = key->len;
	e->type = value->type;
	memcpy(e->bytes, key->bytes, key->len);
	switch (value->type) {
	case TVALUE_BOOLEAN:
		atomic64_set(&e->number, value->boolean);
		break;
	case TVALUE_INTEGER:
		atomic64_set(&e->number, value->integer);
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

static void luarcu_free_rcu(struct rcu_head *rcu)
{
	struct element *e = container_of(rcu, struct element, rcu);

	lunatik_putobject_by(e->object, NULL);
	kvfree(e);
}

/* Frees an element that nobody has seen. */
void luarcu_discard(struct element *e)
{
	if (e)
		luarcu_free(e);
}

/* After the readers of this moment. */
static void luarcu_reclaim(struct element *e)
{
	if (e->type == TVALUE_OBJECT)
		call_rcu(&e->rcu, luarcu_free_rcu);
	else
		kvfree_rcu(e, rcu);
}

/* One batch at a time waits for its readers, since there is one rcu_work. */
static struct rcu_work luarcu_batch;
static struct llist_node *luarcu_waiting;
static atomic_t luarcu_waits = ATOMIC_INIT(0);

/*
 * By a worker: the longer a batch waits, the more is in the next one, and the callback of
 * a grace period would keep its CPU for all of that.
 */
static void luarcu_free_batch(struct work_struct *unused)
{
	struct element *e, *next;

	llist_for_each_entry_safe(e, next, luarcu_waiting, later) {
		if (e->type == TVALUE_OBJECT) {
			/* not here, if it is the last: a release may wait for another */
			local_bh_disable();
			lunatik_putobject_by(e->object, NULL);
			local_bh_enable();
		}
		if (e->reserved && !luarcu_isfull())
			luarcu_giveback(e);
		else
			kvfree(e);
		cond_resched();
	}
	atomic_set_release(&luarcu_waits, 0);
	if (!llist_empty(&luarcu_dead))
		irq_work_queue(&luarcu_irq);
}

/* In interrupt context, outside of everything that a probe may have hit. */
static void luarcu_attend(struct irq_work *unused)
{
	if (!llist_empty(&luarcu_dead) && atomic_cmpxchg_acquire(&luarcu_waits, 0, 1) == 0) {
		luarcu_waiting = llist_del_all(&luarcu_dead);
		queue_rcu_work(system_unbound_wq, &luarcu_batch);
	}
	if (!luarcu_isfull())
		queue_work(system_unbound_wq, &luarcu_filling);
}

/* Frees an element that no new reader can find; nobody waits for that. */
void luarcu_free(struct element *e)
{
	luarcu_uncharge(luarcu_sizeof(e->keylen, e->type == TVALUE_STRING ? e->len : 0));
	if (!luarcu_mayallocate()) {
		llist_add(&e->later, &luarcu_dead);
		irq_work_queue(&luarcu_irq);
	} else {
		luarcu_reclaim(e);
	}
}

int luarcu_element_init(void)
{
	INIT_RCU_WORK(&luarcu_batch, luarcu_free_batch);
	luarcu_fill(NULL);
	if (luarcu_nready < luarcu_reserve) {
		luarcu_element_exit();
		return -ENOMEM;
	}
	return 0;
}

/* There are no tables any more. Context: P. */
void luarcu_element_exit(void)
{
	struct element *e, *next;

	do {
		irq_work_sync(&luarcu_irq);
		rcu_barrier();
		flush_rcu_work(&luarcu_batch);
	} while (atomic_read(&luarcu_waits) || !llist_empty(&luarcu_dead));
	irq_work_sync(&luarcu_irq);
	cancel_work_sync(&luarcu_filling);
	llist_for_each_entry_safe(e, next, luarcu_ready, later)
		kfree(e);
	luarcu_ready = NULL;
}
