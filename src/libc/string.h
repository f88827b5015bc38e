/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Lua's idea of <string.h> is the kernel's, with three calls it does not have. */
#ifndef LUNATIK_STRING_H
#define LUNATIK_STRING_H

#include <linux/string.h>

#define strcoll(a, b)	strcmp(a, b)
#define strerror(e)	lunatik_errmsg(e)

const char *lunatik_errmsg(int err);

#endif
