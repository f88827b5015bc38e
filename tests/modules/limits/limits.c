// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The library limits: enters a runtime from a place of choice, measures how
 * much kernel stack is used there, and whether others had their turn.
 *
 *	limits.paint()		fills what is free of the stack with a pattern
 *	limits.left()		bytes of it that are still there
 *	limits.free()		bytes of a task's stack that are left right now
 *	limits.fire(runtime, from, argument[, kB])
 *				calls the global function handler(argument) of the
 *				runtime, in the context from; its result or message
 *				and the milliseconds it took
 *	limits.bind(cpu)	the calling thread stays on that CPU
 *	limits.beat(cpu)	a thread and a timer there do something each ms
 *	limits.gaps()		the longest that each of them waited since, in ms
 *
 * from: here; call (with kB of the stack in use already); thread (which is
 * asked to stop after half a second); timer; hrtimer; irq_work; kprobe
 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/timer.h>

#include <lunatik.h>
#include <../compat.h>

/* --- the stack */

#define PAINT	0x5a
#define BELOW	1024		/* the stack pointer: what painting itself may use */

/* of the last paint(); one test at a time */
static unsigned long paint_low, paint_high;

static bool ontask(unsigned long sp)
{
	unsigned long end = (unsigned long)end_of_stack(current);

	return sp > end && sp - end < THREAD_SIZE;
}

static noinline int limits_paint(lua_State *L)
{
	unsigned long sp = (unsigned long)__builtin_frame_address(0), flags;

	paint_high = sp - BELOW;
	/* an interrupt's stack has as much, and is hardly used where paint() is called */
	paint_low = ontask(sp) ? (unsigned long)end_of_stack(current) + 2 * sizeof(long) :
				 PAGE_ALIGN(sp) - THREAD_SIZE + 2 * sizeof(long);
	if (paint_low >= paint_high)
		return luaL_error(L, "no stack is left to paint");
	local_irq_save(flags);
	memset((void *)paint_low, PAINT, paint_high - paint_low);
	local_irq_restore(flags);
	lua_pushinteger(L, paint_high - paint_low);
	return 1;
}

static int limits_left(lua_State *L)
{
	const u8 *at = (const u8 *)paint_low;

	while (at < (const u8 *)paint_high && READ_ONCE(*at) == PAINT)
		at++;
	lua_pushinteger(L, (unsigned long)at - paint_low);
	return 1;
}

static int limits_free(lua_State *L)
{
	unsigned long sp = (unsigned long)__builtin_frame_address(0);

	lua_pushinteger(L, ontask(sp) ? sp - (unsigned long)end_of_stack(current) : -1);
	return 1;
}

/* --- where from */

static struct job {
	lunatik_object_t *runtime;
	const char *argument;
	char result[400];
	int ret;
	u64 took;
	bool done;	/* polled: a probe may not wake anybody up */
} job;

static int handler(lua_State *L)
{
	lua_getglobal(L, "handler");
	lua_pushstring(L, job.argument);
	if (lua_pcall(L, 1, 1, 0) != LUA_OK) {
		strscpy(job.result, lua_tostring(L, -1) ?: "(no message)", sizeof(job.result));
		return -ECANCELED;
	}
	strscpy(job.result, lua_tostring(L, -1) ?: "(no result)", sizeof(job.result));
	return 0;
}

static void work(void)
{
	u64 begin = ktime_get_mono_fast_ns();

	lunatik_run(job.runtime, handler, job.ret);
	job.took = ktime_get_mono_fast_ns() - begin;
	smp_store_release(&job.done, true);	/* what it has is there, for fire() */
}

static noinline void burn(unsigned long downto)
{
	volatile char frame[200];

	frame[0] = 1;
	if ((unsigned long)frame > downto)
		burn(downto);
	else
		work();
	frame[1] = frame[0];
}

static int on_thread(void *unused)
{
	work();
	while (!kthread_should_stop())
		usleep_range(100, 1000);
	return 0;
}

static struct timer_list timer;
static struct hrtimer hrtimer;

static void on_timer(struct timer_list *unused)
{
	work();
}

static enum hrtimer_restart on_hrtimer(struct hrtimer *unused)
{
	work();
	return HRTIMER_NORESTART;
}

static void on_irqwork(struct irq_work *unused)
{
	work();
}

static struct irq_work irqwork = IRQ_WORK_INIT_HARD(on_irqwork);

static noinline int probed(int i)
{
	barrier();
	return i + 1;
}

static int on_kprobe(struct kprobe *probe, struct pt_regs *regs)
{
	work();
	return 0;
}

static struct kprobe kprobe = {
	.pre_handler = on_kprobe,
};

static int fire(const char *from, unsigned long bytes)
{
	struct task_struct *task;
	int ret;

	job.done = false;
	if (strcmp(from, "here") == 0) {
		work();
	} else if (strcmp(from, "call") == 0) {
		burn((unsigned long)end_of_stack(current) + THREAD_SIZE - bytes);
	} else if (strcmp(from, "thread") == 0) {
		task = kthread_create(on_thread, NULL, "limits");
		if (IS_ERR(task))
			return PTR_ERR(task);
		kthread_bind(task, raw_smp_processor_id());
		wake_up_process(task);
		msleep(500);
		kthread_stop(task);
	} else if (strcmp(from, "timer") == 0) {
		mod_timer(&timer, jiffies + 1);
	} else if (strcmp(from, "hrtimer") == 0) {
		hrtimer_start(&hrtimer, 1, HRTIMER_MODE_REL_PINNED_HARD);
	} else if (strcmp(from, "irq_work") == 0) {
		irq_work_queue(&irqwork);
	} else if (strcmp(from, "kprobe") == 0) {
		kprobe.addr = (void *)probed;
		kprobe.flags = 0;
		ret = register_kprobe(&kprobe);
		if (ret)
			return ret;
		probed(1);
		unregister_kprobe(&kprobe);
	} else {
		return -EINVAL;
	}
	while (!smp_load_acquire(&job.done))	/* of work() */
		msleep(1);
	return 0;
}

static int limits_fire(lua_State *L)
{
	const char *from = luaL_checkstring(L, 2);
	int ret;

	job.runtime = lunatik_toobject(L, 1);
	job.argument = luaL_optstring(L, 3, "");
	job.result[0] = '\0';
	if (!job.runtime)
		return luaL_error(L, "a runtime is wanted");
	ret = fire(from, luaL_optinteger(L, 4, 0) << 10);
	if (ret)
		return luaL_error(L, "cannot fire from %s: %d", from, ret);
	if (job.ret && !job.result[0])
		snprintf(job.result, sizeof(job.result), "error %d", job.ret);
	lua_pushstring(L, job.result);
	lua_pushinteger(L, job.took / NSEC_PER_MSEC);
	return 2;
}

/* --- others */

static struct beat {
	u64 last;
	u64 gap;
} threadbeat, timerbeat;

static struct task_struct *beating;
static struct hrtimer beats;

static void beat(struct beat *b)
{
	u64 now = ktime_get_mono_fast_ns();

	if (b->last)
		b->gap = max(b->gap, now - b->last);
	b->last = now;
}

static enum hrtimer_restart on_beat(struct hrtimer *t)
{
	beat(&timerbeat);
	hrtimer_forward_now(t, NSEC_PER_MSEC);
	return HRTIMER_RESTART;
}

static int beater(void *unused)
{
	hrtimer_start(&beats, NSEC_PER_MSEC, HRTIMER_MODE_REL_PINNED_HARD);
	while (!kthread_should_stop()) {
		beat(&threadbeat);
		usleep_range(900, 1000);
	}
	hrtimer_cancel(&beats);
	return 0;
}

static void reset(void)
{
	threadbeat.last = 0;
	threadbeat.gap = 0;
	timerbeat.last = 0;
	timerbeat.gap = 0;
}

static int limits_beat(lua_State *L)
{
	int cpu = luaL_checkinteger(L, 1);

	if (beating)
		kthread_stop(beating);
	reset();
	beating = kthread_create(beater, NULL, "limits/beat");
	if (IS_ERR(beating)) {
		beating = NULL;
		return luaL_error(L, "no thread");
	}
	kthread_bind(beating, cpu);
	wake_up_process(beating);
	msleep(20);
	return 0;
}

static int limits_gaps(lua_State *L)
{
	msleep(20);
	lua_pushinteger(L, threadbeat.gap / NSEC_PER_MSEC);
	lua_pushinteger(L, timerbeat.gap / NSEC_PER_MSEC);
	reset();
	return 2;
}

static int limits_bind(lua_State *L)
{
	set_cpus_allowed_ptr(current, cpumask_of(luaL_checkinteger(L, 1)));
	return 0;
}

static const luaL_Reg limits_lib[] = {
	{"paint", limits_paint},
	{"left", limits_left},
	{"free", limits_free},
	{"fire", limits_fire},
	{"bind", limits_bind},
	{"beat", limits_beat},
	{"gaps", limits_gaps},
	{NULL, NULL}
};

LUNATIK_NEWLIB(limits, limits_lib, NULL);

static int __init limits_init(void)
{
	timer_setup(&timer, on_timer, 0);
	hrtimer_setup(&hrtimer, on_hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer_setup(&beats, on_beat, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	return 0;
}

static void __exit limits_exit(void)
{
	if (beating)
		kthread_stop(beating);
	timer_delete_sync(&timer);
	hrtimer_cancel(&hrtimer);
	irq_work_sync(&irqwork);
}

module_init(limits_init);
module_exit(limits_exit);
MODULE_DESCRIPTION("Test: what a script may take");
MODULE_LICENSE("Dual MIT/GPL");
