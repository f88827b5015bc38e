// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * One library with classes of different contexts, as the C API's document has
 * it: require "foo" works in any runtime, and each class can be made only in
 * a runtime of its own context.
 */
#include <linux/module.h>

#include <lunatik.h>

static int luafoo_context(lua_State *L)
{
	lunatik_object_t *object = lunatik_checkobject(L, 1);

	lua_pushstring(L, object->opt & LUNATIK_OPT_HARDIRQ ? "hardirq" :
			  object->opt & LUNATIK_OPT_SOFTIRQ ? "softirq" : "process");
	return 1;
}

static void luafoo_release(void *private)
{
	might_sleep();
}

static const luaL_Reg luafoo_mt[] = {
	{"context", luafoo_context},
	{NULL, NULL}
};

static const lunatik_class_t luafoo_process_class = {
	.name = "foo", .methods = luafoo_mt, .release = luafoo_release,
	.opt = LUNATIK_OPT_SINGLE,
};

static const lunatik_class_t luafoo_softirq_class = {
	.name = "foo", .methods = luafoo_mt, .release = luafoo_release,
	.opt = LUNATIK_OPT_SOFTIRQ | LUNATIK_OPT_SINGLE,
};

static const lunatik_class_t luafoo_hardirq_class = {
	.name = "foo", .methods = luafoo_mt, .release = luafoo_release,
	.opt = LUNATIK_OPT_HARDIRQ | LUNATIK_OPT_SINGLE,
};

static int luafoo_make(lua_State *L, const lunatik_class_t *class)
{
	lunatik_checkruntime(L, class->opt);
	lunatik_newobject(L, class, sizeof(int), LUNATIK_OPT_NONE);
	return 1;
}

static int luafoo_process(lua_State *L)
{
	return luafoo_make(L, &luafoo_process_class);
}

static int luafoo_softirq(lua_State *L)
{
	return luafoo_make(L, &luafoo_softirq_class);
}

static int luafoo_hardirq(lua_State *L)
{
	return luafoo_make(L, &luafoo_hardirq_class);
}

/* without lunatik_checkruntime(): what cannot work is refused all the same */
static int luafoo_careless(lua_State *L)
{
	static const lunatik_class_t *classes[] = {
		&luafoo_process_class, &luafoo_softirq_class, &luafoo_hardirq_class,
	};
	lua_Integer i = luaL_checkinteger(L, 1);

	luaL_argcheck(L, i >= 1 && i <= ARRAY_SIZE(classes), 1, "no such class");
	lunatik_newobject(L, classes[i - 1], sizeof(int), LUNATIK_OPT_NONE);
	return 1;
}

static const luaL_Reg luafoo_lib[] = {
	{"process", luafoo_process},
	{"softirq", luafoo_softirq},
	{"hardirq", luafoo_hardirq},
	{"careless", luafoo_careless},
	{NULL, NULL}
};

LUNATIK_CLASSES(foo, &luafoo_process_class, &luafoo_softirq_class, &luafoo_hardirq_class);
LUNATIK_NEWLIB(foo, luafoo_lib, luafoo_classes);

MODULE_DESCRIPTION("Test: classes of three contexts in one library");
MODULE_LICENSE("Dual MIT/GPL");
