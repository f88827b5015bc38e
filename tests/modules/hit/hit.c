// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A probe at a function of the kernel, whose handler is one of a script's while another
 * script is inside of that function.
 */
#include <linux/kprobes.h>
#include <linux/module.h>
#include <linux/preempt.h>
#include <linux/sched.h>

#include <lunatik.h>

static lunatik_object_t *hit_runtime;
static struct task_struct *hit_task;	/* whose hits count */
static unsigned int hit_count, hit_failed;

static int hit_handle(lua_State *L)
{
	if (lua_getglobal(L, "handler") != LUA_TFUNCTION)
		return -ENOENT;
	return lua_pcall(L, 0, 0, 0) == LUA_OK ? 0 : -EIO;
}

static int hit_probe(struct kprobe *probe, struct pt_regs *regs)
{
	int ret;

	/* not in an interrupt: what it does may call the same function; a trap counts as one */
	if (current != hit_task || hardirq_count() > (in_nmi() ? HARDIRQ_OFFSET : 0))
		return 0;
	hit_count++;
	lunatik_run(hit_runtime, hit_handle, ret);
	if (ret)
		hit_failed++;
	return 0;
}

/*
 * during(symbol, script, f): calls f() while each call of the function runs the global
 * function handler of the script, in hardirq context. Returns how many did, and how many
 * of them failed.
 */
static int hit_during(lua_State *L)
{
	struct kprobe probe = {
		.symbol_name = luaL_checkstring(L, 1),
		.pre_handler = hit_probe,
	};
	const char *script = luaL_checkstring(L, 2);
	int ret, status = LUA_OK;

	luaL_checktype(L, 3, LUA_TFUNCTION);
	lua_settop(L, 3);
	lunatik_try(L, lunatik_newruntime, &hit_runtime, script, LUNATIK_OPT_HARDIRQ);
	hit_count = 0;
	hit_failed = 0;
	hit_task = current;
	ret = register_kprobe(&probe);
	if (ret == 0) {
		status = lua_pcall(L, 0, 0, 0);
		unregister_kprobe(&probe);
	}
	hit_task = NULL;
	lunatik_stop(hit_runtime);
	if (ret)
		lunatik_throw(L, ret);
	if (status != LUA_OK)
		return lua_error(L);
	lua_pushinteger(L, hit_count);
	lua_pushinteger(L, hit_failed);
	return 2;
}

static const luaL_Reg hit_lib[] = {
	{"during", hit_during},
	{NULL, NULL}
};

LUNATIK_NEWLIB(hit, hit_lib, NULL);

static int __init hit_init(void)
{
	return 0;
}

static void __exit hit_exit(void)
{
}

module_init(hit_init);
module_exit(hit_exit);
MODULE_DESCRIPTION("Test: probes inside of what scripts do");
MODULE_LICENSE("Dual MIT/GPL");
