// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * What a runtime may take: bytes of memory, and milliseconds of the CPU for
 * each entry. Both have a default and a maximum, which are parameters of the
 * module.
 *
 * All runtimes together have a limit of memory as well, else a script could
 * make runtimes until there is none left for others. It is taken from by the
 * piece, so that what counts for all is rarely touched.
 */
#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/module.h>

#include "core.h"

#define LUNATIK_GRANT	(32UL << 10)	/* a piece; a new runtime fits into one */

static unsigned int lunatik_memory = 32 << 20;
module_param_named(memory, lunatik_memory, uint, 0644);
MODULE_PARM_DESC(memory, "bytes of memory that a runtime may hold (default 32 MiB)");

static unsigned int lunatik_memory_max = 1 << 30;
module_param_named(memory_max, lunatik_memory_max, uint, 0644);
MODULE_PARM_DESC(memory_max, "the most that can be asked for instead (default 1 GiB)");

static unsigned long lunatik_memory_total;
module_param_named(memory_total, lunatik_memory_total, ulong, 0644);
MODULE_PARM_DESC(memory_total, "bytes that all runtimes together may hold (default half of the memory)");

static unsigned int lunatik_process_time;
module_param_named(process_time, lunatik_process_time, uint, 0644);
MODULE_PARM_DESC(process_time, "milliseconds of the CPU that an entry may take in process context, 0 is no limit (default 0)");

static unsigned int lunatik_softirq_time = 500;
module_param_named(softirq_time, lunatik_softirq_time, uint, 0644);
MODULE_PARM_DESC(softirq_time, "milliseconds that a handler may take with bottom halves off (default 500)");

static unsigned int lunatik_hardirq_time = 100;
module_param_named(hardirq_time, lunatik_hardirq_time, uint, 0644);
MODULE_PARM_DESC(hardirq_time, "milliseconds that a handler may take with interrupts off (default 100)");

static unsigned int lunatik_atomic_time_max = 2000;
module_param_named(atomic_time_max, lunatik_atomic_time_max, uint, 0644);
MODULE_PARM_DESC(atomic_time_max, "the most that can be asked for instead of these two (default 2000)");

static atomic_long_t lunatik_granted = ATOMIC_LONG_INIT(0);

void lunatik_budget_init(void)
{
	if (!lunatik_memory_total)
		lunatik_memory_total = totalram_pages() / 2 << PAGE_SHIFT;
}

/* What is wrong with a budget for a runtime of that context, or NULL. */
const char *lunatik_checkbudget(const lunatik_budget_t *budget, lunatik_opt_t opt)
{
	if (budget->memory > READ_ONCE(lunatik_memory_max))
		return "memory: more than the module parameter memory_max allows";
	if ((opt & LUNATIK_OPT_ATOMIC) && budget->time > READ_ONCE(lunatik_atomic_time_max))
		return "time: more than the module parameter atomic_time_max allows";
	return NULL;
}

/* The one that was asked for, or as the parameters have it. */
void lunatik_setbudget(struct lunatik_runtime *rt, const lunatik_budget_t *budget)
{
	rt->quota = budget && budget->memory ? budget->memory : READ_ONCE(lunatik_memory);
	rt->time = budget ? budget->time : 0;
}

/* Milliseconds that an entry may take as the runtime is now; 0 is no limit. */
unsigned int lunatik_timelimit(struct lunatik_runtime *rt)
{
	if (rt->time && rt->level == lunatik_level(rt->object->opt))
		return rt->time;
	switch (rt->level) {
	case LUNATIK_LEVEL_HARDIRQ:
		return max(READ_ONCE(lunatik_hardirq_time), 1U);
	case LUNATIK_LEVEL_SOFTIRQ:
		return max(READ_ONCE(lunatik_softirq_time), 1U);
	default:
		return READ_ONCE(lunatik_process_time);
	}
}

/* Takes bytes out of what there is for all, if there is as much. */
bool lunatik_take(size_t size)
{
	if (atomic_long_add_return(size, &lunatik_granted) <= READ_ONCE(lunatik_memory_total))
		return true;
	atomic_long_sub(size, &lunatik_granted);
	return false;
}

void lunatik_give(size_t size)
{
	atomic_long_sub(size, &lunatik_granted);
}

/* The same for what a runtime has beside Lua's memory, until it is closed. */
bool lunatik_charge(struct lunatik_runtime *rt, size_t size)
{
	if (!lunatik_take(size))
		return false;
	rt->charged += size;
	return true;
}

/* Whether it may hold @more bytes; called when what it was granted is used up. */
bool lunatik_grant(struct lunatik_runtime *rt, size_t more)
{
	size_t piece;

	if (rt->memory > rt->quota || more > rt->quota - rt->memory)
		return false;
	piece = min_t(size_t, ALIGN(rt->memory + more - rt->granted, LUNATIK_GRANT),
		      rt->quota - rt->granted);
	if (!lunatik_take(piece))
		return false;
	rt->granted += piece;
	return true;
}

/* More than twice LUNATIK_SPARE is not used: the rest is given back. */
void lunatik_ungrant(struct lunatik_runtime *rt)
{
	size_t spare = ALIGN_DOWN(rt->granted - rt->memory, LUNATIK_GRANT);

	spare -= LUNATIK_SPARE;
	rt->granted -= spare;
	atomic_long_sub(spare, &lunatik_granted);
}

/* The state is closed. */
void lunatik_ungrantall(struct lunatik_runtime *rt)
{
	atomic_long_sub(rt->granted + rt->charged, &lunatik_granted);
	rt->granted = 0;
	rt->charged = 0;
}
