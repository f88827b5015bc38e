// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * lunatik.runner: runtimes with a name, that stay until they are stopped.
 * The command lunatik(8) is made of it.
 */
#include <linux/ctype.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core.h"

struct lunatik_running {
	struct list_head list;
	lunatik_object_t *runtime;	/* NULL while its script is being loaded */
	lunatik_object_t *thread;	/* of spawn(), or NULL */
	char name[LUNATIK_NAMELEN];
};

static DEFINE_MUTEX(runner_lock);
static LIST_HEAD(runner_list);

static void runner_free(struct lunatik_running *running)
{
	if (running->runtime)
		lunatik_putobject(running->runtime);
	if (running->thread)
		lunatik_putobject(running->thread);
	kfree(running);
	module_put(THIS_MODULE);
}

static const char runner_runtimes[] = "runtimes", runner_threads[] = "threads";

static void runner_announceend(struct lunatik_running *running)
{
	lunatik_announce(runner_runtimes, running->name, NULL);
	if (running->thread)
		lunatik_announce(runner_threads, running->name, NULL);
}

int lunatik_announceall(struct lunatik_global *global)
{
	struct lunatik_running *running;
	int ret = 0;

	mutex_lock(&runner_lock);
	list_for_each_entry(running, &runner_list, list) {
		if (!ret && running->runtime)
			ret = global->runs(runner_runtimes, running->name, running->runtime);
		if (!ret && running->thread)
			ret = global->runs(runner_threads, running->name, running->thread);
	}
	mutex_unlock(&runner_lock);
	return ret;
}

/*
 * Takes those out whose runtime was stopped by runtime:stop(), to @dropped: what they
 * hold is given back without the lock, since finalizers may run then. With the lock.
 */
static void runner_prune(struct list_head *dropped)
{
	struct lunatik_running *running, *next;

	list_for_each_entry_safe(running, next, &runner_list, list) {
		struct lunatik_runtime *rt = running->runtime ? running->runtime->private : NULL;

		if (!rt || READ_ONCE(rt->L))
			continue;
		list_move_tail(&running->list, dropped);
		runner_announceend(running);
	}
}

static void runner_begin(struct list_head *dropped)
{
	mutex_lock(&runner_lock);
	runner_prune(dropped);
}

static void runner_end(struct list_head *dropped)
{
	struct lunatik_running *running, *next;

	mutex_unlock(&runner_lock);
	list_for_each_entry_safe(running, next, dropped, list)
		runner_free(running);
}

/* A runtime was stopped by itself: its name is free. */
void lunatik_forget(void)
{
	LIST_HEAD(dropped);

	runner_begin(&dropped);
	runner_end(&dropped);
}

static struct lunatik_running *runner_find(const char *name)
{
	struct lunatik_running *running;

	list_for_each_entry(running, &runner_list, list)
		if (strcmp(running->name, name) == 0)
			return running;
	return NULL;
}

/* Reserves the name. Whoever is in the list keeps lunatik.ko loaded. */
static int runner_add(const char *name, struct lunatik_running **prunning)
{
	struct lunatik_running *running;
	LIST_HEAD(dropped);
	int ret = 0;

	running = kzalloc(sizeof(*running), GFP_KERNEL);
	if (!running)
		return -ENOMEM;
	strscpy(running->name, name, sizeof(running->name));

	runner_begin(&dropped);
	if (runner_find(name)) {
		ret = -EEXIST;
	} else {
		list_add_tail(&running->list, &runner_list);
		__module_get(THIS_MODULE);
	}
	runner_end(&dropped);

	if (ret)
		kfree(running);
	else
		*prunning = running;
	return ret;
}

/* The name as it is listed, pushed: a trailing ".lua" is dropped. */
static const char *runner_checkname(lua_State *L)
{
	size_t len;
	const char *name = luaL_checklstring(L, 1, &len);

	if (!lunatik_maysleep(L))
		luaL_error(L, "scripts can be run and stopped only in process context");
	if (strlen(name) != len)
		luaL_error(L, "the name of a script must not contain a NUL byte");
	if (len > 4 && strcmp(name + len - 4, ".lua") == 0)
		len -= 4;
	return lua_pushlstring(L, name, len);
}

#define RUNNER_MSGLEN		1024
#define RUNNER_THREADNAME	63	/* bytes of a script's name that its thread gets */

/* run(script[, context[, budget]]) -> runtime */
static int runner_run(lua_State *L)
{
	lunatik_opt_t opt = lunatik_checkcontextname(L, 2);
	lunatik_budget_t own;
	const lunatik_budget_t *budget = lunatik_checkbudgetarg(L, 3, opt, &own);
	const char *name = runner_checkname(L);
	char *msg = lua_newuserdatauv(L, RUNNER_MSGLEN, 0);
	lunatik_object_t **slot = lunatik_newslot(L, &lunatik_runtime_class);
	struct lunatik_running *running;
	lunatik_object_t *runtime;
	int ret, told = 0;

	ret = runner_add(name, &running);
	if (ret == -EEXIST)
		return luaL_error(L, "script '%s' is already running", name);
	if (ret)
		lunatik_throw(L, ret);

	ret = lunatik_load(&runtime, name, opt, budget, NULL, msg, RUNNER_MSGLEN);

	mutex_lock(&runner_lock);
	if (ret) {
		list_del(&running->list);
	} else {
		running->runtime = runtime;
		lunatik_getobject(runtime);
		*slot = runtime;
		told = lunatik_announce(runner_runtimes, name, runtime);
	}
	mutex_unlock(&runner_lock);

	if (ret) {
		runner_free(running);
		lua_pushstring(L, msg);
		return lua_error(L);
	}
	if (told) {	/* not half of it */
		lunatik_stopfrom(L, runtime);
		lunatik_throw(L, told);
	}
	return 1;	/* the slot */
}

/* Keeps the thread of the script @name, whose userdata is at index @i. */
static void runner_setthread(lua_State *L, int i, const char *name, lunatik_object_t *runtime)
{
	lunatik_object_t *thread = lunatik_toobject(L, i), *old = thread;
	struct lunatik_running *running;
	LIST_HEAD(dropped);
	int told = 0;

	if (!thread)
		luaL_error(L, "thread.run() returned a %s value", luaL_typename(L, i));
	lunatik_checkshared(L, thread);
	lunatik_getobject(thread);
	runner_begin(&dropped);
	running = runner_find(name);
	if (running && running->runtime == runtime) {
		swap(running->thread, old);
		told = lunatik_announce(runner_threads, name, thread);
	}
	runner_end(&dropped);
	if (old)	/* stopped by somebody meanwhile */
		lunatik_putobject(old);
	if (told)
		lunatik_throw(L, told);
}

/* thread.run(runtime, script), with the runtime at index -1; protected. */
static int runner_thread(lua_State *L)
{
	const char *name = luaL_checkstring(L, 2);	/* debug.getinfo() hands this out */

	lunatik_require(L, "thread");
	lua_getfield(L, LUA_REGISTRYINDEX, LUA_LOADED_TABLE);
	lua_getfield(L, -1, "thread");
	lua_getfield(L, -1, "run");
	lua_pushvalue(L, 1);
	/* the kernel shows less of it than thread.run() takes */
	lua_pushlstring(L, name, min_t(size_t, strlen(name), RUNNER_THREADNAME));
	lua_call(L, 2, 1);
	runner_setthread(L, lua_gettop(L), name, lunatik_toobject(L, 1));
	return 1;
}

/* spawn(script[, context[, budget]]) -> thread, that runs what the script returned */
static int runner_spawn(lua_State *L)
{
	const char *name;
	int runtime;

	if (lunatik_checkcontextname(L, 2) != LUNATIK_OPT_NONE)
		return luaL_error(L, "a thread runs in a runtime of process context only");
	lua_settop(L, 3);
	name = runner_checkname(L);
	lua_replace(L, 1);	/* nothing that can fail is left for later */
	runner_run(L);
	runtime = lua_gettop(L);
	lua_pushcfunction(L, runner_thread);
	lua_pushvalue(L, runtime);
	lua_pushvalue(L, 1);
	if (lua_pcall(L, 2, 1, 0) == LUA_OK)
		return 1;
	/* not half of it: the message is on top */
	lunatik_stopfrom(L, lunatik_toobject(L, runtime));
	return luaL_error(L, "cannot spawn script '%s': %s", name, luaL_tolstring(L, -1, NULL));
}

/* Pushes the thread of a script and waits for its end. */
static void runner_stopthread(lua_State *L, lunatik_object_t *thread)
{
	lunatik_pushobject(L, thread);
	lua_getfield(L, -1, "stop");
	lua_insert(L, -2);
	lua_call(L, 1, 0);
}

typedef struct lunatik_running *runner_which_t(lua_State *L, const char *name);

/*
 * Stops the script that @which finds in the list, with the lock; first its
 * thread, which may have something to do yet. Returns whether there was one, and
 * in @loading whether it cannot be stopped. Whoever is stopped drops out of the
 * list by itself.
 */
static bool runner_stopwhich(lua_State *L, runner_which_t *which, const char *name,
			     bool *loading)
{
	lunatik_object_t **slot = lunatik_newslot(L, &lunatik_runtime_class);
	lunatik_object_t *thread = NULL;
	struct lunatik_running *running;
	LIST_HEAD(dropped);
	bool found;

	runner_begin(&dropped);
	running = which(L, name);
	*loading = running && !running->runtime;
	if (running && !*loading) {
		lunatik_getobject(running->runtime);
		*slot = running->runtime;
		thread = running->thread;
		if (thread)
			lunatik_getobject(thread);
	}
	found = running;	/* that may be gone in a moment */
	runner_end(&dropped);

	if (!found || *loading)
		return found;
	if (thread)
		runner_stopthread(L, thread);
	lunatik_stopfrom(L, *slot);
	return true;
}

static struct lunatik_running *runner_named(lua_State *L, const char *name)
{
	return runner_find(name);
}

/* Any that can be stopped from here. */
static struct lunatik_running *runner_any(lua_State *L, const char *name)
{
	struct lunatik_running *running;

	list_for_each_entry(running, &runner_list, list)
		if (running->runtime && running->runtime != lunatik_toruntime(L))
			return running;
	return NULL;
}

/* stop(script) */
static int runner_stop(lua_State *L)
{
	const char *name = runner_checkname(L);
	bool loading;

	if (!runner_stopwhich(L, runner_named, name, &loading))
		return luaL_error(L, "script '%s' is not running", name);
	if (loading)
		return luaL_error(L, "script '%s' is still being loaded, end who runs it", name);
	return 0;
}

/* shutdown() stops all scripts, but for the one that calls it and those being loaded */
static int runner_shutdown(lua_State *L)
{
	bool loading;

	if (!lunatik_maysleep(L))
		return luaL_error(L, "scripts can be run and stopped only in process context");
	do
		lua_settop(L, 0);
	while (runner_stopwhich(L, runner_any, NULL, &loading));
	return 0;
}

/* startup() is for scripts that begin with it: the runner is always ready */
static int runner_startup(lua_State *L)
{
	return 0;
}

/* The names as far as they fit; returns the room that all of them want. */
static size_t runner_join(char *names, size_t size)
{
	struct lunatik_running *running;
	size_t len = 0, want = 1;
	LIST_HEAD(dropped);

	runner_begin(&dropped);
	list_for_each_entry(running, &runner_list, list) {
		want += strlen(running->name) + strlen(", ");
		if (size)
			len += scnprintf(names + len, size - len, "%s%s",
					 len ? ", " : "", running->name);
	}
	runner_end(&dropped);
	return want;
}

/* list() -> "a, b". Lua may raise, so nothing is pushed under the lock. */
static int runner_names(lua_State *L)
{
	size_t size = runner_join(NULL, 0);
	char *names = lua_newuserdatauv(L, size, 0);

	names[0] = '\0';
	runner_join(names, size);
	lua_pushstring(L, names);
	return 1;
}

static const luaL_Reg runner_lib[] = {
	{"run", runner_run},
	{"spawn", runner_spawn},
	{"stop", runner_stop},
	{"list", runner_names},
	{"shutdown", runner_shutdown},
	{"startup", runner_startup},
	{NULL, NULL}
};

int lunatik_openrunner(lua_State *L)
{
	luaL_newlib(L, runner_lib);
	return 1;
}
