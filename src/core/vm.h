/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the macros of lua.c call while Lua's own code is compiled. The bodies
 * that need Lua's internals are in vm.c, later in the same unit.
 */
#ifndef LUNATIK_VM_H
#define LUNATIK_VM_H

#define LUNATIK_MAXLEVELS	200	/* of nested C calls, as Lua has it */
#define LUNATIK_COUNT		1000	/* instructions from one count to the next */
#define LUNATIK_NOLIMIT		0x10000	/* more than a counter of levels holds */

static u32 lunatik_lowstack(lua_State *L, struct lunatik_runtime *rt, unsigned long sp);
static l_noret lunatik_nofloat(lua_State *L);
static lua_Integer lunatik_pow(lua_State *L, lua_Integer base, lua_Integer exp);
static const char *lunatik_badnumber(const char *s);
static void lunatik_polled(lua_State *L, unsigned int cost);
static void lunatik_freeuserdata(lua_State *L, void *o);
static Udata *lunatik_newudata(lua_State *L, size_t size, int nuvalue);
static void lunatik_hook(lua_State *L, int event, int line, int from, int n);

/*
 * The limit of nested C calls at this moment: Lua raises an error when it
 * equals the present level, getCcalls(L).
 */
static __always_inline u32 lunatik_maxccalls(lua_State *L)
{
	unsigned long sp = (unsigned long)__builtin_frame_address(0);
	struct lunatik_runtime *rt = lunatik_runtimeof(L);

	if (!LUNATIK_BOUNDED || likely(sp > rt->stack_soft && !rt->overflow))
		return LUNATIK_MAXLEVELS;
	return lunatik_lowstack(L, rt, sp);
}

/*
 * A hook fires between two instructions; a long call of a library has these
 * instead, where its loops turn: the script ends if it has to, and gives the
 * CPU to others. May raise. Whoever asks has set the hook as well, of the
 * coroutine that runs: a look at that costs least.
 */
static __always_inline bool lunatik_isdue(lua_State *L)
{
	return LUNATIK_BOUNDED && unlikely(READ_ONCE(L->hookmask) & LUA_MASKCOUNT) &&
	       READ_ONCE(lunatik_runtimeof(L)->due);
}

static __always_inline void lunatik_poll(lua_State *L)
{
	if (lunatik_isdue(L))
		lunatik_polled(L, 1);
}

/* The same after as many bytes were looked at, which takes its time. */
static __always_inline void lunatik_pollbytes(lua_State *L, size_t n)
{
	if (lunatik_isdue(L))
		lunatik_polled(L, 1 + n / 256);
}

/* The same where the pattern matcher calls itself. */
static __always_inline void lunatik_pollmatch(lua_State *L)
{
	struct lunatik_runtime *rt;

	if (!LUNATIK_BOUNDED)
		return;
	rt = lunatik_runtimeof(L);
	if (unlikely((unsigned long)__builtin_frame_address(0) < rt->stack_hard)) {
		rt->nostack++;
		luaL_error(L, "C stack overflow: pattern too complex");
	}
	lunatik_poll(L);
}

/* One more level of what is nested in a text; the parser counts them down again. */
static __always_inline void lunatik_nest(LexState *ls)
{
	lua_State *L = ls->L;
	struct lunatik_runtime *rt = lunatik_runtimeof(L);

	L->nCcalls++;
	if (!LUNATIK_BOUNDED ||
	    likely((unsigned long)__builtin_frame_address(0) > rt->stack_parser &&
		   getCcalls(L) < LUNATIK_MAXLEVELS))
		return;
	rt->nostack++;
	luaX_syntaxerror(ls, "C stack overflow, too much is nested");
}

static inline void lunatik_overflowed(lua_State *L)
{
	struct lunatik_runtime *rt = lunatik_runtimeof(L);

	rt->overflow = true;
	rt->nostack++;
}

/* Lua is about to raise "not enough memory"; a state in the making knows no runtime. */
static inline void lunatik_nomemory(lua_State *L)
{
	lunatik_object_t *object = lunatik_toruntime(L);

	if (object)
		((struct lunatik_runtime *)object->private)->nomemory++;
}

#endif
