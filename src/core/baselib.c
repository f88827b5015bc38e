// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The libraries of a runtime, and what differs from Lua's in the basic one. */
#include <linux/list.h>
#include <linux/mutex.h>

#include "core.h"

static DEFINE_MUTEX(lunatik_globals_lock);
static LIST_HEAD(lunatik_globals);

/* Pushes one line of all values on the stack, with tabs between them. */
const char *lunatik_pushline(lua_State *L, size_t *len)
{
	int i, n = lua_gettop(L);
	luaL_Buffer line;

	luaL_checkstack(L, LUA_MINSTACK, "too many values");
	luaL_buffinit(L, &line);
	for (i = 1; i <= n; i++) {
		if (i > 1)
			luaL_addchar(&line, '\t');
		luaL_tolstring(L, i, NULL);
		luaL_addvalue(&line);
	}
	luaL_pushresult(&line);
	return lua_tolstring(L, -1, len);
}

/* To the kernel log, and to whoever reads the runtime's output. */
static int lunatik_print(lua_State *L)
{
	struct lunatik_runtime *rt = lunatik_runtimeof(L);
	size_t len;
	const char *text = lunatik_pushline(L, &len);

	lunatik_log(rt, KERN_INFO, text, len);
	if (rt->print)
		rt->print(rt->print_ud, text, len);
	return 0;
}

/* Pops the value of a global variable, or of a field of the library. */
static void lunatik_setglobal(lua_State *L, const char *name)
{
	static const char library[] = "lunatik.";

	if (strncmp(name, library, strlen(library)) != 0) {
		lua_setglobal(L, name);
		return;
	}
	lua_getglobal(L, "lunatik");
	lua_insert(L, -2);
	lua_setfield(L, -2, name + strlen(library));
	lua_pop(L, 1);
}

/* Pushes what other modules offer as global variables. */
static void lunatik_openglobals(lua_State *L)
{
	struct lunatik_global *global;
	struct module *owner;
	lua_CFunction push;
	const char *name;
	int i;

	/* by position: the lock is not held while Lua runs */
	for (i = 0; ; i++) {
		int n = 0;

		push = NULL;
		mutex_lock(&lunatik_globals_lock);
		list_for_each_entry(global, &lunatik_globals, list) {
			if (n++ < i)
				continue;
			if (try_module_get(global->owner)) {
				owner = global->owner;
				push = global->push;
				name = global->name;
			}
			break;
		}
		mutex_unlock(&lunatik_globals_lock);
		if (n <= i)
			return;
		if (!push)
			continue;
		/* and with it the name; if this raises, the runtime is not made */
		lunatik_keepgot(L, owner);
		lua_pushcfunction(L, push);
		lua_call(L, 0, 1);
		lunatik_setglobal(L, name);
	}
}

/* What runs, or no longer does, is told to those who want to know. */
int lunatik_announce(const char *kind, const char *name, lunatik_object_t *object)
{
	struct lunatik_global *global;
	int ret = 0;

	mutex_lock(&lunatik_globals_lock);
	list_for_each_entry(global, &lunatik_globals, list)
		if (!ret && global->runs)
			ret = global->runs(kind, name, object);
	mutex_unlock(&lunatik_globals_lock);
	return ret;
}

int lunatik_addglobal(struct lunatik_global *global)
{
	struct lunatik_global *other;
	int ret = 0;

	mutex_lock(&lunatik_globals_lock);
	list_for_each_entry(other, &lunatik_globals, list)
		if (strcmp(other->name, global->name) == 0)
			ret = -EEXIST;
	if (!ret)
		list_add_tail(&global->list, &lunatik_globals);
	mutex_unlock(&lunatik_globals_lock);
	if (!ret && global->runs) {
		ret = lunatik_announceall(global);
		if (ret)
			lunatik_delglobal(global);
	}
	return ret;
}
EXPORT_SYMBOL_GPL(lunatik_addglobal);

void lunatik_delglobal(struct lunatik_global *global)
{
	mutex_lock(&lunatik_globals_lock);
	list_del(&global->list);
	mutex_unlock(&lunatik_globals_lock);
}
EXPORT_SYMBOL_GPL(lunatik_delglobal);

static const luaL_Reg lunatik_libs[] = {
	{LUA_GNAME, luaopen_base},
	{LUA_LOADLIBNAME, lunatik_openpackage},
	{LUA_COLIBNAME, luaopen_coroutine},
	{LUA_DBLIBNAME, luaopen_debug},
	{LUA_MATHLIBNAME, lunatik_openmath},
	{LUA_STRLIBNAME, luaopen_string},
	{LUA_TABLIBNAME, luaopen_table},
	{LUA_UTF8LIBNAME, luaopen_utf8},
	{"lunatik", lunatik_openlunatik},
	{NULL, NULL}
};

/* Runs as a handler, so that a failure to open is its result. */
int lunatik_openlibs(lua_State *L)
{
	const luaL_Reg *lib;

	lua_gc(L, LUA_GCSTOP);	/* there is nothing to collect */
	lunatik_makeroom(L);
	lua_createtable(L, 0, 16);
	lua_setfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	for (lib = lunatik_libs; lib->func; lib++) {
		luaL_requiref(L, lib->name, lib->func, 1);
		lua_pop(L, 1);
	}

	lua_pushcfunction(L, lunatik_print);
	lua_setglobal(L, "print");
	lua_pushliteral(L, LUA_VERSION "-kernel");
	lua_setglobal(L, "_VERSION");
	lua_pushliteral(L, "Lunatik " LUNATIK_VERSION);
	lua_setglobal(L, "_LUNATIK_VERSION");

	/* see core/lua.c */
	lua_getglobal(L, LUA_DBLIBNAME);
	lua_pushnil(L);
	lua_setfield(L, -2, "debug");
	lua_pushnil(L);
	lua_setfield(L, -2, "getregistry");
	if (lunatik_toruntime(L)->opt & LUNATIK_OPT_HARDIRQ) {
		/* its hooks count what a handler does */
		lua_pushnil(L);
		lua_setfield(L, -2, "sethook");
	}
	lua_pop(L, 1);
	lua_getglobal(L, LUA_STRLIBNAME);
	lua_pushcfunction(L, lunatik_rep);
	lua_setfield(L, -2, "rep");
	lua_pushcfunction(L, lunatik_find);
	lua_setfield(L, -2, "find");
	lua_pop(L, 1);

	lunatik_openglobals(L);
	lunatik_startgc(L);
	return 0;
}
