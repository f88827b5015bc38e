/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What Lua's own files ask of the kernel, besides the C library: macros that
 * Lua leaves open, filled in. Included in core/lua.c before Lua's headers.
 */
#ifndef LUNATIK_LUA_KERNEL_H
#define LUNATIK_LUA_KERNEL_H

#include "../core/core.h"

/*
 * The limit of nested C calls is bytes of kernel stack, not levels:
 * luaE_checkcstack() raises when the value equals the present level, and does
 * nothing while it is above. See lunatik_maxccalls() in core/vm.c.
 */
#define LUAI_MAXCCALLS		lunatik_maxccalls(L)

/* an indirect jump per instruction costs a retpoline, and objtool does not follow it */
#define LUA_USE_JUMPTABLE	0

/* one seed for all: a short string's hash serves as a key of the RCU table */
#define luai_makeseed(...)	lunatik_makeseed()
/* not by get_random_u32(), which a probe may have hit with its lock held */
#define l_randomizePivot()	hash_64(ktime_get_mono_fast_ns(), 32)

/* the main thread is about to be freed: the timer must leave it alone */
#define luai_userstateclose(L)	WRITE_ONCE(lunatik_runtimeof(L)->running, NULL)

#endif
