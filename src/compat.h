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

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 2, 0)
#include <linux/timer.h>
#define timer_delete_sync(timer)	del_timer_sync(timer)
#endif

#if LINUX_VERSION_CODE < KERNEL_VERSION(6, 16, 0)
#define timer_container_of(var, timer, field)	from_timer(var, timer, field)
#endif

#endif
