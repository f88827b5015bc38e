// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * signal: signals of the task that runs the script, and to others. Process context.
 *
 * A kernel thread ignores what it does not allow; what it allows ends the script
 * that runs in it.
 */
#include <linux/module.h>
#include <linux/pid.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/signal.h>

#include <lunatik.h>

static int luasignal_check(lua_State *L, int i, int lowest)
{
	lua_Integer n = luaL_checkinteger(L, i);

	if (n < lowest || n > _NSIG)
		luaL_error(L, "there is no signal %I", (LUAI_UACINT)n);
	return n;
}

static void luasignal_checkprocess(lua_State *L)
{
	if (!lunatik_maysleep(L))
		luaL_error(L, "signals are for process context only");
}

/* sigmask(signal[, how]): how is 0, block, or 1, unblock */
static int luasignal_sigmask(lua_State *L)
{
	int signal = luasignal_check(L, 1, 1);
	lua_Integer how = luaL_optinteger(L, 2, SIG_BLOCK);
	sigset_t set;

	luasignal_checkprocess(L);
	if (how != SIG_BLOCK && how != SIG_UNBLOCK)
		return luaL_error(L, "sigmask(): how is %d, block, or %d, unblock, not %I",
				  SIG_BLOCK, SIG_UNBLOCK, (LUAI_UACINT)how);
	if (signal == SIGKILL || signal == SIGSTOP)
		lunatik_throw(L, -EINVAL);	/* nobody could end the task */
	if (how == SIG_UNBLOCK && current->flags & PF_KTHREAD)
		allow_signal(signal);
	siginitset(&set, 0);
	sigaddset(&set, signal);
	lunatik_try(L, sigprocmask, how, &set, NULL);
	return 0;
}

/* sigpending() -> whether the task has a signal to deal with */
static int luasignal_sigpending(lua_State *L)
{
	luasignal_checkprocess(L);
	lua_pushboolean(L, signal_pending(current));
	return 1;
}

enum { LUASIGNAL_BLOCKED, LUASIGNAL_PENDING, LUASIGNAL_ALLOWED };

static bool luasignal_is(int signal, int state)
{
	/* there as long as current runs */
	struct sighand_struct *sighand = rcu_dereference_protected(current->sighand, true);
	bool is;

	spin_lock_irq(&sighand->siglock);
	switch (state) {
	case LUASIGNAL_BLOCKED:
		is = sigismember(&current->blocked, signal);
		break;
	case LUASIGNAL_PENDING:
		is = sigismember(&current->pending.signal, signal) ||
		     sigismember(&current->signal->shared_pending.signal, signal);
		break;
	default:
		is = sighand->action[signal - 1].sa.sa_handler != SIG_IGN;
	}
	spin_unlock_irq(&sighand->siglock);
	return is;
}

/* sigstate(signal[, "blocked" | "pending" | "allowed"]) -> boolean */
static int luasignal_sigstate(lua_State *L)
{
	static const char * const states[] = {"blocked", "pending", "allowed", NULL};
	int signal = luasignal_check(L, 1, 1);
	int state = luaL_checkoption(L, 2, "blocked", states);

	luasignal_checkprocess(L);
	lua_pushboolean(L, luasignal_is(signal, state));
	return 1;
}

/* As if the task sent it: its rights count, and init is not killed. */
static int luasignal_send(pid_t nr, int signal)
{
	struct pid *pid = find_get_pid(nr);
	int ret = pid ? kill_pid(pid, signal, 0) : -ESRCH;

	put_pid(pid);
	return ret;
}

/* kill(pid[, signal]): SIGKILL if none is said; 0 sends nothing, but raises as well */
static int luasignal_kill(lua_State *L)
{
	lua_Integer pid = luaL_checkinteger(L, 1);
	int signal = lua_isnoneornil(L, 2) ? SIGKILL : luasignal_check(L, 2, 0);

	luasignal_checkprocess(L);
	if (pid <= 0 || pid > INT_MAX)
		lunatik_throw(L, -ESRCH);
	lunatik_try(L, luasignal_send, pid, signal);
	lua_pushboolean(L, true);
	return 1;
}

static const luaL_Reg luasignal_lib[] = {
	{"sigmask", luasignal_sigmask},
	{"sigpending", luasignal_sigpending},
	{"sigstate", luasignal_sigstate},
	{"kill", luasignal_kill},
	{NULL, NULL}
};

LUNATIK_NEWLIB(signal, luasignal_lib, NULL);

MODULE_DESCRIPTION("Signals for Lunatik's scripts");
MODULE_AUTHOR("Lunatik for Debian");
MODULE_VERSION(LUNATIK_VERSION);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_ALIAS("lunatik-signal");
