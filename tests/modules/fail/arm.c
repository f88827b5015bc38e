// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The ways to fail an allocation: of the kernel's, by this task, and of Lua's. */
#include <linux/kprobes.h>
#include <linux/lockdep.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched.h>

#include <lunatik.h>

#include "arm.h"

#ifdef CONFIG_FAULT_INJECTION
void fail_nth(unsigned int n)
{
	WRITE_ONCE(current->fail_nth, n);
}

unsigned int fail_left(void)
{
	unsigned int left = READ_ONCE(current->fail_nth);

	WRITE_ONCE(current->fail_nth, 0);
	return left;
}

int fail_init_nth(void)
{
	return 0;
}

void fail_exit_nth(void)
{
}
#elif defined(CONFIG_KPROBES)
/*
 * A kernel without fault injection, as Debian's, asks should_failslab() before each
 * slab allocation all the same. A probe answers for it: pages are not failed here.
 */

static struct task_struct *fail_task;
static unsigned int fail_count;

static noinline notrace int fail_answer(void)
{
	return -ENOMEM;
}

static int fail_asked(struct kprobe *probe, struct pt_regs *regs)
{
	if (READ_ONCE(fail_task) != current || !in_task() || !fail_count ||
	    ((__force gfp_t)regs_get_kernel_argument(regs, 1) & __GFP_NOFAIL) || --fail_count)
		return 0;
	instruction_pointer_set(regs, (unsigned long)fail_answer);
	return 1;
}
NOKPROBE_SYMBOL(fail_asked);

static struct kprobe fail_probe = {
	.symbol_name = "should_failslab",
	.pre_handler = fail_asked,
};

void fail_nth(unsigned int n)
{
	WRITE_ONCE(fail_task, NULL);
	fail_count = n;
	WRITE_ONCE(fail_task, current);
}

unsigned int fail_left(void)
{
	WRITE_ONCE(fail_task, NULL);
	return fail_count;
}

/* A module that lacks a symbol gets -ENOENT, too: not said of a function to probe. */
int fail_init_nth(void)
{
	int ret = register_kprobe(&fail_probe);

	return ret == -ENOENT ? -EOPNOTSUPP : ret;
}

void fail_exit_nth(void)
{
	unregister_kprobe(&fail_probe);
}
#else
void fail_nth(unsigned int n)
{
}

unsigned int fail_left(void)
{
	return 1;
}

int fail_init_nth(void)
{
	return -EOPNOTSUPP;
}

void fail_exit_nth(void)
{
}
#endif

static void *hook_alloc(void *ud, void *ptr, size_t osize, size_t nsize)
{
	struct hook *hook = ud;

	/* a shrink never fails */
	if (nsize > (ptr ? osize : 0) && ++hook->seen >= hook->n &&
	    (hook->forever || hook->seen <= hook->n + 1))
		return NULL;
	return hook->alloc(hook->ud, ptr, osize, nsize);
}

int hook_set(lua_State *L, struct hook *hook)
{
	hook->alloc = lua_getallocf(L, &hook->ud);
	lua_setallocf(L, hook_alloc, hook);
	return 0;
}

int hook_unset(lua_State *L, struct hook *hook)
{
	lua_setallocf(L, hook->alloc, hook->ud);
	return 0;
}

struct held held(void)
{
	struct held held = {
		.preempt = preempt_count(), .rcu = rcu_preempt_depth(),
		.irqs = irqs_disabled(),
#ifdef CONFIG_LOCKDEP
		.locks = current->lockdep_depth,
#endif
	};

	return held;
}

bool isheld(struct held before)
{
	struct held now = held();

	return now.preempt != before.preempt || now.rcu != before.rcu ||
	       now.irqs != before.irqs || now.locks != before.locks;
}
