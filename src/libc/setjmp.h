/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Lua's errors are jumps: see lunatik_setjmp.h. */
#include <linux/bug.h>

#include <lunatik_setjmp.h>

#ifndef luai_jmpbuf
#define luai_jmpbuf		lunatik_jmpbuf
#define LUAI_TRY(L, c, a)	if (lunatik_setjmp((c)->b) == 0) { a }
#define LUAI_THROW(L, c)	do { lunatik_longjmp((c)->b); BUG(); } while (0)
#endif
