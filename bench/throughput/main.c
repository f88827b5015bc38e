// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * How many operations a second one thread gets done, and two on two CPUs.
 *
 * Loading the module measures; each sample is a line of the log:
 *
 *	bench: SCENARIO CPUS RATE PERCENT STEADY
 *
 * RATE is in operations a second. PERCENT is how much of the time the threads
 * had their CPUs: the kernel's own work takes the rest, such as freeing what
 * writers replaced. STEADY is the rate that a machine of a certain speed would
 * have: the CPUs of a virtual machine run now at full speed and now at half of
 * it, as their neighbours work, so each thread gauges its own now and then.
 *
 * One round goes through all scenarios, with one CPU and with two right after
 * one another, so what disturbs the machine disturbs all alike.
 */
#include <linux/cpumask.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/math64.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "bench.h"

static unsigned int rounds = 7;
module_param(rounds, uint, 0444);
MODULE_PARM_DESC(rounds, "samples of each scenario (default 7)");

static unsigned int ms = 200;
module_param(ms, uint, 0444);
MODULE_PARM_DESC(ms, "milliseconds of a sample (default 200)");

static char *only = "";
module_param(only, charp, 0444);
MODULE_PARM_DESC(only, "run only scenarios whose name holds this");

/*
 * @op is what each thread does. If there is another for the second thread,
 * the figure is that of the first: how it fares alone and beside the second.
 */
static const struct scenario {
	const char *name;
	const struct bench_kind *kind;
	const char *op;
	const char *beside;
} scenarios[] = {
	{"rcu-read", &bench_lua, "read"},
	{"rcu-read-beside-integers", &bench_lua, "read", "replace_all"},
	{"rcu-read-beside-strings", &bench_lua, "read", "replace_all_strings"},
	{"rcu-read-beside-other-keys", &bench_lua, "read_own", "replace"},
	{"rcu-replace-integers", &bench_lua, "replace"},
	{"rcu-replace-strings", &bench_lua, "replace_strings"},
	{"rcu-replace-booleans", &bench_lua, "replace_booleans"},
	{"rcu-insert-delete", &bench_lua, "insert_delete"},
	{"rcu-replace-one-key", &bench_lua, "replace_one"},
	{"rcu-enter-read", &bench_enter, "read_each"},
	{"rcu-enter-replace", &bench_enter, "replace_each"},
	{"mutex-enter-read", &bench_mutex, "read_each_plain"},
	{"mutex-enter-replace", &bench_mutex, "replace_each_plain"},
	{"lua-read", &bench_lua, "read_plain"},
	{"rcu-c-read", &bench_rcu, "read"},
	{"rcu-c-read-beside", &bench_rcu, "read", "replace_all"},
	{"rcu-c-replace", &bench_rcu, "replace"},
	{"rcu-c-insert-delete", &bench_rcu, "insert_delete"},
	{"rcu-c-replace-one-key", &bench_rcu, "replace_one"},
	{"rht-read", &bench_rht, "read"},
	{"rht-read-beside", &bench_rht, "read", "replace_all"},
	{"rht-read-beside-other-keys", &bench_rht, "read_own", "replace"},
	{"rht-replace", &bench_rht, "replace"},
	{"rht-insert-delete", &bench_rht, "insert_delete"},
	{"rht-replace-one-key", &bench_rht, "replace_one"},
};

long bench_call(const struct bench_op *ops, struct bench_worker *worker)
{
	for (; ops->name; ops++)
		if (strcmp(ops->name, worker->op) == 0)
			return ops->chunk(worker);
	return -EINVAL;
}

/* An order of the keys of each worker's own. */
int bench_shuffle(struct bench_worker *worker)
{
	u32 random = worker->number + 1;
	int i;

	for (i = 0; i < BENCH_KEYS; i++) {
		unsigned int j;

		random = random * 1103515245 + 12345;
		j = (random >> 16) % (i + 1);
		worker->order[i] = worker->order[j];
		worker->order[j] = i;
	}
	return 0;
}

void bench_noend(struct bench_worker *worker)
{
}

static struct bench_worker *workers;
static atomic_t absent;		/* threads that have not come to the start */
static atomic_t running;	/* whose time is not over */
static u64 start;
static bool started;

/* The last one to come starts all. */
static void wait_for_start(void)
{
	if (atomic_dec_and_test(&absent)) {
		start = ktime_get_ns();
		smp_store_release(&started, true); /* pairs with the next */
	}
	while (!smp_load_acquire(&started)) /* and then start is seen */
		cpu_relax();
}

#define GAUGE_STEPS	5000		/* some microseconds */
#define GAUGE_PAUSE	200000		/* ns between two of them */
#define GAUGE_SPEED	1000000000	/* steps a second of that machine */

/* Work that shares nothing: hashes, and loads from a small table. */
static u64 gauge(struct bench_worker *worker, u64 now)
{
	u64 then, took;
	u32 i;

	for (i = 0; i < GAUGE_STEPS; i++)
		worker->sum += READ_ONCE(worker->order[(i * 0x9e3779b1 >> 16) % BENCH_KEYS]);
	then = ktime_get_ns();
	took = then - now;
	worker->gauge_ns += took;
	if (!worker->least_ns || took < worker->least_ns)
		worker->least_ns = took;
	if (took <= 3 * worker->least_ns) {	/* else it was interrupted */
		worker->steps += GAUGE_STEPS;
		worker->steps_ns += took;
	}
	return then;
}

/* The scheduler counts at switches and ticks. */
static u64 cpu_time(void)
{
	yield();
	return current->se.sum_exec_runtime;
}

/* Who is at the end of its time goes on until all are: none works alone. */
static int bench_thread(void *data)
{
	struct bench_worker *worker = data;
	u64 ops = 0, gauged = 0, cpu_ns = cpu_time();

	wait_for_start();
	do {
		long done = worker->kind->chunk(worker);

		if (done < 0) {
			worker->ret = done;
			if (!worker->ns)
				atomic_dec(&running);
			break;
		}
		ops += done;
		if (!worker->ns) {
			u64 now = ktime_get_ns();

			if (now - gauged > GAUGE_PAUSE) {
				now = gauge(worker, now);
				gauged = now;
			}
			if (now - start >= (u64)ms * NSEC_PER_MSEC) {
				worker->ops = ops;
				worker->ns = now - start - worker->gauge_ns;
				worker->cpu_ns = cpu_time() - cpu_ns;
				atomic_dec(&running);
			}
		}
		cond_resched();
	} while (atomic_read(&running) > 0);
	complete(&worker->done);
	return 0;
}

static int make_thread(struct bench_worker *worker)
{
	struct task_struct *task = kthread_create(bench_thread, worker, "bench/%d",
						  worker->number);

	if (IS_ERR(task))
		return PTR_ERR(task);
	get_task_struct(task);
	kthread_bind(task, worker->number);
	worker->task = task;
	return 0;
}

/* One that never ran does not run any more. */
static void end_thread(struct bench_worker *worker)
{
	kthread_stop(worker->task);
	put_task_struct(worker->task);
}

/* All of @n threads are there and begin together, or none does. */
static int run_threads(int n)
{
	int i, ret = 0;

	atomic_set(&absent, n);
	atomic_set(&running, n);
	started = false;
	for (i = 0; i < n && ret == 0; i++)
		ret = make_thread(&workers[i]);
	if (ret) {
		for (i -= 2; i >= 0; i--)
			end_thread(&workers[i]);
		return ret;
	}

	for (i = 0; i < n; i++)
		wake_up_process(workers[i].task);
	for (i = 0; i < n; i++) {
		wait_for_completion(&workers[i].done);
		end_thread(&workers[i]);
		ret = ret ?: workers[i].ret;
	}
	return ret;
}

static int begin(const struct scenario *s, struct bench_worker *worker, int number)
{
	memset(worker, 0, sizeof(*worker));
	worker->kind = s->kind;
	worker->op = number > 0 && s->beside ? s->beside : s->op;
	worker->number = number;
	init_completion(&worker->done);
	return s->kind->begin(worker);
}

static void report(const char *name, const char *suffix, int cpus, int first, int n)
{
	u64 rate = 0, percent = 0, steady = 0;
	int i;

	for (i = first; i < first + n; i++) {
		struct bench_worker *worker = &workers[i];

		u64 own = mul_u64_u64_div_u64(worker->ops, NSEC_PER_SEC, worker->ns);
		u64 speed = mul_u64_u64_div_u64(worker->steps, NSEC_PER_SEC, worker->steps_ns);

		rate += own;
		steady += mul_u64_u64_div_u64(own, GAUGE_SPEED, speed);
		percent += min(div64_u64(worker->cpu_ns * 100, worker->ns + worker->gauge_ns),
			       100ULL);
	}
	pr_info("bench: %s%s %d %llu %llu %llu\n", name, suffix, cpus, rate,
		div_u64(percent, n), steady);
}

static int sample(const struct scenario *s, int cpus)
{
	int begun, ret = 0;

	for (begun = 0; begun < cpus && ret == 0; begun++)
		ret = begin(s, &workers[begun], begun);
	if (ret)
		begun--;
	else
		ret = run_threads(cpus);
	if (ret == 0) {
		report(s->name, "", cpus, 0, s->beside ? 1 : cpus);
		if (s->beside && cpus > 1)
			report(s->name, "-writer", cpus, 1, 1);
	}
	while (--begun >= 0)
		s->kind->end(&workers[begun]);
	return ret;
}

/* Both samples are of the same data; which is first alternates. */
static int run_scenario(const struct scenario *s, unsigned int round)
{
	int i, ret = s->kind->setup(s->beside ?: s->op);

	if (ret)
		return ret;
	for (i = 0; i < BENCH_CPUS && ret == 0; i++) {
		ret = sample(s, (i + round) % BENCH_CPUS + 1);
		rcu_barrier();	/* what a writer left to be freed */
	}
	s->kind->cleanup();
	if (ret)
		pr_err("bench: %s: error %d\n", s->name, ret);
	return ret;
}

static int __init bench_init(void)
{
	unsigned int round;
	int i, ret = 0;

	if (num_online_cpus() < BENCH_CPUS) {
		pr_err("bench: this needs %d CPUs\n", BENCH_CPUS);
		return -ENODEV;
	}
	workers = kcalloc(BENCH_CPUS, sizeof(*workers), GFP_KERNEL);
	if (!workers)
		return -ENOMEM;
	for (round = 0; round < rounds; round++) {
		for (i = 0; i < ARRAY_SIZE(scenarios) && ret == 0; i++) {
			if (fatal_signal_pending(current))
				ret = -EINTR;
			else if (strstr(scenarios[i].name, only))
				ret = run_scenario(&scenarios[i], round);
		}
	}
	kfree(workers);
	return ret;
}

static void __exit bench_exit(void)
{
	rcu_barrier();
}

module_init(bench_init);
module_exit(bench_exit);
MODULE_DESCRIPTION("Throughput of Lunatik's RCU table");
MODULE_AUTHOR("Lunatik for Debian");
MODULE_LICENSE("Dual MIT/GPL");
