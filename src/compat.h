/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Older kernels under the names of the newest: the only file that asks for a
 * kernel version. Where a name is a macro it asks for that instead, since a
 * stable kernel may have taken it over. Modules of the tests include it, too.
 */
#ifndef LUNATIK_COMPAT_H
#define LUNATIK_COMPAT_H

#include <linux/fs_struct.h>
#include <linux/hrtimer.h>
#include <linux/irq_work.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/timer.h>
#include <linux/uio.h>
#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0)
#error "Lunatik needs Linux 5.10 or newer"
#endif

#if LINUX_VERSION_CODE >= KERNEL_VERSION(5, 14, 0)
#include <linux/panic_notifier.h>
#else
#include <linux/kernel.h>
#endif

#ifndef in_hardirq	/* before 5.11 */
#define in_hardirq()	in_irq()
#endif

#ifndef IRQ_WORK_INIT_HARD	/* before 5.11 */
#define IRQ_WORK_INIT_HARD(f)	{ .flags = ATOMIC_INIT(IRQ_WORK_HARD_IRQ), .func = (f) }
#endif

#ifndef module_put_and_kthread_exit	/* before 5.17 */
#define module_put_and_kthread_exit(code)	module_put_and_exit(code)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#define timer_delete_sync(timer)	del_timer_sync(timer)
#endif

#ifndef ITER_DEST	/* before 6.2 */
#define ITER_DEST	READ
#define ITER_SOURCE	WRITE
#endif

/* what class->devnode gets; const since 6.2 */
struct device;
#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
typedef struct device devnode_device_t;
#else
typedef const struct device devnode_device_t;
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

#ifndef scoped_with_init_fs	/* before kernel threads had a root of their own, an empty one */
#define scoped_with_init_fs()
#endif

#endif
