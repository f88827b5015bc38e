// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A binding that lends scripts its memory for the time of a call, by luadata.h.
 */
#include <linux/module.h>
#include <linux/string.h>

#include <luadata.h>

/*
 * call(f[, readonly[, shared]]): what f(data) returns, and what is in the memory then.
 * Whatever f does with the data, it is of no use after the call.
 */
static int lend_call(lua_State *L)
{
	lunatik_opt_t opt = lua_toboolean(L, 3) ? LUNATIK_OPT_NONE : LUNATIK_OPT_SINGLE;
	unsigned int flags = lua_toboolean(L, 2) ? LUADATA_READONLY : 0;
	lunatik_object_t *object;
	char bytes[16];
	int status;

	luaL_checktype(L, 1, LUA_TFUNCTION);
	memcpy(bytes, "0123456789abcdef", sizeof(bytes));
	lua_settop(L, 1);
	object = luadata_new(L, opt);
	if (luadata_check(L, 2) != object)
		return luaL_error(L, "another object is on the stack");
	lua_pushvalue(L, 1);
	lua_pushvalue(L, 2);
	lunatik_try(L, luadata_lend, object, bytes, sizeof(bytes), flags);
	status = lua_pcall(L, 1, 1, 0);
	luadata_takeback(object);
	if (status != LUA_OK)
		return lua_error(L);
	lua_pushlstring(L, bytes, sizeof(bytes));
	return 2;
}

/* check(x): that x is a data object, and what comes of lending it memory */
static int lend_check(lua_State *L)
{
	static char bytes[4];

	lua_pushinteger(L, luadata_lend(luadata_check(L, 1), bytes, sizeof(bytes), 0));
	return 1;
}

static const luaL_Reg lend_lib[] = {
	{"call", lend_call},
	{"check", lend_check},
	{NULL, NULL}
};

LUNATIK_NEWLIB(lend, lend_lib, NULL);

static int __init lend_init(void)
{
	return 0;
}

static void __exit lend_exit(void)
{
}

module_init(lend_init);
module_exit(lend_exit);
MODULE_DESCRIPTION("Test: memory that is lent to scripts");
MODULE_LICENSE("Dual MIT/GPL");
