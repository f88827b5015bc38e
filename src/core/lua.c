// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Lua, whole and unmodified, as one translation unit.
 *
 * One unit lets objtool see which of Lua's functions never return, keeps
 * Lua's internal symbols to itself, and lets vm.c, at the end, use internals
 * where it needs them. What the kernel wants otherwise than a C library has
 * it is said here from outside, by macros that stand between Lua's headers
 * and its code; each says why. DESIGN.md, section 3.
 */
#include <linux/bug.h>
#include <linux/ctype.h>
#include <linux/errno.h>
#include <linux/hash.h>
#include <linux/kernel.h>
#include <linux/kprobes.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/ratelimit.h>
#include <linux/string.h>

#define LUA_CORE
#define LUA_LIB

#include "../libc/limits.h"

#include "../libc/lua_kernel.h"

/* the lexer has a field of this name */
#undef current

/*
 * The collector switches hooks off while a finalizer runs, by this flag. Ours
 * has to reach a finalizer that does not end, so the collector gets a flag of
 * its own, which nobody reads.
 */
#define allowhook	allowhook; lu_byte allowhook_gc
#include "../lua/lprefix.h"
#include "../lua/lstate.h"
#undef allowhook

#include "../lua/lapi.h"
#include "../lua/lcode.h"
#include "../lua/lctype.h"
#include "../lua/ldebug.h"
#include "../lua/ldo.h"
#include "../lua/lfunc.h"
#include "../lua/lgc.h"
#include "../lua/llex.h"
#include "../lua/lmem.h"
#include "../lua/lobject.h"
#include "../lua/lopcodes.h"
#include "../lua/lparser.h"
#include "../lua/lstring.h"
#include "../lua/ltable.h"
#include "../lua/ltm.h"
#include "../lua/lundump.h"
#include "../lua/lvm.h"
#include "../lua/lzio.h"

#include "../libc/file.h"
#include "vm.h"

/* counted */
#undef luaM_error
#define luaM_error(L)		(lunatik_nomemory(L), luaD_throw(L, LUA_ERRMEM))

/* no value ever gets the tag of a float */
#undef setfltvalue
#define setfltvalue(obj, x)	setivalue(obj, x)
#undef luai_numisnan
#define luai_numisnan(a)	((void)(a), 0)
#undef luai_nummod
#define luai_nummod(L, a, b, m)	((m) = luaV_mod(L, a, b))

/*
 * Division and power work on integers and may raise, which wants the place in
 * the script saved. In the interpreter that is savestate(); elsewhere a C
 * function is on top.
 */
#undef luai_numdiv
#undef luai_numpow
#define luai_numdiv(L, a, b)	luaV_idiv(L, a, b)
#define luai_numpow(L, a, b)	lunatik_pow(L, a, b)

/* a reader may be a C function that never ends the text */
#pragma push_macro("lua_unlock")
#undef lua_unlock
#define lua_unlock(L)		lunatik_poll(L)
#include "../lua/lzio.c"
#pragma pop_macro("lua_unlock")
#include "../lua/lctype.c"
#include "../lua/lopcodes.c"
#include "../lua/lmem.c"

/* the raise for lack of kernel stack is noted, so that its handler may run */
#define luaG_runerror(L, ...)	(lunatik_overflowed(L), luaG_runerror(L, __VA_ARGS__))
/* these run __close on the coroutine; vm.c's are around them, as lua_resume() is */
#undef lua_resetthread
#undef lua_closethread
#define lua_resetthread	lunatik_rawresetthread
#define lua_closethread	lunatik_rawclosethread
static int lunatik_rawresetthread(lua_State *L);
#if LUA_VERSION_RELEASE_NUM >= 50406
static int lunatik_rawclosethread(lua_State *L, lua_State *from);
#endif
#include "../lua/lstate.c"
#undef lua_resetthread
#undef lua_closethread
#define lua_resetthread	lunatik_lua_resetthread
#define lua_closethread	lunatik_lua_closethread
#undef luaG_runerror

/*
 * An object is given back when its userdata is freed. A finalizer would do
 * for most: but one whose call fails, for want of stack or memory, is not
 * called again.
 */
#pragma push_macro("luaM_freemem")
#undef luaM_freemem
#define luaM_freemem(L, o, size)					\
	(((GCObject *)(o))->tt == LUA_VUSERDATA ?			\
	 lunatik_freeuserdata(L, o) : (void)0, luaM_free_(L, o, size))
#define allowhook	allowhook_gc
/*
 * Looking for what hangs on weak keys goes over all of them again and again,
 * which a script can make last for hours. The third argument of the call in
 * that loop is 'dir', that of the definition 'int inv'.
 */
#define traverseephemeron(g, h, how)	lunatik_traverseweak(g, h, lunatik_weak_##how)
#define lunatik_weak_int	int
#define lunatik_weak_0		0
#define lunatik_weak_dir	(lunatik_lookagain(g, h), dir)
#define luaS_clearcache(g)	(lunatik_looked(g), (luaS_clearcache)(g))
static void lunatik_lookagain(global_State *g, Table *h);
static void lunatik_looked(global_State *g);
#include "../lua/lgc.c"
#undef luaS_clearcache
#undef allowhook

#define LUNATIK_PATIENCE	(1 << 22)	/* entries of weak tables, in one collection */

/* The end of a collection, as far as weak tables go. */
static void lunatik_looked(global_State *g)
{
	lunatik_runtimeof(g->mainthread)->looked = 0;
}

/*
 * A table is looked at once more. When that was done often enough, a key that
 * seems to be garbage is kept for what it leads to, as in a table that is not
 * weak: each step then gets an entry out of the way.
 */
static void lunatik_lookagain(global_State *g, Table *h)
{
	struct lunatik_runtime *rt = lunatik_runtimeof(g->mainthread);
	int i;

	rt->looked += sizenode(h);
	if (rt->looked < LUNATIK_PATIENCE)
		return;
	for (i = 0; i < sizenode(h); i++) {
		Node *n = gnode(h, i);

		if (!isempty(gval(n)) && keyiscollectable(n) && valiswhite(gval(n)) &&
		    iscleared(g, gckeyN(n)))
			reallymarkobject(g, gckey(n));
	}
}

#pragma pop_macro("luaM_freemem")

/* a literal that is no integer gets a message that says so */
#define luaO_str2num(s, o)						\
	((luaO_str2num)(s, o) ?: (lexerror(ls, lunatik_badnumber(s), TK_FLT), 0))
/* the parser has loops that grow with the text: once per token it can be ended */
#undef luaZ_resetbuffer
#define luaZ_resetbuffer(buff)	(lunatik_poll(ls->L), (buff)->n = 0)
#include "../lua/llex.c"
#undef luaZ_resetbuffer
#define luaZ_resetbuffer(buff)	((buff)->n = 0)
#undef luaO_str2num

/* what would raise is not folded, so that it raises where it runs */
#define luaO_rawarith(L, op, a, b, r)					\
	do {								\
		if ((op) == LUA_OPPOW && ivalue(b) < 0)			\
			return 0;					\
		(luaO_rawarith)(L, op, a, b, r);			\
	} while (0)
#include "../lua/lcode.c"
#undef luaO_rawarith

/*
 * The parser calls nothing but Lua, so it may go deeper than the rest; and its
 * functions are kept apart, lest each level has the frames of all of them.
 */
#define luaE_incCstack(L)	lunatik_nest(ls)
static noinline void forstat(LexState *ls, int line);
static noinline void fornum(LexState *ls, TString *varname, int line);
static noinline void forlist(LexState *ls, TString *indexname);
static noinline void ifstat(LexState *ls, int line);
static noinline void test_then_block(LexState *ls, int *escapelist);
static noinline void whilestat(LexState *ls, int line);
static noinline void repeatstat(LexState *ls, int line);
static noinline void localstat(LexState *ls);
static noinline void localfunc(LexState *ls);
static noinline void funcstat(LexState *ls, int line);
static noinline void exprstat(LexState *ls);
static noinline void retstat(LexState *ls);
static noinline void gotostat(LexState *ls);
static noinline void labelstat(LexState *ls, TString *name, int line);
#include "../lua/lparser.c"
#undef luaE_incCstack

/* the timer asks by way of the count hook, and gets its answer first */
#define luaD_hook(L, event, line, from, n) lunatik_hook(L, event, line, from, n)
#include "../lua/ldebug.c"
#undef luaD_hook

#include "../lua/lfunc.c"
#include "../lua/lobject.c"
#include "../lua/ltm.c"
#include "../lua/lstring.c"
#include "../lua/ltable.c"

/* lua_resume() is vm.c's, around this one */
#undef lua_resume
#define lua_resume	lunatik_rawresume
static int lunatik_rawresume(lua_State *L, lua_State *from, int narg, int *nres);
/* what is called may be a table with a __call that is one, and so on, for ever */
#define luaT_gettmbyobj(L, o, event)	(lunatik_poll(L), (luaT_gettmbyobj)(L, o, event))
#include "../lua/ldo.c"
#undef luaT_gettmbyobj
#undef lua_resume
#define lua_resume	lunatik_lua_resume

#undef luai_numdiv
#undef luai_numpow
#define luai_numdiv(L, a, b)	(savestate(L, ci), luaV_idiv(L, a, b))
#define luai_numpow(L, a, b)	(savestate(L, ci), lunatik_pow(L, a, b))
#include "../lua/lvm.c"

/* a userdata that is not filled yet looks like nothing, and tells nothing */
#define luaS_newudata(L, size, n)	lunatik_newudata(L, size, n)
/* vm.c's is around this one */
#undef lua_pcallk
#define lua_pcallk	lunatik_rawpcallk
static int lunatik_rawpcallk(lua_State *L, int nargs, int nresults, int errfunc,
			     lua_KContext ctx, lua_KFunction k);
#include "../lua/lapi.c"
#undef lua_pcallk
#define lua_pcallk	lunatik_lua_pcallk
#undef luaS_newudata
#include "vm.c"

/* files are opened for a runtime, and only where it may sleep */
#define fopen(name, mode)	lunatik_fopen(L, name)
#define freopen(name, mode, f)	lunatik_freopen(f)

static __always_inline FILE *lunatik_nostdin(lua_State *L)
{
	lunatik_stdin(L);
	BUG();
	return NULL;
}

#define stdin			lunatik_nostdin(L)
#define panic			lunatik_luaL_panic	/* the kernel has one */
#define strstr(s, p)		lunatik_strstr(b->L, s, p)
#include "../lua/lauxlib.c"
#undef strstr
#undef panic
#undef errno

#pragma push_macro("lua_pushnumber")
#undef lua_pushnumber

/* collectgarbage("count") is in bytes */
#define lua_pushnumber(L, n)	lua_pushinteger(L, ((lua_Integer)k << 10) + b)
#include "../lua/lbaselib.c"
#undef lua_pushnumber

#include "../lua/lcorolib.c"

/*
 * The debug library sees scripts, not what carries them: it does not reach
 * the values that a C function keeps on its stack or in its closure, the
 * hidden state of a loop, or the metatable of a userdata. With any of these a
 * script could free what is in use. debug.getregistry() and debug.debug(),
 * which reads lines, are not in the library.
 */
#define fgets(buffer, size, file)	((char *)NULL)
#pragma push_macro("lua_getlocal")
#pragma push_macro("lua_setlocal")
#pragma push_macro("lua_setupvalue")
#pragma push_macro("lua_getmetatable")
#pragma push_macro("lua_setmetatable")
#pragma push_macro("lua_getupvalue")
#pragma push_macro("lua_getinfo")
#pragma push_macro("lua_sethook")
#undef lua_getlocal
#undef lua_setlocal
#undef lua_setupvalue
#undef lua_getupvalue
#undef lua_getinfo
#undef lua_sethook
#undef lua_getmetatable
#undef lua_setmetatable
#define lua_getlocal(L, ar, n)		lunatik_getlocal(L, ar, n)
#define lua_setlocal(L, ar, n)		lunatik_setlocal(L, ar, n)
#define lua_getinfo(L1, what, ar)	lunatik_getinfo(L, L1, what, ar)
#define lua_sethook(L1, f, mask, n)	lunatik_sethook(L, L1, f, mask, n)
#define lua_getupvalue(L, i, n)		\
	(lua_iscfunction(L, i) ? NULL : lunatik_lua_getupvalue(L, i, n))
#define lua_setupvalue(L, i, n)		\
	(lua_iscfunction(L, i) ? NULL : lunatik_lua_setupvalue(L, i, n))
#define lua_getmetatable(L, i)		\
	(lua_type(L, i) != LUA_TUSERDATA && lunatik_lua_getmetatable(L, i))
#define lua_setmetatable(L, i)		lunatik_setmetatable(L, i)
#include "../lua/ldblib.c"
#pragma pop_macro("lua_sethook")
#pragma pop_macro("lua_getinfo")
#pragma pop_macro("lua_getupvalue")
#pragma pop_macro("lua_setmetatable")
#pragma pop_macro("lua_getmetatable")
#pragma pop_macro("lua_setupvalue")
#pragma pop_macro("lua_setlocal")
#pragma pop_macro("lua_getlocal")

/*
 * Formats and packings of floats are refused. The types keep their sizes, and
 * no floating-point instruction is ever asked for.
 */
#define float			int
#define double			long long
#pragma push_macro("luaL_checknumber")
#undef luaL_checknumber
#define luaL_checknumber(L, n)	(lunatik_nofloat(L), 0)
#define lua_pushnumber(L, n)	((void)(n), lunatik_nofloat(L))

/*
 * The matcher asks l_unlikely() whether it may call itself once more, where ms
 * is what it matches. Functions that know no ms see this one.
 */
static const struct {
	lua_State *L;
} *const ms;
#pragma push_macro("l_unlikely")
#undef l_unlikely
#define l_unlikely(x)						\
	(__builtin_strcmp(#x, "ms->matchdepth-- == 0") == 0 ?		\
	 lunatik_pollmatch(ms->L) : (void)0, unlikely(x))
/*
 * A set can be as long as the pattern. In the calls the third argument begins
 * with 'ep', in the definition with 'const'.
 */
#define matchbracketclass(c, p, ec)	lunatik_inset(c, p, lunatik_set_##ec)
#define lunatik_set_const	const
#define lunatik_set_ep		(lunatik_pollbytes(ms->L, ep - p), ep)
/* for "%q" of a string with many control characters */
#pragma push_macro("luaL_addstring")
#undef luaL_addstring
#define luaL_addstring(B, s)	(lunatik_poll((B)->L), lunatik_luaL_addstring(B, s))
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wtautological-compare"	/* it asks for NaN */
#include "../lua/lstrlib.c"
#pragma pop_macro("luaL_addstring")
#pragma GCC diagnostic pop
#pragma pop_macro("l_unlikely")

static const char *lunatik_search(lua_State *L, const char *s, size_t ls,
				  const char *p, size_t lp)
{
	const char *end = s + ls;

	if (lp == 0)
		return s;
	while (lp <= (size_t)(end - s)) {
		const char *from = s;

		s = memchr(s, *p, end - s - lp + 1);
		lunatik_pollbytes(L, (s ?: end) - from);
		if (!s)
			return NULL;
		if (memcmp(s, p, lp) == 0)
			return s;
		s++;
	}
	return NULL;
}

/* string.find: a search without a pattern, which in Lua's nothing can end */
int lunatik_find(lua_State *L)
{
	size_t ls, lp;
	const char *s = luaL_checklstring(L, 1, &ls);
	const char *p = luaL_checklstring(L, 2, &lp);
	size_t init = posrelatI(luaL_optinteger(L, 3, 1), ls) - 1;
	const char *at;

	if (init > ls || !(lua_toboolean(L, 4) || nospecials(p, lp)))
		return str_find(L);
	at = lunatik_search(L, s + init, ls - init, p, lp);
	if (!at) {
		luaL_pushfail(L);
		return 1;
	}
	lua_pushinteger(L, at - s + 1);
	lua_pushinteger(L, at - s + lp);
	return 2;
}

#define LUNATIK_REPPIECE	(64 << 10)	/* copied at once */

/* string.rep: copies what is there already, in larger and larger pieces */
int lunatik_rep(lua_State *L)
{
	size_t len, seplen, unit, total, done;
	const char *s = luaL_checklstring(L, 1, &len);
	lua_Integer n = luaL_checkinteger(L, 2);
	const char *sep = luaL_optlstring(L, 3, "", &seplen);
	luaL_Buffer buffer;
	char *to;

	unit = len + seplen;
	if (n <= 0 || unit == 0) {
		lua_pushliteral(L, "");
		return 1;
	}
	if (n > MAXSIZE / unit)
		return luaL_error(L, "resulting string too large");
	total = n * unit - seplen;
	to = luaL_buffinitsize(L, &buffer, total);
	memcpy(to, s, len);
	if (n > 1)
		memcpy(to + len, sep, seplen);
	for (done = min(unit, total); done < total; ) {
		size_t piece = min(done, total - done);

		if (piece > LUNATIK_REPPIECE && piece > unit)
			piece = max((size_t)LUNATIK_REPPIECE / unit, (size_t)1) * unit;
		memcpy(to + done, to, piece);
		done += piece;
		lunatik_pollbytes(L, piece);
	}
	luaL_pushresultsize(&buffer, total);
	return 1;
}

#undef lua_pushnumber
#pragma pop_macro("luaL_checknumber")
#undef double
#undef float
#pragma pop_macro("lua_pushnumber")

/* loops over as many elements as a script says there are */
#pragma push_macro("lua_geti")
#undef lua_geti
#define lua_geti(L, i, n)	(lunatik_poll(L), lunatik_lua_geti(L, i, n))
#include "../lua/ltablib.c"
#pragma pop_macro("lua_geti")
/* the same, by the first argument */
#define utf8_decode(s, c, strict)	lunatik_decode(lunatik_utf8_##s, c, strict)
#define lunatik_utf8_const	const
#define lunatik_utf8_s		(lunatik_poll(L), s)
#include "../lua/lutf8lib.c"
