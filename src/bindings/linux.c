// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * linux: what a script asks of the kernel around it, and the kernel's constants,
 * which are in constants.c.
 */
#include <linux/cpumask.h>
#include <linux/inetdevice.h>
#include <linux/kallsyms.h>
#include <linux/kprobes.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/netdevice.h>
#include <linux/percpu.h>
#include <linux/prandom.h>
#include <linux/random.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timekeeping.h>

#include <lunatik.h>

#include "constants.h"

static DEFINE_PER_CPU(struct rnd_state, lualinux_pseudo);

/*
 * A probe may have hit who has the lock of the kernel's generator: a handler of a
 * hardirq runtime has one that is nobody's secret, but its CPU's own.
 */
static u64 lualinux_u64(lua_State *L)
{
	struct rnd_state *state;

	if (!lunatik_isready(L) || !(lunatik_toruntime(L)->opt & LUNATIK_OPT_HARDIRQ))
		return get_random_u64();
	state = this_cpu_ptr(&lualinux_pseudo);
	return (u64)prandom_u32_state(state) << 32 | prandom_u32_state(state);
}

/* A number from 0 to @range, each as likely as any other. */
static u64 lualinux_upto(lua_State *L, u64 range)
{
	u64 mask = range, n;

	mask |= mask >> 1;
	mask |= mask >> 2;
	mask |= mask >> 4;
	mask |= mask >> 8;
	mask |= mask >> 16;
	mask |= mask >> 32;
	do	/* at most every second is thrown away */
		n = lualinux_u64(L) & mask;
	while (n > range);
	return n;
}

/* random() -> any integer; random(m) -> from 1 to m, 0 is any; random(m, n) -> from m to n */
static int lualinux_random(lua_State *L)
{
	lua_Integer low = 1, high;

	switch (lua_gettop(L)) {
	case 0:
		lua_pushinteger(L, lualinux_u64(L));
		return 1;
	case 1:
		high = luaL_checkinteger(L, 1);
		if (high == 0) {
			lua_pushinteger(L, lualinux_u64(L));
			return 1;
		}
		break;
	case 2:
		low = luaL_checkinteger(L, 1);
		high = luaL_checkinteger(L, 2);
		break;
	default:
		return luaL_error(L, "random() takes two arguments at most");
	}
	if (low > high)
		return luaL_error(L, "random(): there is no integer from %I to %I",
				  (LUAI_UACINT)low, (LUAI_UACINT)high);
	lua_pushinteger(L, (u64)low + lualinux_upto(L, (u64)high - (u64)low));
	return 1;
}

/*
 * The state to sleep in for the one that is asked for. What a signal cannot end
 * at all nobody could stop, and the kernel warns of it.
 */
static unsigned int lualinux_checkstate(lua_State *L, int i)
{
	lua_Integer state = luaL_optinteger(L, i, TASK_INTERRUPTIBLE);

	switch (state) {
	case TASK_RUNNING:
	case TASK_INTERRUPTIBLE:
	case TASK_KILLABLE:
		return state;
	case TASK_UNINTERRUPTIBLE:
	case TASK_IDLE:
		return TASK_KILLABLE;
	}
	return luaL_error(L, "schedule(): %I is no state to sleep in, see linux.task",
			  (LUAI_UACINT)state);
}

/* schedule([ms[, state]]) -> what is left of ms, 0 unless something woke it up */
static int lualinux_schedule(lua_State *L)
{
	lua_Integer ms = luaL_optinteger(L, 1, LUA_MAXINTEGER), left;
	unsigned int state = lualinux_checkstate(L, 2);
	long timeout = MAX_SCHEDULE_TIMEOUT;
	u64 from = ktime_get_ns();

	if (!lunatik_maysleep(L))
		return luaL_error(L, "a script can sleep only in process context");
	luaL_argcheck(L, ms >= 0, 1, "a number of milliseconds from 0 on wanted");
	if (ms < INT_MAX)
		timeout = msecs_to_jiffies(ms);

	set_current_state(state);
	/* whoever ends the script from now on wakes it up */
	if (!lunatik_mustend(L))
		timeout = schedule_timeout(timeout);
	__set_current_state(TASK_RUNNING);
	lunatik_checkstop(L);	/* a thread that was asked to stop has time to do so */

	left = timeout ? ms - (lua_Integer)div_u64(ktime_get_ns() - from, NSEC_PER_MSEC) : 0;
	lua_pushinteger(L, max_t(lua_Integer, left, 0));
	return 1;
}

/* time() -> ns since 1970 */
static int lualinux_time(lua_State *L)
{
	lua_pushinteger(L, ktime_get_real_fast_ns());	/* safe in a probe as well */
	return 1;
}

static int lualinux_difftime(lua_State *L)
{
	lua_pushinteger(L, (u64)luaL_checkinteger(L, 1) - (u64)luaL_checkinteger(L, 2));
	return 1;
}

/* tracing([bool]) -> whether the kernel's trace buffer records */
static int lualinux_tracing(lua_State *L)
{
	if (!lua_isnoneornil(L, 1)) {
		luaL_checktype(L, 1, LUA_TBOOLEAN);
		if (lua_toboolean(L, 1))
			tracing_on();
		else
			tracing_off();
	}
	lua_pushboolean(L, tracing_is_on());
	return 1;
}

/*
 * Where the function @symbol is, or NULL: asked for by a probe that is never
 * armed. It may be put behind the first instruction, so that is asked as well.
 */
static int lualinux_find(const char *symbol, void **found)
{
	struct kprobe probe = { .symbol_name = symbol, .flags = KPROBE_FLAG_DISABLED };
	char *name, *offset;
	unsigned long at = 0;
	int ret;

	*found = NULL;
	name = kmalloc(KSYM_SYMBOL_LEN, GFP_KERNEL);
	if (!name)
		return -ENOMEM;
	ret = register_kprobe(&probe);
	if (ret == 0) {
		sprint_symbol(name, (unsigned long)probe.addr);
		offset = strrchr(name, '+');
		if (offset && sscanf(offset, "+0x%lx", &at) == 1)
			*found = (char *)probe.addr - at;
		unregister_kprobe(&probe);
	}
	kfree(name);
	return ret == -EOPNOTSUPP || ret == -ENOSYS || ret == -ENOMEM ? ret : 0;
}

/* lookup(symbol) -> the address of a function of the kernel, or nil */
static int lualinux_lookup(lua_State *L)
{
	size_t len;
	const char *symbol = luaL_checklstring(L, 1, &len);
	void *found = NULL;

	if (!lunatik_maysleep(L))
		return luaL_error(L, "symbols can be looked up only in process context");
	if (!IS_ENABLED(CONFIG_KPROBES))
		return luaL_error(L, "symbols cannot be looked up: this kernel has no kprobes");
	if (len > 0 && len < KSYM_NAME_LEN && strlen(symbol) == len)
		lunatik_try(L, lualinux_find, symbol, &found);
	if (found)
		lua_pushlightuserdata(L, found);
	else
		lua_pushnil(L);
	return 1;
}

#ifdef CONFIG_INET
static int lualinux_indexof(const char *name)
{
	struct net_device *dev;
	int ret = -ENODEV;

	rcu_read_lock();
	dev = dev_get_by_name_rcu(&init_net, name);
	if (dev)
		ret = dev->ifindex;
	rcu_read_unlock();
	return ret;
}

/* In host byte order. */
static s64 lualinux_addressof(int index)
{
	const struct in_ifaddr *address;
	struct in_device *in = NULL;
	struct net_device *dev;
	s64 ret = -EADDRNOTAVAIL;

	rcu_read_lock();
	dev = dev_get_by_index_rcu(&init_net, index);
	if (dev)
		in = __in_dev_get_rcu(dev);
	address = in ? rcu_dereference(in->ifa_list) : NULL;
	if (address)
		ret = ntohl(address->ifa_local);
	else if (!dev)
		ret = -ENODEV;
	rcu_read_unlock();
	return ret;
}
#else
static int lualinux_indexof(const char *name)
{
	return -ENODEV;
}

static s64 lualinux_addressof(int index)
{
	return -ENODEV;
}
#endif

/* ifindex(name) -> the number of a network interface */
static int lualinux_ifindex(lua_State *L)
{
	size_t len;
	const char *name = luaL_checklstring(L, 1, &len);
	int index;

	if (len >= IFNAMSIZ || strlen(name) != len)
		lunatik_throw(L, -ENODEV);
	lunatik_tryret(L, index, lualinux_indexof, name);
	lua_pushinteger(L, index);
	return 1;
}

/* ifaddr(ifindex) -> its first IPv4 address, as an integer */
static int lualinux_ifaddr(lua_State *L)
{
	lua_Integer index = luaL_checkinteger(L, 1);
	s64 address;

	if (index <= 0 || index > INT_MAX)
		lunatik_throw(L, -ENODEV);
	lunatik_tryret(L, address, lualinux_addressof, index);
	lua_pushinteger(L, address);
	return 1;
}

/* errname(n) -> the name of the error number n or -n, or nil */
static int lualinux_errname(lua_State *L)
{
	lua_Integer n = luaL_checkinteger(L, 1);
	const char *name = NULL;

	if (n > -INT_MAX && n < INT_MAX)
		name = lunatik_errname(abs((int)n));
	lua_pushstring(L, name);
	return 1;
}

/* numcpus() -> how many CPUs are in use */
static int lualinux_numcpus(lua_State *L)
{
	lua_pushinteger(L, num_online_cpus());
	return 1;
}

static const luaL_Reg lualinux_lib[] = {
	{"random", lualinux_random},
	{"schedule", lualinux_schedule},
	{"time", lualinux_time},
	{"difftime", lualinux_difftime},
	{"tracing", lualinux_tracing},
	{"lookup", lualinux_lookup},
	{"ifindex", lualinux_ifindex},
	{"ifaddr", lualinux_ifaddr},
	{"errname", lualinux_errname},
	{"numcpus", lualinux_numcpus},
	{NULL, NULL}
};

/* linux.NAME, the first time */
static int lualinux_index(lua_State *L)
{
	const struct lualinux_table *table;

	luaL_checktype(L, 1, LUA_TTABLE);	/* a script has this function, too */
	if (lua_type(L, 2) != LUA_TSTRING)
		return 0;
	table = lualinux_findtable(&lualinux_root, lua_tostring(L, 2));
	if (!table)
		return 0;
	lualinux_pushtable(L, table);
	lua_pushvalue(L, 2);
	lua_pushvalue(L, -2);
	lua_rawset(L, 1);
	return 1;
}

static int lualinux_open(lua_State *L)
{
	lunatik_newlib(L, lualinux_lib, NULL, THIS_MODULE);
	lua_createtable(L, 0, 1);
	lua_pushcfunction(L, lualinux_index);
	lua_setfield(L, -2, "__index");
	lua_setmetatable(L, -2);
	return 1;
}

LUALINUX_LIB(linux, lualinux_open);

static int __init lualinux_init(void)
{
	int cpu;

	for_each_possible_cpu(cpu)
		prandom_seed_state(per_cpu_ptr(&lualinux_pseudo, cpu), get_random_u64());
	return 0;
}

static void __exit lualinux_exit(void)
{
}

module_init(lualinux_init);
module_exit(lualinux_exit);
MODULE_DESCRIPTION("The kernel for Lunatik's scripts");
MODULE_AUTHOR("Lunatik for Debian");
MODULE_VERSION(LUNATIK_VERSION);
MODULE_LICENSE("Dual MIT/GPL");
