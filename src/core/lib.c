// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The library lunatik, and what the C API has for reading arguments. Runtimes
 * can be made where it is possible to sleep, that is not in every runtime.
 */
#include <linux/string.h>

#include "core.h"

#define LIB_MSGLEN	1024

static lua_Integer lib_budgetfield(lua_State *L, int i, const char *field, lua_Integer most)
{
	lua_Integer value;

	if (lua_getfield(L, i, field) == LUA_TNIL) {
		lua_pop(L, 1);
		return 0;
	}
	if (lua_type(L, -1) != LUA_TNUMBER)
		luaL_error(L, "budget: %s is a %s value, not an integer", field,
			   luaL_typename(L, -1));
	value = lua_tointeger(L, -1);
	lua_pop(L, 1);
	if (value <= 0 || value > most)
		luaL_error(L, "budget: %s must be from 1 to %I", field, most);
	return value;
}

/* The budget {memory = bytes, time = milliseconds} at index @i, or NULL. */
const lunatik_budget_t *lunatik_checkbudgetarg(lua_State *L, int i, lunatik_opt_t opt,
					       lunatik_budget_t *budget)
{
	const char *wrong;

	if (lua_isnoneornil(L, i))
		return NULL;
	luaL_checktype(L, i, LUA_TTABLE);
	lua_pushnil(L);
	while (lua_next(L, i)) {
		const char *field = lua_type(L, -2) == LUA_TSTRING ? lua_tostring(L, -2) : "?";

		if (strcmp(field, "memory") != 0 && strcmp(field, "time") != 0)
			luaL_error(L, "budget: there is memory and time, but no '%s'", field);
		lua_pop(L, 1);
	}
	budget->memory = lib_budgetfield(L, i, "memory", LONG_MAX);
	budget->time = lib_budgetfield(L, i, "time", INT_MAX);
	wrong = lunatik_checkbudget(budget, opt);
	if (wrong)
		luaL_error(L, "budget: %s", wrong);
	return budget;
}

/* runtime(script[, context[, budget]]) -> runtime */
static int lib_runtime(lua_State *L)
{
	size_t len;
	const char *name = luaL_checklstring(L, 1, &len);
	lunatik_opt_t opt = lunatik_checkcontextname(L, 2);
	lunatik_budget_t own;
	const lunatik_budget_t *budget = lunatik_checkbudgetarg(L, 3, opt, &own);
	char *msg = lua_newuserdatauv(L, LIB_MSGLEN, 0);
	lunatik_object_t **slot = lunatik_newslot(L, &lunatik_runtime_class);

	if (strlen(name) != len)
		return luaL_error(L, "the name of a script must not contain a NUL byte");
	if (!lunatik_maysleep(L))
		return luaL_error(L, "a runtime can be made only in process context");
	if (lunatik_load(slot, name, opt, budget, NULL, msg, LIB_MSGLEN)) {
		lua_pushstring(L, msg);
		return lua_error(L);
	}
	return 1;	/* the slot */
}

static const luaL_Reg lib_process[] = {
	{"runtime", lib_runtime},
	{"status", lunatik_status},
	{NULL, NULL}
};

static const luaL_Reg lib_atomic[] = {
	{"status", lunatik_status},
	{NULL, NULL}
};

int lunatik_openlunatik(lua_State *L)
{
	bool atomic = lunatik_toruntime(L)->opt & LUNATIK_OPT_ATOMIC;

	lua_createtable(L, 0, 2);
	luaL_setfuncs(L, atomic ? lib_atomic : lib_process, 0);
	return 1;
}

/* --- fields of a table, see lunatik.h */

static int field_push(lua_State *L, int idx, const char *field)
{
	luaL_checktype(L, idx, LUA_TTABLE);
	return lua_getfield(L, idx, field);
}

/* Pops the field, raises if it is no integer. */
static lua_Integer field_popinteger(lua_State *L, const char *field)
{
	lua_Integer value;

	if (lua_type(L, -1) != LUA_TNUMBER)
		luaL_error(L, "field '%s' must be an integer, not %s", field,
			   lua_isnil(L, -1) ? "missing" :
			   lua_pushfstring(L, "a %s value", luaL_typename(L, -1)));
	value = lua_tointeger(L, -1);
	lua_pop(L, 1);
	return value;
}

lua_Integer lunatik_getinteger(lua_State *L, int idx, const char *field)
{
	field_push(L, idx, field);
	return field_popinteger(L, field);
}
EXPORT_SYMBOL_GPL(lunatik_getinteger);

lua_Integer lunatik_getintegeror(lua_State *L, int idx, const char *field, lua_Integer opt)
{
	if (field_push(L, idx, field) == LUA_TNIL) {
		lua_pop(L, 1);
		return opt;
	}
	return field_popinteger(L, field);
}
EXPORT_SYMBOL_GPL(lunatik_getintegeror);

void lunatik_raiserange(lua_State *L, const char *field, lua_Integer value)
{
	luaL_error(L, "field '%s' is out of range: %I", field, (LUAI_UACINT)value);
}
EXPORT_SYMBOL_GPL(lunatik_raiserange);

void lunatik_copystring(lua_State *L, int idx, const char *field, char *to, size_t size,
			size_t maxlen)
{
	const char *s;
	size_t len;

	if (field_push(L, idx, field) != LUA_TSTRING)
		luaL_error(L, "field '%s' must be a string, not %s", field,
			   lua_isnil(L, -1) ? "missing" :
			   lua_pushfstring(L, "a %s value", luaL_typename(L, -1)));
	s = lua_tolstring(L, -1, &len);
	/* of an array the size is known; a pointer has maxlen bytes */
	if (!size)
		size = maxlen;
	if (size) {
		len = min3(len, maxlen, size - 1);
		memcpy(to, s, len);
		memset(to + len, 0, size - len);
	}
	lua_pop(L, 1);
}
EXPORT_SYMBOL_GPL(lunatik_copystring);
