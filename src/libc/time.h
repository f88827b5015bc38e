/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Lua takes no time from here: seeds come from the kernel. */
#ifndef LUNATIK_TIME_H
#define LUNATIK_TIME_H

#endif
