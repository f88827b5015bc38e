/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The lock of an object that runtimes of every context share: raw and taken with
 * interrupts off, for a few instructions or a copy, in which nothing raises, allocates
 * or sleeps. A probe may hit inside such a section and run a script that wants the same
 * lock: who was interrupted cannot go on before it, so that is refused.
 */
#ifndef LUNATIK_GUARD_H
#define LUNATIK_GUARD_H

#include <linux/delay.h>
#include <linux/irqflags.h>
#include <linux/percpu.h>
#include <linux/preempt.h>
#include <linux/spinlock.h>

#define GUARD_PATIENCE	20000	/* microseconds */
#define GUARD_BUSY	"the object is in use by what this handler has interrupted"

static DEFINE_PER_CPU(int, guard_sections);	/* that this CPU is in, one inside the other */

/* Returns whether it was taken. Context: any. */
static inline bool guard_take(raw_spinlock_t *lock, unsigned long *flags)
{
	bool nested;
	int n;

	local_irq_save(*flags);
	/* before: a probe may hit as soon as it is taken */
	nested = this_cpu_inc_return(guard_sections) > 1;
	/* where there is one CPU alone, a lock does not know that it is taken */
	if (likely((IS_ENABLED(CONFIG_SMP) || !nested) && raw_spin_trylock(lock)))
		return true;
	if (nested) {
		this_cpu_dec(guard_sections);
		local_irq_restore(*flags);
		return false;
	}
	if (!in_nmi() && !irqs_disabled_flags(*flags)) {
		raw_spin_lock(lock);
		return true;
	}
	/* a handler: who has the lock may be waiting for the runtime that this one is in */
	for (n = 0; n < GUARD_PATIENCE; n++) {
		if (raw_spin_trylock(lock))
			return true;
		udelay(1);
	}
	this_cpu_dec(guard_sections);
	local_irq_restore(*flags);
	return false;
}

static inline void guard_drop(raw_spinlock_t *lock, unsigned long flags)
{
	raw_spin_unlock(lock);
	this_cpu_dec(guard_sections);
	local_irq_restore(flags);
}

/* The same for a runtime: raises where it cannot be had. */
static inline void guard_lock(lua_State *L, raw_spinlock_t *lock, unsigned long *flags)
{
	if (unlikely(!guard_take(lock, flags))) {
		luaL_error(L, GUARD_BUSY);
		__acquire(lock);	/* for sparse: nothing comes back to here */
	}
}

#endif
