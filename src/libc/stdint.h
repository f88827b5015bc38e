/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What Lua asks for since 5.4.5: an integer that holds an address. */
#ifndef LUNATIK_STDINT_H
#define LUNATIK_STDINT_H

#include <linux/limits.h>
#include <linux/types.h>

#ifndef UINTPTR_MAX	/* older kernels */
#define UINTPTR_MAX	ULONG_MAX
#endif

#endif
