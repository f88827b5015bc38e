// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Reaching into a script that runs.
 *
 * Nothing on the ordinary path counts or checks. While somebody is inside a
 * runtime a timer of that runtime goes off now and then,
 * interrupts the script on the CPU it runs on, and makes the interpreter call
 * lunatik_attend() at its next instruction, by the count hook as lua.c does
 * on SIGINT. There the script gives the CPU to others, and ends if it has to;
 * where it may not sleep it ends when it has taken too long. With interrupts
 * off there is no timer: what the script does is counted instead, and now and
 * then the clock is read.
 *
 * The timer runs in hard interrupt context: softirqs may be left to a thread,
 * which a script that never gives up the CPU would keep waiting. It goes off
 * once more after the last entry, so that an entry costs one look at a flag.
 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>

#include "core.h"
#include "../compat.h"

#define LUNATIK_TICK		50	/* ms from one to the next: under any stall detector */
#define LUNATIK_CLOSETIME	2000	/* ms for the finalizers at the end, if none are said */
#define LUNATIK_GRACE		1000	/* ms that a thread may take to stop by itself */

/*
 * With interrupts off the clock is looked at. The CPU of a virtual machine can
 * be away for a while, so a handler that did little gets more time.
 */
#define LUNATIK_HARDIRQLOOKS	20	/* at the clock: that much is not little */
#define LUNATIK_HARDIRQMORE	10	/* times what it may take otherwise */

/* What has a budget of few milliseconds is looked at more often. */
static unsigned int lunatik_period(struct lunatik_runtime *rt)
{
	return rt->time ? clamp(rt->time / 10, 1U, (unsigned int)LUNATIK_TICK) : LUNATIK_TICK;
}

/* Milliseconds of the CPU that this entry has taken, or somewhat more. */
static unsigned int lunatik_taken(struct lunatik_runtime *rt)
{
	return READ_ONCE(rt->ticks) * lunatik_period(rt);
}

/* With interrupts off: the task is either what was interrupted, or not here. */
static void lunatik_touch(struct lunatik_runtime *rt)
{
	if (READ_ONCE(rt->task) != current)
		return;
	WRITE_ONCE(rt->ticks, rt->ticks + 1);
	lunatik_arm(rt);
}

static void lunatik_kick(void *info)
{
	struct lunatik_runtime *rt = info;

	lunatik_touch(rt);
	atomic_set_release(&rt->kicked, 0);
}

/* The CPU that the task inside was last seen on; -1 if nobody is inside. */
static int lunatik_cpu(struct lunatik_runtime *rt)
{
	struct task_struct *task;
	int cpu = -1;

	rcu_read_lock();
	task = READ_ONCE(rt->task);
	if (task)
		cpu = task_cpu(task);
	rcu_read_unlock();
	return cpu;
}

static enum hrtimer_restart lunatik_tick(struct hrtimer *timer)
{
	struct lunatik_runtime *rt = container_of(timer, struct lunatik_runtime, timer);
	int cpu = lunatik_cpu(rt);

	lunatik_stacklook();
	if (cpu < 0) {
		atomic_set(&rt->ticking, 0);
		smp_mb();	/* pairs with lunatik_interrupt_enter() */
		cpu = lunatik_cpu(rt);
		if (cpu < 0 || atomic_xchg(&rt->ticking, 1))
			return HRTIMER_NORESTART;
	}

	if (READ_ONCE(rt->task) == current)
		lunatik_touch(rt);
	else if (cpu != smp_processor_id() && !atomic_xchg(&rt->kicked, 1) &&
		 smp_call_function_single_async(cpu, &rt->csd))
		atomic_set(&rt->kicked, 0);	/* the next tick tries again */

	hrtimer_forward_now(timer, ms_to_ktime(lunatik_period(rt)));
	return HRTIMER_RESTART;
}

void lunatik_interrupt_init(struct lunatik_runtime *rt)
{
	hrtimer_setup(&rt->timer, lunatik_tick, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	rt->csd.func = lunatik_kick;
	rt->csd.info = rt;
}

/* Nobody is inside, and nobody will be. */
void lunatik_interrupt_exit(struct lunatik_runtime *rt)
{
	hrtimer_cancel(&rt->timer);
	while (atomic_read_acquire(&rt->kicked))
		usleep_range(10, 100);
}

void lunatik_interrupt_enter(struct lunatik_runtime *rt)
{
	WRITE_ONCE(rt->task, current);
	smp_mb();	/* a timer that gives up sees the task, or we see it did */
	if (!atomic_read(&rt->ticking) && !atomic_xchg(&rt->ticking, 1))
		hrtimer_start(&rt->timer, ms_to_ktime(lunatik_period(rt)),
			      HRTIMER_MODE_REL_PINNED_HARD);
}

/*
 * Asks the script that is inside to end; it does within a tick or two. Should it
 * sleep, as one can that asks lunatik_mustend() before, it wakes up.
 */
void lunatik_interrupt(struct lunatik_runtime *rt)
{
	struct task_struct *task;

	rcu_read_lock();
	task = READ_ONCE(rt->task);
	if (task) {
		WRITE_ONCE(rt->stop, true);
		wake_up_process(task);
	}
	rcu_read_unlock();
}

/* The clock is looked at now and then, for the first time after a while. */
static bool lunatik_islate(struct lunatik_runtime *rt)
{
	u64 now = ktime_get_mono_fast_ns();	/* safe in a probe as well */
	u64 limit = (u64)lunatik_timelimit(rt) * NSEC_PER_MSEC;

	rt->spent = 0;
	if (!rt->since) {
		rt->since = now;
		rt->looks = 0;
	}
	rt->looks++;
	return now - rt->since > (rt->looks < LUNATIK_HARDIRQLOOKS ?
				  limit * LUNATIK_HARDIRQMORE : limit);
}

/* The entry has used up its time: it has to end. */
static void lunatik_timeout(struct lunatik_runtime *rt)
{
	if (READ_ONCE(rt->stop))
		return;
	rt->notime++;
	WRITE_ONCE(rt->late, true);
	WRITE_ONCE(rt->stop, true);
}

/* A kernel thread has no fatal signals, only those it allows, and can be asked to stop. */
static bool lunatik_isthreadover(struct lunatik_runtime *rt)
{
	if (!kthread_should_stop() && !signal_pending(current)) {
		rt->asked = 0;
		return false;
	}
	/* the script may be about to see it */
	if (!rt->asked)
		rt->asked = jiffies ?: 1;
	return time_after(jiffies, rt->asked + msecs_to_jiffies(LUNATIK_GRACE));
}

/*
 * The script's side, between two instructions. @cost is what it did since,
 * where that is counted: LUNATIK_COUNT instructions are some LUNATIK_LOOK, a
 * poll is one.
 */
void lunatik_attend(lua_State *L, unsigned int cost)
{
	struct lunatik_runtime *rt = lunatik_runtimeof(L);
	unsigned int limit;

	if (rt->level == LUNATIK_LEVEL_HARDIRQ) {
		rt->spent += cost;
		if (rt->spent >= LUNATIK_LOOK && lunatik_islate(rt))
			lunatik_timeout(rt);
		return;
	}

	limit = rt->thread == current ? 0 : lunatik_timelimit(rt);
	/* nobody may have asked for the finalizers, or somebody waits for them */
	if (rt->closing && !limit)
		limit = LUNATIK_CLOSETIME;
	if (limit && lunatik_taken(rt) > limit)
		lunatik_timeout(rt);
	if (rt->level)
		return;

	cond_resched_tasks_rcu_qs();
	if (current->flags & PF_KTHREAD ? lunatik_isthreadover(rt) :
					  fatal_signal_pending(current))
		WRITE_ONCE(rt->stop, true);
}
