// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * How much kernel stack a script may take.
 *
 * It is what is left of the stack but a reserve: for what runs below the last
 * check, that is a C function of a library, the allocator, an interrupt's
 * frame. Between soft and hard the message handler of the overflow runs.
 *
 * Where the stack of a task ends the kernel tells. Where that of a CPU's
 * interrupts is a module cannot ask, so it looks: a timer, which the CPU
 * takes near the top of it, notes where it is. On a stack that is neither,
 * that of a non-maskable interrupt say, which has 4 KB, nothing is run.
 */
#include <linux/hardirq.h>
#include <linux/hrtimer.h>
#include <linux/mm.h>
#include <linux/percpu.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/smp.h>

#include "core.h"
#include "../compat.h"

/* of 16 KB: 6 below the hard limit, 1 from there to soft; more where frames are larger */
#define LUNATIK_STACK_RESERVE	(THREAD_SIZE / 8 * 3)
#define LUNATIK_STACK_PARSER	(THREAD_SIZE / 32 * 9)	/* and of these, 4.5 when Lua parses */
#define LUNATIK_STACK_HANDLER	(THREAD_SIZE / 16)
#define LUNATIK_STACK_IRQ	(THREAD_SIZE / 8 * 3)	/* to hard, where the end is not known */

/* the end of a CPU's interrupt stack, 0 while it is not known */
static DEFINE_PER_CPU(unsigned long, stack_irqend);
static DEFINE_PER_CPU(struct hrtimer, stack_timer);

static bool stack_ison(unsigned long sp, unsigned long end)
{
	return end && sp > end && sp - end < THREAD_SIZE;
}

/*
 * In a timer: the interrupt stack has THREAD_SIZE, too, and hardly anything is
 * on it, but where a softirq was interrupted. Returns whether to look again.
 */
bool lunatik_stacklook(void)
{
	unsigned long sp = (unsigned long)__builtin_frame_address(0);

	if (likely(this_cpu_read(stack_irqend)))
		return false;
	if (!in_hardirq() || in_serving_softirq())
		return true;
	/* interrupts need not have a stack of their own */
	if (!stack_ison(sp, (unsigned long)end_of_stack(current)))
		this_cpu_write(stack_irqend, PAGE_ALIGN(sp) - THREAD_SIZE);
	return false;
}

static enum hrtimer_restart stack_tick(struct hrtimer *timer)
{
	if (!lunatik_stacklook())
		return HRTIMER_NORESTART;
	hrtimer_forward_now(timer, NSEC_PER_MSEC);
	return HRTIMER_RESTART;
}

static void stack_start(void *unused)
{
	hrtimer_start(this_cpu_ptr(&stack_timer), 1, HRTIMER_MODE_REL_PINNED_HARD);
}

void lunatik_stack_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		hrtimer_setup(per_cpu_ptr(&stack_timer, cpu), stack_tick, CLOCK_MONOTONIC,
			      HRTIMER_MODE_REL_PINNED_HARD);
	/* a CPU that comes later looks when a script is first interrupted on it */
	on_each_cpu(stack_start, NULL, 1);
}

void lunatik_stack_exit(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		hrtimer_cancel(per_cpu_ptr(&stack_timer, cpu));
}

void lunatik_stacklimits(struct lunatik_runtime *rt)
{
	unsigned long sp = (unsigned long)__builtin_frame_address(0);
	unsigned long end = (unsigned long)end_of_stack(current);
	unsigned long irqend = raw_cpu_read(stack_irqend);

	if (stack_ison(sp, end))
		rt->stack_hard = end + LUNATIK_STACK_RESERVE;
	else if (stack_ison(sp, irqend))
		rt->stack_hard = irqend + LUNATIK_STACK_RESERVE;
	else if (in_nmi())
		rt->stack_hard = sp + LUNATIK_STACK_RESERVE;
	else
		rt->stack_hard = sp - LUNATIK_STACK_IRQ;
	rt->stack_soft = rt->stack_hard + LUNATIK_STACK_HANDLER;
	rt->stack_parser = rt->stack_hard - LUNATIK_STACK_RESERVE + LUNATIK_STACK_PARSER;
}
