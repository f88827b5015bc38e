/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef LUNATIK_ERRNO_H
#define LUNATIK_ERRNO_H

#include <linux/errno.h>

/* wherever Lua names errno, a lua_State called L is in scope */
#undef errno	/* user-mode Linux has one on the command line */
#define errno	(*lunatik_errno(L))

#endif
