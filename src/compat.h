/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Older kernels under the names of the newest: the only file that asks for a
 * kernel version.
 */
#ifndef LUNATIK_COMPAT_H
#define LUNATIK_COMPAT_H

#include <linux/version.h>

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 10, 0)
#error "Lunatik needs Linux 5.10 or newer"
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(5, 17, 0)
#include <linux/kthread.h>
#define module_put_and_kthread_exit(code)	module_put_and_exit(code)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 13, 0)
#include <linux/hrtimer.h>
static inline void hrtimer_setup(struct hrtimer *timer,
				 enum hrtimer_restart (*function)(struct hrtimer *),
				 clockid_t clock, enum hrtimer_mode mode)
{
	hrtimer_init(timer, clock, mode);
	timer->function = function;
}
#endif

#endif
