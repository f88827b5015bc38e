// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Offers a global variable under a name that another module wants. */
#include <linux/module.h>

#include <lunatik.h>

static char *name = "rcu";
module_param(name, charp, 0444);
MODULE_PARM_DESC(name, "the name that is taken");

static int push_one(lua_State *L)
{
	lua_pushinteger(L, 1);
	return 1;
}

static struct lunatik_global global = {
	.push = push_one, .owner = THIS_MODULE,
};

static int __init takename_init(void)
{
	global.name = name;
	return lunatik_addglobal(&global);
}

static void __exit takename_exit(void)
{
	lunatik_delglobal(&global);
}

module_init(takename_init);
module_exit(takename_exit);
MODULE_DESCRIPTION("Test of Lunatik: a name that is taken");
MODULE_LICENSE("Dual MIT/GPL");
