// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * What a kernel to test in has to report: insmod faults.ko what=KIND does it,
 * once, on purpose. Never load this into a machine that is used for something.
 */
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/spinlock.h>

static char *what = "";
module_param(what, charp, 0444);
MODULE_PARM_DESC(what, "the kind of fault");

static DEFINE_SPINLOCK(faults_spinlock);
static DEFINE_SPINLOCK(faults_other);
static DEFINE_MUTEX(faults_mutex);
static volatile int faults_bits = 40;
static volatile int faults_index = 9;
static int faults_shared;

struct faults_object {
	struct rcu_head rcu;
	int value;
};

static noinline int faults_use(struct faults_object *object)
{
	return READ_ONCE(object->value);
}

static void faults_use_after_free(void)
{
	struct faults_object *object = kzalloc(sizeof(*object), GFP_KERNEL);

	if (object) {
		OPTIMIZER_HIDE_VAR(object);
		kfree(object);
		faults_use(object);
	}
}

static void faults_out_of_bounds(void)
{
	int *array = kcalloc(8, sizeof(*array), GFP_KERNEL);

	if (array) {
		OPTIMIZER_HIDE_VAR(array);
		array[faults_index] = 1;
		kfree(array);
	}
}

static void faults_sleep(void)
{
	spin_lock(&faults_spinlock);
	msleep(1);
	spin_unlock(&faults_spinlock);
}

static void faults_sleep_rcu(void)
{
	rcu_read_lock();
	mutex_lock(&faults_mutex);
	mutex_unlock(&faults_mutex);
	rcu_read_unlock();
}

/* still held when insmod returns to user space */
static void faults_lock(void)
{
	mutex_lock(&faults_mutex);
}

static void faults_unlock(void)
{
	spin_unlock(&faults_other);
}

static void faults_deadlock(void)
{
	spin_lock(&faults_spinlock);
	spin_lock(&faults_other);
	spin_unlock(&faults_other);
	spin_unlock(&faults_spinlock);

	spin_lock(&faults_other);
	spin_lock(&faults_spinlock);
	spin_unlock(&faults_spinlock);
	spin_unlock(&faults_other);
}

static void faults_leak(void)
{
	void *memory;
	int i;

	for (i = 0; i < 10; i++) {
		memory = kmalloc(100, GFP_KERNEL);
		OPTIMIZER_HIDE_VAR(memory);
	}
}

static void faults_shift(void)
{
	faults_shared = 1 << faults_bits;
}

static void faults_freed(struct rcu_head *rcu)
{
}

static void faults_twice(void)
{
	static struct faults_object object;

	call_rcu(&object.rcu, faults_freed);
	call_rcu(&object.rcu, faults_freed);
	rcu_barrier();
}

static int faults_racer(void *unused)
{
	while (!kthread_should_stop()) {
		int i;

		for (i = 0; i < 1000; i++) {
			faults_shared++;
			barrier();
		}
		cond_resched();
	}
	return 0;
}

static void faults_race(void)
{
	struct task_struct *racers[2];
	int i;

	for (i = 0; i < 2; i++)
		racers[i] = kthread_run(faults_racer, NULL, "faults/%d", i);
	msleep(3000);
	for (i = 0; i < 2; i++)
		if (!IS_ERR(racers[i]))
			kthread_stop(racers[i]);
}

static const struct {
	const char *name;
	void (*commit)(void);
} faults[] = {
	{"use-after-free", faults_use_after_free},
	{"out-of-bounds", faults_out_of_bounds},
	{"sleep", faults_sleep},
	{"sleep-rcu", faults_sleep_rcu},
	{"lock", faults_lock},
	{"unlock", faults_unlock},
	{"deadlock", faults_deadlock},
	{"leak", faults_leak},
	{"shift", faults_shift},
	{"twice", faults_twice},
	{"race", faults_race},
};

static int __init faults_init(void)
{
	int i;

	for (i = 0; i < ARRAY_SIZE(faults); i++) {
		if (!strcmp(what, faults[i].name)) {
			faults[i].commit();
			return 0;
		}
	}
	pr_err("faults: no fault '%s'\n", what);
	return -EINVAL;
}

static void __exit faults_exit(void)
{
	rcu_barrier();
}

module_init(faults_init);
module_exit(faults_exit);
MODULE_DESCRIPTION("Faults that a kernel has to report");
MODULE_LICENSE("Dual MIT/GPL");
