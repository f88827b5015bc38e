// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The integer functions of Lua's math library. Those that only make sense for
 * fractions (sin, sqrt, pi, huge ...) are not there.
 */
#include <linux/bitops.h>
#include <linux/random.h>

#include "core.h"

static int math_abs(lua_State *L)
{
	lua_Integer n = luaL_checkinteger(L, 1);

	lua_pushinteger(L, n < 0 ? (lua_Integer)(0u - (lua_Unsigned)n) : n);
	return 1;
}

/* floor and ceil: every number is whole already */
static int math_whole(lua_State *L)
{
	lua_pushinteger(L, luaL_checkinteger(L, 1));
	return 1;
}

/* the remainder that rounds towards zero, as C's */
static int math_fmod(lua_State *L)
{
	lua_Integer a = luaL_checkinteger(L, 1);
	lua_Integer b = luaL_checkinteger(L, 2);

	luaL_argcheck(L, b != 0, 2, "zero");
	lua_pushinteger(L, b == -1 ? 0 : a % b);
	return 1;
}

static int math_select(lua_State *L, int op)
{
	int i, n = lua_gettop(L);
	int best = 1;

	luaL_checkinteger(L, 1);
	for (i = 2; i <= n; i++) {
		luaL_checkinteger(L, i);
		if (op > 0 ? lua_compare(L, best, i, LUA_OPLT) : lua_compare(L, i, best, LUA_OPLT))
			best = i;
	}
	lua_pushinteger(L, lua_tointeger(L, best));
	return 1;
}

static int math_max(lua_State *L)
{
	return math_select(L, 1);
}

static int math_min(lua_State *L)
{
	return math_select(L, -1);
}

static int math_tointeger(lua_State *L)
{
	int isint;
	lua_Integer n = lua_tointegerx(L, 1, &isint);

	luaL_checkany(L, 1);
	if (isint)
		lua_pushinteger(L, n);
	else
		luaL_pushfail(L);
	return 1;
}

static int math_type(lua_State *L)
{
	luaL_checkany(L, 1);
	if (lua_type(L, 1) == LUA_TNUMBER)
		lua_pushliteral(L, "integer");
	else
		luaL_pushfail(L);
	return 1;
}

static int math_ult(lua_State *L)
{
	lua_Unsigned a = luaL_checkinteger(L, 1);
	lua_Unsigned b = luaL_checkinteger(L, 2);

	lua_pushboolean(L, a < b);
	return 1;
}

/* The generator of a runtime: splitmix64, a counter and two rounds of mixing. */
static u64 math_next(u64 *state)
{
	u64 z = (*state += 0x9e3779b97f4a7c15ULL);

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ULL;
	z = (z ^ (z >> 27)) * 0x94d049bb133111ebULL;
	return z ^ (z >> 31);
}

/* A number from 0 to @limit, each as likely: draws again above the last whole range. */
static u64 math_project(u64 *state, u64 limit)
{
	u64 mask = limit ? ~0ULL >> __builtin_clzll(limit) : 0;
	u64 n;

	do {
		n = math_next(state) & mask;
	} while (n > limit);
	return n;
}

static int math_random(lua_State *L)
{
	u64 *state = lua_touserdata(L, lua_upvalueindex(1));
	lua_Integer low = 1, up;

	switch (lua_gettop(L)) {
	case 0:
		return luaL_error(L, "random() is a fraction, give the largest integer wanted");
	case 1:
		up = luaL_checkinteger(L, 1);
		if (up == 0) {	/* all bits */
			lua_pushinteger(L, (lua_Integer)math_next(state));
			return 1;
		}
		break;
	case 2:
		low = luaL_checkinteger(L, 1);
		up = luaL_checkinteger(L, 2);
		break;
	default:
		return luaL_error(L, "wrong number of arguments");
	}
	luaL_argcheck(L, low <= up, lua_gettop(L), "interval is empty");
	lua_pushinteger(L, (lua_Integer)((u64)low + math_project(state, (u64)up - (u64)low)));
	return 1;
}

static int math_randomseed(lua_State *L)
{
	u64 *state = lua_touserdata(L, lua_upvalueindex(1));

	if (lua_isnone(L, 1))
		*state = get_random_u64();
	else
		*state = (u64)luaL_checkinteger(L, 1) ^ ((u64)luaL_optinteger(L, 2, 0) << 1);
	return 0;
}

static const luaL_Reg math_lib[] = {
	{"abs", math_abs},
	{"ceil", math_whole},
	{"floor", math_whole},
	{"fmod", math_fmod},
	{"max", math_max},
	{"min", math_min},
	{"tointeger", math_tointeger},
	{"type", math_type},
	{"ult", math_ult},
	{NULL, NULL}
};

static const luaL_Reg math_randomlib[] = {
	{"random", math_random},
	{"randomseed", math_randomseed},
	{NULL, NULL}
};

int lunatik_openmath(lua_State *L)
{
	u64 *state;

	luaL_newlib(L, math_lib);
	lua_pushinteger(L, LUA_MAXINTEGER);
	lua_setfield(L, -2, "maxinteger");
	lua_pushinteger(L, LUA_MININTEGER);
	lua_setfield(L, -2, "mininteger");

	state = lua_newuserdatauv(L, sizeof(*state), 0);
	*state = get_random_u64();
	luaL_setfuncs(L, math_randomlib, 1);
	return 1;
}
