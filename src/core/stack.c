// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * How much kernel stack a script may take.
 *
 * On a task's stack it is what is left of it but a reserve: for what runs
 * below the last check, that is a C function of a library, the allocator
 * with reclaim behind it, a file being opened. On an interrupt's stack, whose
 * bounds a module cannot ask for, it is an allowance from where Lua was
 * entered. Between soft and hard the message handler of the overflow runs.
 */
#include <linux/sched.h>
#include <linux/sched/task_stack.h>

#include "core.h"

/* of 16 KB: 6 below the hard limit, 1 from there to soft; more where frames are larger */
#define LUNATIK_STACK_RESERVE	(THREAD_SIZE / 8 * 3)
#define LUNATIK_STACK_HANDLER	(THREAD_SIZE / 16)
#define LUNATIK_STACK_IRQ	(THREAD_SIZE / 8 * 3)	/* on an interrupt's stack, down to hard */

void lunatik_stacklimits(struct lunatik_runtime *rt)
{
	unsigned long sp = (unsigned long)__builtin_frame_address(0);
	unsigned long end = (unsigned long)end_of_stack(current);

	if (sp > end && sp - end < THREAD_SIZE)
		rt->stack_hard = end + LUNATIK_STACK_RESERVE;
	else
		rt->stack_hard = sp - LUNATIK_STACK_IRQ;
	rt->stack_soft = rt->stack_hard + LUNATIK_STACK_HANDLER;
}
