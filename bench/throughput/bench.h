/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* How main.c, which has the scenarios and the clock, calls what it measures. */
#ifndef BENCH_H
#define BENCH_H

#include <linux/completion.h>
#include <linux/sched.h>
#include <linux/types.h>

#include <lunatik.h>

#define BENCH_KEYS	1000	/* entries of a table */
#define BENCH_CPUS	2

/* One thread, bound to the CPU of its number. */
struct bench_worker {
	const struct bench_kind *kind;
	const char *op;
	int number;
	u64 ops;		/* done until the end of the time */
	u64 ns;			/* that took, from the common start to then */
	u64 gauge_ns, least_ns;	/* that gauge() took, in all and once */
	u64 steps, steps_ns;	/* it did undisturbed, and what these took */
	u64 cpu_ns;		/* of which it had the CPU */
	int ret;
	struct task_struct *task;
	struct completion done;
	lunatik_object_t *runtime;	/* of runtimes.c */
	u64 sum;		/* of what was read, so that it is */
	unsigned int at;	/* the next value to write, and the order: without Lua */
	unsigned short order[BENCH_KEYS];
};

/*
 * What is measured. @setup makes the data that the workers share, with what the
 * writer's @op needs, and @cleanup frees it; @begin and @end are called for
 * each worker; @chunk does some hundred operations and returns how many. All
 * but @chunk run before or after the time.
 */
struct bench_kind {
	int (*setup)(const char *op);
	void (*cleanup)(void);
	int (*begin)(struct bench_worker *worker);
	void (*end)(struct bench_worker *worker);
	long (*chunk)(struct bench_worker *worker);
};

extern const struct bench_kind bench_lua;	/* each thread has a runtime */
extern const struct bench_kind bench_enter;	/* and enters it for each operation */
extern const struct bench_kind bench_mutex;	/* all enter one runtime */
extern const struct bench_kind bench_rcu;	/* the same table, in C */
extern const struct bench_kind bench_rht;	/* rhashtable, in C */

/* What those in C share: the operations by name, and @order. */
struct bench_op {
	const char *name;
	long (*chunk)(struct bench_worker *worker);
};

long bench_call(const struct bench_op *ops, struct bench_worker *worker);
int bench_shuffle(struct bench_worker *worker);
void bench_noend(struct bench_worker *worker);

#endif
