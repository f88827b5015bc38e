/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What Lua's headers ask of <stdarg.h>, from the kernel. */
#ifndef LUNATIK_STDARG_H
#define LUNATIK_STDARG_H

#ifdef __has_include	/* which sparse has not */
#if __has_include(<linux/stdarg.h>)
#include <linux/stdarg.h>
#endif
#endif

#ifndef va_start
typedef __builtin_va_list va_list;
#define va_start(v, l)	__builtin_va_start(v, l)
#define va_end(v)	__builtin_va_end(v)
#define va_arg(v, T)	__builtin_va_arg(v, T)
#define va_copy(d, s)	__builtin_va_copy(d, s)
#endif

#endif
