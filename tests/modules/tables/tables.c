// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A binding that uses the symbols of luarcu.ko too: what lunatik-binding(7) has
 * to say of its DKMS package is tried with it. See tests/harness/thirdparty.sh.
 */
#include <linux/module.h>

#include <luarcu.h>

/* tables.count(table): how many entries it has */
static int tables_count(lua_State *L)
{
	lua_pushinteger(L, luarcu_count(luarcu_checktable(L, 1)));
	return 1;
}

static const luaL_Reg tables_lib[] = {
	{"count", tables_count},
	{NULL, NULL}
};

LUNATIK_NEWLIB(tables, tables_lib, NULL);

static int __init tables_init(void)
{
	return 0;
}

static void __exit tables_exit(void)
{
}

module_init(tables_init);
module_exit(tables_exit);
MODULE_DESCRIPTION("Test: a binding that depends on luarcu");
MODULE_LICENSE("Dual MIT/GPL");
