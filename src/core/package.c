// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * require, and the table package.
 *
 * A name is looked for in package.preload, then as a file below
 * /lib/modules/lua, then as the library of a kernel module: "rcu" is what
 * luarcu.ko exports as luaopen_rcu. One that is not loaded is asked for by the
 * alias lunatik-NAME, which a module has if it wants that. The runtime keeps
 * the module loaded until it is closed.
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/kmod.h>
#include <linux/module.h>
#include <linux/string.h>

#include "core.h"
#include "../libc/file.h"

#define PACKAGE_SYMBOL		"lunatik_lib_"
#define PACKAGE_SYMBOLLEN	64	/* with a name and NUL */
#define PACKAGE_ALIAS		"lunatik-"

/* Whether @path can be opened; an error such as '..' in it is not hidden. */
static bool package_readable(lua_State *L, const char *path)
{
	FILE *file = lunatik_fopen(L, path);

	if (!file)
		return false;
	lunatik_fclose(file);
	return true;
}

/*
 * Pushes the first file that exists of the templates in @path, each with '?'
 * replaced by @name; or, and returns false, the list of what was tried.
 */
static bool package_search(lua_State *L, const char *name, const char *path,
			   const char *sep, const char *rep)
{
	luaL_Buffer tried;

	if (*sep)
		name = luaL_gsub(L, name, sep, rep);
	path = luaL_gsub(L, path, LUA_PATH_MARK, name);

	luaL_buffinit(L, &tried);
	while (*path) {
		const char *end = strchrnul(path, *LUA_PATH_SEP);
		const char *file = lua_pushlstring(L, path, end - path);

		lunatik_checkpoint(L);
		if (*file && package_readable(L, file))
			return true;
		/* the buffer wants the top of the stack to be as it left it */
		lua_pop(L, 1);
		luaL_addstring(&tried, "\n\tno file '");
		luaL_addlstring(&tried, path, end - path);
		luaL_addchar(&tried, '\'');
		path = *end ? end + 1 : end;
	}
	luaL_pushresult(&tried);
	return false;
}

static int package_searchpath(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	const char *path = luaL_checkstring(L, 2);
	const char *sep = luaL_optstring(L, 3, ".");
	const char *rep = luaL_optstring(L, 4, LUA_DIRSEP);

	if (package_search(L, name, path, sep, rep))
		return 1;
	luaL_pushfail(L);
	lua_insert(L, -2);
	return 2;
}

static int package_preloaded(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);

	lua_getfield(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
	if (lua_getfield(L, -1, name) == LUA_TNIL) {
		lua_pushfstring(L, "\n\tno field package.preload['%s']", name);
		return 1;
	}
	lua_pushliteral(L, ":preload:");
	return 2;
}

static int package_file(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	const char *path, *file;

	lua_getfield(L, lua_upvalueindex(1), "path");
	path = lua_tostring(L, -1);
	if (!path)
		return luaL_error(L, "'package.path' must be a string");
	if (!package_search(L, name, path, ".", LUA_DIRSEP))
		return 1;

	file = lua_tostring(L, -1);
	if (luaL_loadfilex(L, file, "t") != LUA_OK)
		return luaL_error(L, "error loading module '%s' from file '%s':\n\t%s",
				  name, file, lua_tostring(L, -1));
	lua_pushstring(L, file);
	return 2;
}

/* "a.b" is what LUNATIK_NEWLIB(a_b, ...) defines */
static bool package_symbol(char *symbol, const char *name)
{
	size_t i, n = strlen(name), prefix = strlen(PACKAGE_SYMBOL);

	if (n == 0 || prefix + n >= PACKAGE_SYMBOLLEN)
		return false;
	strcpy(symbol, PACKAGE_SYMBOL);
	for (i = 0; i < n; i++) {
		if (!isalnum(name[i]) && name[i] != '_' && name[i] != '.')
			return false;
		symbol[prefix + i] = name[i] == '.' ? '_' : name[i];
	}
	symbol[prefix + n] = '\0';
	return true;
}

/*
 * The library of a module, with a reference to its symbol. Whoever requires
 * has its own runtime's mutex at the most, which no module takes when it is
 * loaded; a fatal signal ends the wait for modprobe.
 */
static const struct lunatik_lib *package_find(lua_State *L, const char *symbol)
{
	const struct lunatik_lib *lib = (const struct lunatik_lib *)__symbol_get(symbol);
	struct module *by = lunatik_runtimeof(L)->by;

	/* modprobe would wait for a module that is being loaded, which waits for this */
	if (!lib && lunatik_maysleep(L) && !(by && by->state == MODULE_STATE_COMING) &&
	    request_module(PACKAGE_ALIAS "%s", symbol + strlen(PACKAGE_SYMBOL)) == 0)
		lib = (const struct lunatik_lib *)__symbol_get(symbol);
	return lib;
}

static int package_module(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);
	char symbol[PACKAGE_SYMBOLLEN];
	const struct lunatik_lib *lib = NULL;
	struct module *owner;
	lua_CFunction open;

	if (package_symbol(symbol, name))
		lib = package_find(L, symbol);
	if (!lib) {
		lua_pushfstring(L, "\n\tno loaded kernel module provides '%s'", name);
		return 1;
	}
	open = lib->open;
	owner = lib->owner;
	__module_get(owner);
	__symbol_put(symbol);
	lunatik_keepgot(L, owner);
	lua_pushcfunction(L, open);
	lua_pushstring(L, symbol + strlen("lunatik_lib_"));
	return 2;
}

/* Pushes the loader for @name and what is handed to it; raises without one. */
static void package_findloader(lua_State *L, const char *name)
{
	int i;

	if (lua_getfield(L, lua_upvalueindex(1), "searchers") != LUA_TTABLE)
		luaL_error(L, "'package.searchers' must be a table");

	lua_pushliteral(L, "");		/* what was tried so far */
	for (i = 1; ; i++) {
		lunatik_checkpoint(L);	/* any number of them, none of which is Lua's */
		if (lua_rawgeti(L, -2, i) == LUA_TNIL)
			luaL_error(L, "module '%s' not found:%s", name, lua_tostring(L, -2));
		lua_pushstring(L, name);
		lua_call(L, 1, 2);
		if (lua_isfunction(L, -2))
			return;
		lua_pop(L, 1);
		if (lua_isstring(L, -1))
			lua_concat(L, 2);
		else
			lua_pop(L, 1);
	}
}

static int package_require(lua_State *L)
{
	const char *name = luaL_checkstring(L, 1);

	lua_settop(L, 1);
	lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	if (lua_getfield(L, 2, name) != LUA_TNIL && lua_toboolean(L, -1))
		return 1;
	lua_pop(L, 1);

	if (!lunatik_maysleep(L))
		return luaL_error(L, "module '%s' was not loaded before, and can be loaded only in process context",
				  name);

	package_findloader(L, name);
	lua_rotate(L, -2, 1);		/* data, loader */
	lua_pushvalue(L, 1);
	lua_pushvalue(L, -3);		/* data, loader, name, data */
	lua_call(L, 2, 1);
	if (!lua_isnil(L, -1))
		lua_setfield(L, 2, name);
	else
		lua_pop(L, 1);
	if (lua_getfield(L, 2, name) == LUA_TNIL) {
		lua_pop(L, 1);
		lua_pushboolean(L, 1);
		lua_pushvalue(L, -1);
		lua_setfield(L, 2, name);
	}
	lua_rotate(L, -2, 1);		/* value, data */
	return 2;
}

void lunatik_require(lua_State *L, const char *name)
{
	int top = lua_gettop(L);

	/* package_require() as the script has it, but not from a global variable */
	luaL_checkstack(L, 3, NULL);
	lua_rawgetp(L, LUA_REGISTRYINDEX, package_require);
	lua_pushstring(L, name);
	lua_call(L, 1, 0);
	lua_settop(L, top);
}
EXPORT_SYMBOL_GPL(lunatik_require);

static const luaL_Reg package_lib[] = {
	{"searchpath", package_searchpath},
	{NULL, NULL}
};

static const luaL_Reg package_globals[] = {
	{"require", package_require},
	{NULL, NULL}
};

static const lua_CFunction package_searchers[] = {
	package_preloaded,
	package_file,
	package_module,
};

int lunatik_openpackage(lua_State *L)
{
	int i;

	lua_createtable(L, 0, 7);
	luaL_setfuncs(L, package_lib, 0);
	lua_pushliteral(L, LUA_PATH_DEFAULT);
	lua_setfield(L, -2, "path");
	lua_pushliteral(L, LUA_CPATH_DEFAULT);
	lua_setfield(L, -2, "cpath");
	lua_pushliteral(L, LUA_DIRSEP "\n" LUA_PATH_SEP "\n" LUA_PATH_MARK "\n"
			   LUA_EXEC_DIR "\n-\n");
	lua_setfield(L, -2, "config");

	lua_createtable(L, ARRAY_SIZE(package_searchers), 0);
	for (i = 0; i < ARRAY_SIZE(package_searchers); i++) {
		lua_pushvalue(L, -2);
		lua_pushcclosure(L, package_searchers[i], 1);
		lua_rawseti(L, -2, i + 1);
	}
	lua_setfield(L, -2, "searchers");

	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	lua_setfield(L, -2, "loaded");
	luaL_getsubtable(L, LUA_REGISTRYINDEX, LUA_PRELOAD_TABLE);
	lua_pushcfunction(L, lunatik_openrunner);
	lua_setfield(L, -2, "lunatik.runner");
	lua_setfield(L, -2, "preload");

	lua_pushglobaltable(L);
	lua_pushvalue(L, -2);
	luaL_setfuncs(L, package_globals, 1);
	lua_getfield(L, -1, "require");
	lua_rawsetp(L, LUA_REGISTRYINDEX, package_require);
	lua_pop(L, 1);
	return 1;
}
