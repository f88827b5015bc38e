/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Lua's assertions are off; tests turn them on with LUAI_ASSERT. */
#ifndef LUNATIK_ASSERT_H
#define LUNATIK_ASSERT_H

#include <linux/bug.h>

#define assert(c)	BUG_ON(!(c))

#endif
