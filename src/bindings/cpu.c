// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * cpu: how many processors there are, and what they do. Nothing here sleeps: it is for
 * every context.
 */
#include <linux/cpumask.h>
#include <linux/kernel_stat.h>
#include <linux/module.h>

#include <lunatik.h>

/* num_possible(), num_present(), num_online() */
static int luacpu_num_possible(lua_State *L)
{
	lua_pushinteger(L, num_possible_cpus());
	return 1;
}

static int luacpu_num_present(lua_State *L)
{
	lua_pushinteger(L, num_present_cpus());
	return 1;
}

static int luacpu_num_online(lua_State *L)
{
	lua_pushinteger(L, num_online_cpus());
	return 1;
}

/* Calls the function at index 1 for each; nothing is held meanwhile. */
static int luacpu_foreach(lua_State *L, const struct cpumask *mask)
{
	int cpu;

	luaL_checktype(L, 1, LUA_TFUNCTION);
	for (cpu = cpumask_first(mask); cpu < nr_cpu_ids; cpu = cpumask_next(cpu, mask)) {
		lua_pushvalue(L, 1);
		lua_pushinteger(L, cpu);
		lua_call(L, 1, 0);
	}
	return 0;
}

/* foreach_possible(f), foreach_present(f), foreach_online(f): f(cpu) for each */
static int luacpu_foreach_possible(lua_State *L)
{
	return luacpu_foreach(L, cpu_possible_mask);
}

static int luacpu_foreach_present(lua_State *L)
{
	return luacpu_foreach(L, cpu_present_mask);
}

static int luacpu_foreach_online(lua_State *L)
{
	return luacpu_foreach(L, cpu_online_mask);
}

static const struct {
	enum cpu_usage_stat stat;
	const char *name;
} luacpu_times[] = {
	{CPUTIME_USER, "user"},
	{CPUTIME_NICE, "nice"},
	{CPUTIME_SYSTEM, "system"},
	{CPUTIME_SOFTIRQ, "softirq"},
	{CPUTIME_IRQ, "irq"},
	{CPUTIME_IDLE, "idle"},
	{CPUTIME_IOWAIT, "iowait"},
	{CPUTIME_STEAL, "steal"},
	{CPUTIME_GUEST, "guest"},
	{CPUTIME_GUEST_NICE, "guest_nice"},
};

/*
 * stats(cpu) -> {user = ns, nice = ns, ...}: since the start of the machine, as the
 * kernel has counted it; what a CPU that sleeps has slept since is not counted yet.
 */
static int luacpu_stats(lua_State *L)
{
	lua_Integer cpu = luaL_checkinteger(L, 1);
	struct kernel_cpustat stat;
	int i;

	if (cpu < 0 || cpu >= nr_cpu_ids || !cpu_possible(cpu))
		return luaL_error(L, "there is no CPU %I", (LUAI_UACINT)cpu);
	/* it waits for who writes them, whom a probe may have hit */
	if (lunatik_isready(L) && lunatik_toruntime(L)->opt & LUNATIK_OPT_HARDIRQ)
		return luaL_error(L, "cpu.stats() is not for the handlers of a hardirq runtime");
	kcpustat_cpu_fetch(&stat, cpu);
	lua_createtable(L, 0, ARRAY_SIZE(luacpu_times));
	for (i = 0; i < ARRAY_SIZE(luacpu_times); i++) {
		lua_pushinteger(L, stat.cpustat[luacpu_times[i].stat]);
		lua_setfield(L, -2, luacpu_times[i].name);
	}
	return 1;
}

static const luaL_Reg luacpu_lib[] = {
	{"num_possible", luacpu_num_possible},
	{"num_present", luacpu_num_present},
	{"num_online", luacpu_num_online},
	{"foreach_possible", luacpu_foreach_possible},
	{"foreach_present", luacpu_foreach_present},
	{"foreach_online", luacpu_foreach_online},
	{"stats", luacpu_stats},
	{NULL, NULL}
};

LUNATIK_NEWLIB(cpu, luacpu_lib, NULL);

MODULE_DESCRIPTION("Processors for Lunatik's scripts");
MODULE_AUTHOR("Lunatik for Debian");
MODULE_VERSION(LUNATIK_VERSION);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_ALIAS("lunatik-cpu");
