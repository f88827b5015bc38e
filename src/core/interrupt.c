// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Reaching into a script that runs.
 *
 * Nothing on the ordinary path counts or checks. While somebody is inside a
 * runtime of process context a timer of that runtime fires now and then on
 * the CPU the script runs on, and makes the interpreter call lunatik_attend()
 * at its next instruction, by the count hook as lua.c does on SIGINT. There
 * the script gives the CPU to others, and ends if it was asked to.
 *
 * The timer is left to fire once more after the last entry, so that entering
 * costs a look at whether it is pending.
 */
#include <linux/jiffies.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/timer.h>

#include "core.h"
#include "../compat.h"

#define LUNATIK_TICK	max(HZ / 20, 1)	/* well under any stall detector */

/* The task inside, and the CPU it was last seen on. */
static struct task_struct *lunatik_inside(struct lunatik_runtime *rt, int *cpu)
{
	struct task_struct *task;

	rcu_read_lock();
	task = READ_ONCE(rt->task);
	if (task)
		*cpu = task_cpu(task);
	rcu_read_unlock();
	return task;
}

/* In softirq: the script, if it is on this CPU, is what was interrupted. */
static void lunatik_tick(struct timer_list *timer)
{
	struct lunatik_runtime *rt = timer_container_of(rt, timer, timer);
	struct task_struct *task;
	int cpu;

	task = lunatik_inside(rt, &cpu);
	if (!task) {
		atomic_set(&rt->ticking, 0);
		smp_mb();	/* pairs with lunatik_interrupt_enter() */
		task = lunatik_inside(rt, &cpu);
		if (!task || atomic_xchg(&rt->ticking, 1))
			return;
	}
	if (task == current) {
		lunatik_arm(rt);
		mod_timer(timer, jiffies + LUNATIK_TICK);
		return;
	}
	/* it is elsewhere, or waits: go after it */
	timer->expires = jiffies + 1;
	add_timer_on(timer, cpu_online(cpu) ? cpu : smp_processor_id());
}

void lunatik_interrupt_init(struct lunatik_runtime *rt)
{
	timer_setup(&rt->timer, lunatik_tick, TIMER_PINNED);
}

/* Nobody is inside, and nobody will be. */
void lunatik_interrupt_exit(struct lunatik_runtime *rt)
{
	timer_delete_sync(&rt->timer);
}

void lunatik_interrupt_enter(struct lunatik_runtime *rt)
{
	if (!rt->maysleep)
		return;
	WRITE_ONCE(rt->task, current);
	smp_mb();	/* a timer that gives up sees the task, or we see it did */
	if (!atomic_read(&rt->ticking) && !atomic_xchg(&rt->ticking, 1))
		mod_timer(&rt->timer, jiffies + LUNATIK_TICK);
}

/* Asks the script that is inside to end; it does within a tick or two. */
void lunatik_interrupt(struct lunatik_runtime *rt)
{
	if (READ_ONCE(rt->task))
		WRITE_ONCE(rt->stop, true);
}

/* The script's side, between two instructions. */
void lunatik_attend(lua_State *L)
{
	struct lunatik_runtime *rt = lunatik_runtimeof(L);

	if (!rt->maysleep)
		return;
	cond_resched();
	/* a kernel thread has no fatal signals, only those it allows */
	if (current->flags & PF_KTHREAD ? signal_pending(current) :
					  fatal_signal_pending(current))
		WRITE_ONCE(rt->stop, true);
}
