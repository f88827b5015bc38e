/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* What Lua's headers ask of <stddef.h>, from the kernel. */
#ifndef LUNATIK_STDDEF_H
#define LUNATIK_STDDEF_H

#include <linux/stddef.h>
#include <linux/types.h>

#endif
