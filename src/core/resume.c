// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A script as a coroutine. Its body runs once when the runtime is made; if it
 * yields there, or returns a function, it can be resumed from another runtime,
 * and values go back and forth.
 *
 * Nothing of one Lua state is ever seen by another: values are copied, and a
 * Lunatik object is the same one behind another userdata.
 */
#include <linux/string.h>

#include "core.h"

/* --- what a runtime does at first */

/* What an error left on top, if it is a string, or NULL. */
static const char *resume_message(lua_State *script)
{
	return lua_type(script, -1) == LUA_TSTRING ? lua_tostring(script, -1) : NULL;
}

/* Upvalues: none; arguments: the message, the thread it comes from. */
static int script_describe(lua_State *L)
{
	lua_State *script = lua_tothread(L, 2);
	const char *msg;

	luaL_checktype(L, 2, LUA_TTHREAD);	/* debug.getinfo() hands this out */
	msg = luaL_tolstring(L, 1, NULL);
	if (lua_type(L, 1) != LUA_TSTRING && !luaL_getmetafield(L, 1, "__tostring"))
		msg = lua_pushfstring(L, "(error object is a %s value)", luaL_typename(L, 1));
	luaL_traceback(L, script, msg, 0);
	return 1;
}

/* The script has failed with the message on top of its stack. */
static void script_failed(lua_State *L, lua_State *script, int status, char *copy, size_t size)
{
	const char *msg;
	size_t len;

	lunatik_counterror(lunatik_runtimeof(L), resume_message(script));
	if (status == LUA_ERRSYNTAX || status == LUA_ERRFILE) {
		lua_xmove(script, L, 1);
	} else {
		lua_pushcfunction(L, script_describe);
		lua_xmove(script, L, 1);
		lua_pushthread(script);
		lua_xmove(script, L, 1);
		lua_pcall(L, 2, 1, 0);
	}
	msg = lua_tolstring(L, -1, &len);
	if (!msg) {
		msg = "(error object is not a string)";
		len = strlen(msg);
	}
	lunatik_logerror(lunatik_runtimeof(L), "the script failed", msg, len);
	if (copy)
		strscpy(copy, msg, size);
	lua_resetthread(script);	/* closes what is to be closed */
}

/* Runs the script's body. On failure the message is logged and copied. */
int lunatik_startscript(lua_State *L, const char *name, char *copy, size_t size)
{
	struct lunatik_runtime *rt = lunatik_runtimeof(L);
	lua_State *script = lua_newthread(L);
	int status, n;

	lua_rawsetp(L, LUA_REGISTRYINDEX, rt);	/* as long as the runtime */

	status = luaL_loadfilex(L, lua_pushfstring(L, LUNATIK_ROOT "%s.lua", name), "t");
	lua_xmove(L, script, 1);
	if (status == LUA_OK)
		status = lua_resume(script, L, 0, &n);
	if (status == LUA_YIELD) {
		lua_pop(script, n);
		rt->script = script;
		return 0;
	}
	if (status == LUA_OK) {
		if (n > 0 && lua_isfunction(script, -n)) {
			lua_settop(script, lua_gettop(script) - n + 1);
			rt->script = script;
		}
		return 0;
	}
	script_failed(L, script, status, copy, size);
	return lunatik_errno_of(L, status);
}

/* --- values between two states */

/* Raises for a value that cannot cross; @what tells which it is of. */
static void resume_checkvalue(lua_State *L, int i, const char *what, int n)
{
	lunatik_object_t *object;

	switch (lua_type(L, i)) {
	case LUA_TNIL:
	case LUA_TBOOLEAN:
	case LUA_TNUMBER:
	case LUA_TSTRING:
		return;
	case LUA_TUSERDATA:
		object = lunatik_toobject(L, i);
		if (!object)
			break;
		lunatik_checkshared(L, object);
		return;
	}
	luaL_error(L, "%s %d is a %s value, only nil, booleans, integers, strings and Lunatik objects go from one runtime to another",
		   what, n, luaL_typename(L, i));
}

/* Pushes on @to, which runs, what @from has at @i, which was checked. */
static void resume_copy(lua_State *to, lua_State *from, int i)
{
	const char *s;
	size_t len;

	switch (lua_type(from, i)) {
	case LUA_TBOOLEAN:
		lua_pushboolean(to, lua_toboolean(from, i));
		break;
	case LUA_TNUMBER:
		lua_pushinteger(to, lua_tointeger(from, i));
		break;
	case LUA_TSTRING:
		s = lua_tolstring(from, i, &len);
		lua_pushlstring(to, s, len);
		break;
	case LUA_TUSERDATA:
		lunatik_cloneobject(to, lunatik_toobject(from, i));
		break;
	default:
		lua_pushnil(to);
	}
}

struct resume {
	lua_State *from;	/* who resumes */
	lua_State *script;	/* of the other runtime, whose lock is held */
	int nargs;
	int nresults;
	int status;
};

/* In the other runtime. An error that raises here left the script as it was. */
static int resume_enter(lua_State *L, struct resume *r)
{
	struct lunatik_runtime *rt = lunatik_runtimeof(L);
	int i;

	r->script = rt->script;
	if (!r->script)
		return -ENOEXEC;
	luaL_checkstack(L, r->nargs, "too many arguments to resume");
	for (i = 1; i <= r->nargs; i++)
		resume_copy(L, r->from, i + 1);
	if (!lua_checkstack(r->script, r->nargs))
		return luaL_error(L, "too many arguments to resume");
	lua_xmove(L, r->script, r->nargs);

	rt->script = NULL;	/* until it is known to be able to go on */
	r->status = lua_resume(r->script, L, r->nargs, &r->nresults);
	if (r->status == LUA_YIELD)
		rt->script = r->script;
	else if (r->status != LUA_OK)
		lunatik_counterror(rt, resume_message(r->script));
	return 0;
}

/* In our own runtime, protected: pushes the results, or raises the message. */
static void resume_results(lua_State *L, void *ud)
{
	struct resume *r = ud;
	lua_State *script = r->script;
	int i, base;

	if (r->status != LUA_OK && r->status != LUA_YIELD) {
		/* nothing may be converted in there: it would take memory, and raise */
		if (lua_type(script, -1) == LUA_TSTRING || lua_type(script, -1) == LUA_TNUMBER)
			resume_copy(L, script, -1);
		else
			lua_pushfstring(L, "(error object is a %s value)",
					luaL_typename(script, -1));
		lua_error(L);
	}

	luaL_checkstack(L, r->nresults + LUA_MINSTACK, "too many results");
	base = lua_gettop(script) - r->nresults;
	for (i = 1; i <= r->nresults; i++) {
		lunatik_object_t *object = lunatik_toobject(script, base + i);

		if (object)
			lunatik_checkshared(L, object);
		else if (lua_type(script, base + i) >= LUA_TTABLE ||
			 lua_type(script, base + i) == LUA_TLIGHTUSERDATA)
			luaL_error(L, "result %d is a %s value, only nil, booleans, integers, strings and Lunatik objects go from one runtime to another",
				   i, luaL_typename(script, base + i));
		resume_copy(L, script, base + i);
	}
}

/* Leaves the other runtime's coroutine as the next resume wants it. */
static int resume_leave(lua_State *L, struct resume *r)
{
	if (r->status == LUA_YIELD)
		lua_pop(r->script, r->nresults);
	else
		lua_resetthread(r->script);
	return 0;
}

/* runtime:resume(...) -> what its script yields or returns next */
int lunatik_resume(lua_State *L)
{
	lunatik_object_t *runtime = lunatik_toobject(L, 1);
	struct lunatik_runtime *rt = runtime->private;
	struct resume r = { .from = L, .nargs = lua_gettop(L) - 1 };
	int i, ret, unused, status = LUA_OK;

	if (!lunatik_maysleep(L))
		return luaL_error(L, "a runtime can be resumed only in process context");
	if (READ_ONCE(rt->task) == current)
		return luaL_error(L, "runtime '%s' waits for this one", rt->name);
	for (i = 1; i <= r.nargs; i++) {
		resume_checkvalue(L, i + 1, "argument", i);
		if (lunatik_toobject(L, i + 1) == runtime)
			return luaL_error(L, "a runtime cannot hold itself, it would never be freed");
	}

	lunatik_lockwait(L, runtime);
	lunatik_handle(runtime, resume_enter, ret, &r);
	if (!ret) {
		/* results are copied under the other's lock, so as it allows */
		status = lunatik_protectat(L, runtime->opt, resume_results, &r);
		lunatik_handle(runtime, resume_leave, unused, &r);
	}
	lunatik_unlock(runtime);

	if (ret == -ENXIO)
		return luaL_error(L, "runtime '%s' is stopped", rt->name);
	if (ret == -ENOEXEC)
		return luaL_error(L, "the script of runtime '%s' has ended, or returned no function to resume",
				  rt->name);
	if (ret)
		lunatik_throw(L, ret);
	if (status != LUA_OK)
		lunatik_raise(L, status);
	return r.nresults;
}
