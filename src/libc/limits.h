/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef LUNATIK_LIMITS_H
#define LUNATIK_LIMITS_H

#include <linux/limits.h>
#include <linux/kernel.h>

/* Lua tests these in the preprocessor, where the kernel's casts have no place */
#undef INT_MAX
#undef UINT_MAX
#undef LLONG_MAX
#undef LLONG_MIN
#undef ULLONG_MAX
#define INT_MAX		0x7fffffff
#define UINT_MAX	0xffffffffU
#define LLONG_MAX	0x7fffffffffffffffLL
#define LLONG_MIN	(-LLONG_MAX - 1)
#define ULLONG_MAX	0xffffffffffffffffULL

#ifndef UCHAR_MAX
#define UCHAR_MAX	((unsigned char)~0U)
#endif
#ifndef CHAR_BIT
#define CHAR_BIT	8
#endif

#endif
