// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The function that a script returned, run in a kernel thread that is inside of
 * the runtime as long as the function runs. Such an entry has no limit of time:
 * it ends soon after the thread was asked to stop, see interrupt.c.
 */
#include <linux/kthread.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>

#include "core.h"

static const char thread_function;	/* the key that the registry has it by */

/* Takes the function from the script, so that nobody else runs or resumes it. */
static int thread_take(lua_State *L)
{
	struct lunatik_runtime *rt = lunatik_runtimeof(L);
	lua_State *script = rt->script;

	if (!script || lua_status(script) != LUA_OK)
		return -ENOEXEC;
	lua_pushvalue(script, -1);
	lua_xmove(script, L, 1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &thread_function);
	lua_settop(script, 0);
	rt->script = NULL;
	return 0;
}

void lunatik_claimthread(lua_State *L, lunatik_object_t *runtime)
{
	struct lunatik_runtime *rt = runtime->private;
	int ret;

	if (READ_ONCE(rt->task) == current || runtime == lunatik_toruntime(L))
		luaL_error(L, "a script cannot run a thread in its own runtime");
	if (atomic_xchg(&rt->threaded, 1))
		luaL_error(L, "runtime '%s' has a thread already", rt->name);
	ret = lunatik_trywait(L, runtime);
	if (ret == 0) {
		lunatik_handle(runtime, thread_take, ret);
		lunatik_unlock(runtime);
	}
	if (ret == 0)
		return;
	atomic_set(&rt->threaded, 0);
	if (ret == -ENXIO)
		luaL_error(L, "runtime '%s' is stopped", rt->name);
	if (ret == -ENOEXEC)
		luaL_error(L, "the script of runtime '%s' returned no function for a thread to run",
			   rt->name);
	if (ret == -EDEADLK)
		luaL_error(L, "runtime '%s' waits for this one", rt->name);
	lunatik_throw(L, ret);
}
EXPORT_SYMBOL_GPL(lunatik_claimthread);

void lunatik_unclaimthread(lunatik_object_t *runtime)
{
	struct lunatik_runtime *rt = runtime->private;

	atomic_set(&rt->threaded, 0);
}
EXPORT_SYMBOL_GPL(lunatik_unclaimthread);

static int thread_call(lua_State *L)
{
	lua_rawgetp(L, LUA_REGISTRYINDEX, &thread_function);
	lua_pushnil(L);
	lua_rawsetp(L, LUA_REGISTRYINDEX, &thread_function);
	lua_call(L, 0, 0);
	return 0;
}

int lunatik_runthread(lunatik_object_t *runtime)
{
	struct lunatik_runtime *rt = runtime->private;
	int ret = -EINTR;

	/* whoever has the lock may be who waits for the end of this thread */
	while (!lunatik_trylock(runtime)) {
		if (kthread_should_stop())
			goto out;
		schedule_timeout_interruptible(1);
	}
	rt->thread = current;
	lunatik_handle(runtime, thread_call, ret);
	rt->thread = NULL;
	lunatik_unlock(runtime);
out:
	atomic_set(&rt->threaded, 0);
	return ret;
}
EXPORT_SYMBOL_GPL(lunatik_runthread);

/* A signal to a kernel thread is one that it allows. */
bool lunatik_mustend(lua_State *L)
{
	struct lunatik_runtime *rt = lunatik_runtimeof(L);

	return READ_ONCE(rt->stop) || (rt->level == LUNATIK_LEVEL_PROCESS && lunatik_istaskover());
}
EXPORT_SYMBOL_GPL(lunatik_mustend);
