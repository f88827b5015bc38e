/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the macros of lua.c call while Lua's own code is compiled. The bodies
 * that need Lua's internals are in vm.c, later in the same unit.
 */
#ifndef LUNATIK_VM_H
#define LUNATIK_VM_H

#define LUNATIK_MAXLEVELS	200	/* of nested C calls, as Lua has it */
#define LUNATIK_NOLIMIT		0x10000	/* more than a counter of levels holds */

/* kernel stack that one level of pattern matching takes, measured: see Kbuild */
#define LUNATIK_MATCHFRAME	192

static u32 lunatik_lowstack(lua_State *L, struct lunatik_runtime *rt, unsigned long sp);
static l_noret lunatik_nofloat(lua_State *L);
static lua_Integer lunatik_pow(lua_State *L, lua_Integer base, lua_Integer exp);
static const char *lunatik_badnumber(const char *s);
static void lunatik_hook(lua_State *L, int event, int line, int from, int n);

/*
 * The limit of nested C calls at this moment: Lua raises an error when it
 * equals the present level, getCcalls(L).
 */
static __always_inline u32 lunatik_maxccalls(lua_State *L)
{
	unsigned long sp = (unsigned long)__builtin_frame_address(0);
	struct lunatik_runtime *rt = lunatik_runtimeof(L);

	if (likely(sp > rt->stack_soft && !rt->overflow))
		return LUNATIK_MAXLEVELS;
	return lunatik_lowstack(L, rt, sp);
}

/* Levels of recursion that a pattern may take on the stack that is left. */
static inline int lunatik_matchdepth(lua_State *L)
{
	long left = (unsigned long)__builtin_frame_address(0) -
		    lunatik_runtimeof(L)->stack_hard;

	return clamp_t(long, left / LUNATIK_MATCHFRAME, 1, LUNATIK_MAXLEVELS);
}

static inline void lunatik_overflowed(lua_State *L)
{
	lunatik_runtimeof(L)->overflow = true;
}

#endif
