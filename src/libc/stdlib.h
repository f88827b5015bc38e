/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef LUNATIK_STDLIB_H
#define LUNATIK_STDLIB_H

#include <linux/bug.h>

/* reached only by an error thrown outside every protected call */
#define abort()		BUG()

/* luaL_newstate() asks for these; a state of ours has the runtime's allocator */
#define free(p)		((void)(p))
#define realloc(p, n)	((void)(p), (void)(n), NULL)

#endif
