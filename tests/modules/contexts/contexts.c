// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Three runtimes, one of each context, and one monitored object that all of
 * them use, while handlers are fired from everywhere at once:
 *
 *	process		two kernel threads, which enter all three runtimes
 *	softirq		a timer and a tasklet, which enter the softirq and the
 *			hardirq runtime
 *	hardirq		an hrtimer, an irq_work and a kprobe, which enter the
 *			hardirq runtime
 *
 * Each handler adds one to a global variable of its runtime and, by a method,
 * one to the object. In the end both have to be what the callers counted.
 * PREEMPT_RT has no hardirq runtime, and what would enter it is not fired.
 * Another script may count in other ways beside: its test compares the log.
 */
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/timer.h>

#include <lunatik.h>
#include <../compat.h>

static unsigned int seconds = 60;
module_param(seconds, uint, 0444);
static char *script = "t/api/contexts";
module_param(script, charp, 0444);

#if IS_ENABLED(CONFIG_PREEMPT_RT)
enum { PROCESS, SOFTIRQ, CONTEXTS, HARDIRQ = CONTEXTS };
#else
enum { PROCESS, SOFTIRQ, HARDIRQ, CONTEXTS };
#endif

static const char * const names[] = {"process", "softirq", "hardirq"};
static const lunatik_opt_t opts[] = {
	LUNATIK_OPT_NONE, LUNATIK_OPT_SOFTIRQ, LUNATIK_OPT_HARDIRQ,
};

static lunatik_object_t *runtimes[CONTEXTS];
static lunatik_object_t *tally;
static atomic_long_t entered[CONTEXTS];		/* handlers that returned 1 */
static atomic_long_t failed;
static atomic_t failure;			/* what the first of those got */
static bool stopping;

/* who fired how often, and whether it was what it says */
static struct source {
	const char *name;
	atomic_long_t fired;
	atomic_long_t elsewhere;
} threads = {"threads"}, timers = {"timer"}, tasklets = {"tasklet"},
	hrtimers = {"hrtimer"}, irqworks = {"irq_work"}, kprobes = {"kprobe"};

static int tally_add(lua_State *L)
{
	long *n = lunatik_checkobject(L, 1)->private;

	WRITE_ONCE(*n, READ_ONCE(*n) + luaL_checkinteger(L, 2));	/* on purpose not atomic */
	lua_pushinteger(L, *n);
	return 1;
}

static const luaL_Reg tally_methods[] = {
	{"add", tally_add},
	{NULL, NULL}
};

static const lunatik_class_t tally_class = {
	.name = "tally",
	.methods = tally_methods,
	.opt = LUNATIK_OPT_HARDIRQ | LUNATIK_OPT_MONITOR,
};

static int give(lua_State *L, lunatik_object_t *object)
{
	lunatik_cloneobject(L, object);
	lua_setglobal(L, "tally");
	return 0;
}

static int handler(lua_State *L)
{
	lua_getglobal(L, "handler");
	if (lua_pcall(L, 0, 1, 0) != LUA_OK) {
		pr_err_ratelimited("contexts: %s\n", lua_tostring(L, -1));
		return -ECANCELED;
	}
	return lua_tointeger(L, -1);
}

static int count(lua_State *L)
{
	lua_getglobal(L, "n");
	return lua_tointeger(L, -1);
}

static void enter(int context, struct source *source, bool is)
{
	int ret;

	if (context == CONTEXTS)
		return;
	lunatik_run(runtimes[context], handler, ret);
	if (ret == 1) {
		atomic_long_inc(&entered[context]);
	} else {
		atomic_long_inc(&failed);
		atomic_cmpxchg(&failure, 0, ret);
	}
	atomic_long_inc(&source->fired);
	if (!is)
		atomic_long_inc(&source->elsewhere);
}

/* --- hardirq */

static struct hrtimer hrtimer;

static enum hrtimer_restart on_hrtimer(struct hrtimer *timer)
{
	enter(HARDIRQ, &hrtimers, in_hardirq());
	hrtimer_forward_now(timer, ns_to_ktime(1500 * NSEC_PER_USEC));
	return READ_ONCE(stopping) ? HRTIMER_NORESTART : HRTIMER_RESTART;
}

static void on_irqwork(struct irq_work *work)
{
	enter(HARDIRQ, &irqworks, in_hardirq());
}

/* hard: with PREEMPT_RT any other is run by a thread */
static struct irq_work irqwork = IRQ_WORK_INIT_HARD(on_irqwork);

static noinline int probed(int i)
{
	barrier();
	return i + 1;
}

static int on_kprobe(struct kprobe *probe, struct pt_regs *regs)
{
	enter(HARDIRQ, &kprobes, !preemptible());
	return 0;
}

static struct kprobe kprobe = {
	.pre_handler = on_kprobe,
};

/* --- softirq */

static struct timer_list timer;

static void on_tasklet(unsigned long unused)
{
	enter(SOFTIRQ, &tasklets, in_serving_softirq());
	enter(HARDIRQ, &tasklets, in_serving_softirq());
}

static DECLARE_TASKLET_OLD(tasklet, on_tasklet);

static void on_timer(struct timer_list *unused)
{
	enter(SOFTIRQ, &timers, in_serving_softirq());
	enter(HARDIRQ, &timers, in_serving_softirq());
	tasklet_schedule(&tasklet);
	if (!READ_ONCE(stopping))
		mod_timer(&timer, jiffies + 1);
}

/* --- process */

static int thread(void *unused)
{
	int i;

	for (i = 0; !kthread_should_stop(); i++) {
		enter(i % CONTEXTS, &threads, in_task() && !irqs_disabled() &&
		      (preemptible() || !IS_ENABLED(CONFIG_PREEMPT_COUNT)));
		irq_work_queue(&irqwork);
		probed(i);
		if (i % 16 == 0)
			usleep_range(100, 200);
	}
	return 0;
}

static int start(void)
{
	struct task_struct *tasks[2];
	int i, ret;

	kprobe.addr = (void *)probed;
	ret = register_kprobe(&kprobe);
	if (ret)
		pr_err("contexts: no kprobe: %d\n", ret);

	timer_setup(&timer, on_timer, 0);
	hrtimer_setup(&hrtimer, on_hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	mod_timer(&timer, jiffies + 1);
	hrtimer_start(&hrtimer, ns_to_ktime(1500 * NSEC_PER_USEC), HRTIMER_MODE_REL_HARD);
	for (i = 0; i < ARRAY_SIZE(tasks); i++) {
		tasks[i] = kthread_create(thread, NULL, "contexts/%d", i);
		if (!IS_ERR(tasks[i])) {
			kthread_bind(tasks[i], i % num_online_cpus());
			wake_up_process(tasks[i]);
		}
	}

	ssleep(seconds);

	WRITE_ONCE(stopping, true);
	for (i = 0; i < ARRAY_SIZE(tasks); i++)
		if (!IS_ERR(tasks[i]))
			kthread_stop(tasks[i]);
	hrtimer_cancel(&hrtimer);
	timer_delete_sync(&timer);
	tasklet_kill(&tasklet);
	irq_work_sync(&irqwork);
	if (!ret)
		unregister_kprobe(&kprobe);
	return ret;
}

static int result(void)
{
	struct source *sources[] = {
		&threads, &timers, &tasklets, &hrtimers, &irqworks, &kprobes,
	};
	long total = 0;
	int i, n, ret = 0;

	for (i = 0; i < (IS_ENABLED(CONFIG_PREEMPT_RT) ? 3 : ARRAY_SIZE(sources)); i++) {
		pr_info("contexts: %s fired %ld times, %ld of them elsewhere\n", sources[i]->name,
			atomic_long_read(&sources[i]->fired),
			atomic_long_read(&sources[i]->elsewhere));
		if (!atomic_long_read(&sources[i]->fired) ||
		    atomic_long_read(&sources[i]->elsewhere))
			ret = -EINVAL;
	}
	for (i = 0; i < CONTEXTS; i++) {
		lunatik_run(runtimes[i], count, n);
		pr_info("contexts: %s runtime counted %d of %ld\n", names[i], n,
			atomic_long_read(&entered[i]));
		total += atomic_long_read(&entered[i]);
		if (n != atomic_long_read(&entered[i]) || n < 10)
			ret = -EINVAL;
	}
	pr_info("contexts: the object counted %ld of %ld, %ld failed (%d)\n",
		*(long *)tally->private, total, atomic_long_read(&failed),
		atomic_read(&failure));
	if (*(long *)tally->private != total || atomic_long_read(&failed))
		ret = -EINVAL;
	return ret;
}

static void stop(void)
{
	int i;

	for (i = 0; i < CONTEXTS; i++)
		if (runtimes[i])
			lunatik_stop(runtimes[i]);
	if (tally)
		lunatik_putobject(tally);
}

static int __init contexts_init(void)
{
	int i, ret = -ENOMEM;

	tally = lunatik_createobject(&tally_class, sizeof(long), LUNATIK_OPT_NONE);
	for (i = 0; i < CONTEXTS && tally; i++) {
		ret = lunatik_newruntime(&runtimes[i], script, opts[i]);
		if (ret)
			break;
		lunatik_run(runtimes[i], give, ret, tally);
		if (ret)
			break;
	}
	if (!ret)
		ret = start();
	if (!ret)
		ret = result();
	pr_info("contexts: %s\n", ret ? "failed" : "passed");
	if (ret)
		stop();
	return ret;
}

static void __exit contexts_exit(void)
{
	stop();
}

module_init(contexts_init);
module_exit(contexts_exit);
MODULE_DESCRIPTION("Test: handlers in three contexts");
MODULE_LICENSE("Dual MIT/GPL");
