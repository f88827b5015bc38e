// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * completion: one runtime waits for what another does, the kernel's struct completion.
 *
 *	local done = require("completion").new()
 *	done:complete()				-- from any context
 *	local ok, why = done:wait(100)		-- in process context
 *
 * Who waits sleeps in slices, between which it is asked whether the script has to end: to
 * wake the task up, as lunatik_mustend() expects, does not end a wait for a completion.
 */
#include <linux/completion.h>
#include <linux/irq_work.h>
#include <linux/jiffies.h>
#include <linux/module.h>
#include <linux/string.h>

#include <lunatik.h>

#define LUACOMPLETION_SLICE	(HZ / 10)

struct luacompletion {
	struct completion completion;
	struct irq_work irq;
	atomic_t owed;		/* calls of complete() that irq is to make */
};

static struct luacompletion *luacompletion_of(lua_State *L)
{
	return lunatik_toobject(L, 1)->private;
}

static void luacompletion_irq(struct irq_work *irq)
{
	struct luacompletion *c = container_of(irq, struct luacompletion, irq);
	int n;

	for (n = atomic_xchg(&c->owed, 0); n > 0; n--)
		complete(&c->completion);
}

/* complete(): one who waits, now or later, goes on */
static int luacompletion_complete(lua_State *L)
{
	struct luacompletion *c = luacompletion_of(L);

	/* a probe may have hit inside the scheduler, or in complete() itself */
	if (lunatik_isready(L) && (lunatik_toruntime(L)->opt & LUNATIK_OPT_HARDIRQ)) {
		atomic_add_unless(&c->owed, 1, INT_MAX);
		irq_work_queue(&c->irq);
	} else {
		complete(&c->completion);
	}
	return 0;
}

/* The milliseconds at index @i as jiffies, one more since this one is not whole. */
static unsigned long luacompletion_optjiffies(lua_State *L, int i)
{
	lua_Integer ms;

	if (lua_isnoneornil(L, i))
		return MAX_SCHEDULE_TIMEOUT;
	ms = luaL_checkinteger(L, i);
	luaL_argcheck(L, ms >= 0, i, "milliseconds must not be negative");
	/* msecs_to_jiffies() takes what is more for a wait without end */
	if (ms > INT_MAX)
		return ms > MAX_SCHEDULE_TIMEOUT / HZ ? MAX_SCHEDULE_TIMEOUT : ms / 1000 * HZ;
	return ms == 0 ? 0 : msecs_to_jiffies(ms) + 1;
}

/* What ended a slice: NULL if it was complete, "timeout" if it may go on. */
static const char *luacompletion_slice(struct completion *completion, unsigned long slice)
{
	long ret;

	if (try_wait_for_completion(completion))
		return NULL;
	if (slice == 0)
		return "timeout";
	ret = wait_for_completion_interruptible_timeout(completion, slice);
	if (ret > 0)
		return NULL;
	if (ret < 0)
		return ret == -ERESTARTSYS ? "interrupt" : "unknown";
	return "timeout";
}

/* wait([ms]): true, or nil and why not */
static int luacompletion_wait(lua_State *L)
{
	struct luacompletion *c = luacompletion_of(L);
	unsigned long left = luacompletion_optjiffies(L, 2), start = jiffies;
	const char *why;

	if (!lunatik_maysleep(L))
		return luaL_error(L, "only process context may wait for a completion");
	for (;;) {
		unsigned long gone = jiffies - start;
		unsigned long slice = left > gone ? left - gone : 0;

		slice = min_t(unsigned long, slice, LUACOMPLETION_SLICE);
		why = luacompletion_slice(&c->completion, lunatik_mustend(L) ? 0 : slice);
		if (!why) {
			lua_pushboolean(L, true);
			return 1;
		}
		if (lunatik_mustend(L))
			why = "interrupt";
		if (strcmp(why, "timeout") != 0 || jiffies - start >= left)
			break;
	}
	lua_pushnil(L);
	lua_pushstring(L, why);
	return 2;
}

static void luacompletion_release(void *private)
{
	struct luacompletion *c = private;

	/* only a hardirq runtime queues it; where there are none, this takes a grace period */
	if (!IS_ENABLED(CONFIG_PREEMPT_RT))
		irq_work_sync(&c->irq);
}

static const luaL_Reg luacompletion_methods[] = {
	{"complete", luacompletion_complete},
	{"wait", luacompletion_wait},
	{NULL, NULL}
};

/* HARDIRQ, since all may complete; waiting is refused where it cannot be */
static const lunatik_class_t luacompletion_class = {
	.name = "completion",
	.methods = luacompletion_methods,
	.release = luacompletion_release,
	.opt = LUNATIK_OPT_HARDIRQ,
};

/* new() */
static int luacompletion_new(lua_State *L)
{
	struct luacompletion *c = lunatik_newobject(L, &luacompletion_class, sizeof(*c),
						    LUNATIK_OPT_NONE)->private;

	init_completion(&c->completion);
	init_irq_work(&c->irq, luacompletion_irq);
	return 1;
}

static const luaL_Reg luacompletion_lib[] = {
	{"new", luacompletion_new},
	{NULL, NULL}
};

LUNATIK_CLASSES(completion, &luacompletion_class);
LUNATIK_NEWLIB(completion, luacompletion_lib, luacompletion_classes);

MODULE_DESCRIPTION("waiting, for Lua scripts in the kernel");
MODULE_AUTHOR("Lunatik for Debian");
MODULE_VERSION(LUNATIK_VERSION);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_ALIAS("lunatik-completion");
