// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Runtimes: a Lua state with a lock, a context and limits.
 *
 * A runtime is made in process context and runs its script there, before
 * anybody else can enter; then it is published and entered by lunatik_run().
 * It is closed in process context too, after it was taken from everybody
 * under its lock, so a finalizer may sleep whatever the runtime's context.
 */
#include <linux/err.h>
#include <linux/sched.h>
#include <linux/slab.h>

#include "core.h"

/* A module that this runtime keeps loaded, known by itself or a function in it. */
struct lunatik_module {
	struct list_head list;
	struct module *module;
	void *function;
};

static void lunatik_runtime_release(void *private);
static int lunatik_runtime_stop(lua_State *L);

static const luaL_Reg lunatik_runtime_methods[] = {
	{"stop", lunatik_runtime_stop},
	{"__close", lunatik_runtime_stop},
	{NULL, NULL}
};

const lunatik_class_t lunatik_runtime_class = {
	.name = "runtime",
	.methods = lunatik_runtime_methods,
	.release = lunatik_runtime_release,
};

static void lunatik_putmodule(struct module *module, void *function)
{
	if (function)
		symbol_put_addr(function);
	else
		module_put(module);
}

/* Takes over a reference to the module, which is given back if this raises. */
static void lunatik_keepmodule(lua_State *L, struct module *module, void *function)
{
	struct lunatik_runtime *rt = lunatik_runtimeof(L);
	struct lunatik_module *kept;

	list_for_each_entry(kept, &rt->modules, list) {
		if (kept->module == module && kept->function == function) {
			lunatik_putmodule(module, function);
			return;
		}
	}

	kept = kmalloc(sizeof(*kept), rt->gfp | __GFP_NOWARN);
	if (!kept) {
		lunatik_putmodule(module, function);
		lunatik_throw(L, -ENOMEM);
	}
	kept->module = module;
	kept->function = function;
	list_add(&kept->list, &rt->modules);
}

/* Keeps the module of a class until the runtime is closed; NULL is none. */
void lunatik_keep(lua_State *L, struct module *module)
{
	if (!module)
		return;
	__module_get(module);
	lunatik_keepmodule(L, module, NULL);
}

/* The same for the module that a function is in, of which one reference is held. */
void lunatik_keepfunction(lua_State *L, void *function)
{
	lunatik_keepmodule(L, NULL, function);
}

static void lunatik_dropmodules(struct lunatik_runtime *rt)
{
	struct lunatik_module *kept, *next;

	list_for_each_entry_safe(kept, next, &rt->modules, list) {
		lunatik_putmodule(kept->module, kept->function);
		kfree(kept);
	}
	INIT_LIST_HEAD(&rt->modules);
}

/* Closes a state that nobody else can reach any more. */
static void lunatik_closestate(struct lunatik_runtime *rt, lua_State *L)
{
	rt->gfp = GFP_KERNEL;
	rt->maysleep = true;
	WRITE_ONCE(rt->stop, false);	/* finalizers run as ever */
	lunatik_stacklimits(rt);
	WRITE_ONCE(rt->running, L);
	lunatik_interrupt_enter(rt);
	lua_close(L);
	WRITE_ONCE(rt->task, NULL);
	WRITE_ONCE(rt->running, NULL);
	lunatik_interrupt_exit(rt);
	lunatik_dropmodules(rt);
}

/* Takes the state from everybody, then closes it. A second call does nothing. */
void lunatik_close(lunatik_object_t *runtime)
{
	struct lunatik_runtime *rt = runtime->private;
	lua_State *L;

	lunatik_locknested(runtime);
	L = rt->L;
	rt->L = NULL;
	rt->ready = false;
	lunatik_unlock(runtime);

	if (L)
		lunatik_closestate(rt, L);
}

/* The last reference is gone: nobody can be inside. */
static void lunatik_runtime_release(void *private)
{
	struct lunatik_runtime *rt = private;

	if (rt->L)
		lunatik_closestate(rt, rt->L);
}

int lunatik_stop(lunatik_object_t *runtime)
{
	might_sleep();
	lunatik_close(runtime);
	return lunatik_dropobject(runtime);
}
EXPORT_SYMBOL_GPL(lunatik_stop);

static int lunatik_runtime_stop(lua_State *L)
{
	lunatik_object_t *runtime = lunatik_checkobject(L, 1);
	struct lunatik_runtime *rt = runtime->private;

	luaL_argcheck(L, runtime->class == &lunatik_runtime_class, 1, "runtime expected");
	if (!lunatik_maysleep(L))
		return luaL_error(L, "a runtime can be stopped only in process context");
	if (READ_ONCE(rt->task) == current)
		return luaL_error(L, "a script cannot stop the runtime it runs in");
	lunatik_interrupt(rt);
	lunatik_close(runtime);
	lunatik_forget();
	return 0;
}

static int lunatik_panic(lua_State *L)
{
	pr_crit("lunatik: error outside every protected call\n");
	return 0;
}

/*
 * An empty runtime, its libraries open, that only the caller knows. It is
 * ready for lunatik_run() after lunatik_publish().
 */
int lunatik_create(lunatik_object_t **pruntime, const char *name, lunatik_opt_t opt)
{
	struct lunatik_runtime *rt;
	lunatik_object_t *runtime;
	int ret;

	/* process context, whatever the runtime's own will be */
	might_sleep();
	/* no owner: this module waits for its objects when it exits */
	runtime = lunatik_createobject_owner(&lunatik_runtime_class, sizeof(*rt), opt, NULL);
	if (!runtime)
		return -ENOMEM;

	rt = runtime->private;
	rt->object = runtime;
	rt->gfp = GFP_KERNEL;
	rt->maysleep = true;
	rt->quota = lunatik_memory;
	strscpy(rt->name, name, sizeof(rt->name));
	INIT_LIST_HEAD(&rt->modules);
	lunatik_interrupt_init(rt);

	rt->L = lua_newstate(lunatik_alloc, rt);
	if (!rt->L) {
		lunatik_stop(runtime);
		return -ENOMEM;
	}
	lunatik_toruntime(rt->L) = runtime;
	lua_atpanic(rt->L, lunatik_panic);
	lua_setwarnf(rt->L, lunatik_warn, rt);

	WRITE_ONCE(rt->task, current);	/* the way in before it is ready */
	lunatik_handle(runtime, lunatik_openlibs, ret);
	if (ret) {
		WRITE_ONCE(rt->task, NULL);
		lunatik_stop(runtime);
		return ret;
	}
	*pruntime = runtime;
	return 0;
}

/* From here on lunatik_run() enters, in the runtime's own context. */
void lunatik_publish(lunatik_object_t *runtime)
{
	struct lunatik_runtime *rt = runtime->private;

	WRITE_ONCE(rt->task, NULL);
	lunatik_locknested(runtime);
	WRITE_ONCE(rt->stop, false);
	if (runtime->opt & LUNATIK_OPT_ATOMIC) {
		rt->gfp = GFP_ATOMIC;
		rt->maysleep = false;
	}
	rt->ready = true;
	lunatik_unlock(runtime);
}

/* Whether this is the one who loads the script, and no interrupt on top. */
bool lunatik_isloading(struct lunatik_runtime *rt)
{
	return !rt->ready && READ_ONCE(rt->task) == current && in_task();
}

bool lunatik_isready(lua_State *L)
{
	return lunatik_runtimeof(L)->ready;
}
EXPORT_SYMBOL_GPL(lunatik_isready);

gfp_t lunatik_gfp(lua_State *L)
{
	return lunatik_runtimeof(L)->gfp;
}
EXPORT_SYMBOL_GPL(lunatik_gfp);

bool lunatik_maysleep(lua_State *L)
{
	return lunatik_runtimeof(L)->maysleep;
}
EXPORT_SYMBOL_GPL(lunatik_maysleep);

/* Turns any error object into a string with a traceback. */
static int lunatik_traceback(lua_State *L)
{
	const char *msg = lua_tostring(L, 1);

	if (!msg) {
		if (luaL_callmeta(L, 1, "__tostring") && lua_type(L, -1) == LUA_TSTRING)
			msg = lua_tostring(L, -1);
		else
			msg = lua_pushfstring(L, "(error object is a %s value)",
					      luaL_typename(L, 1));
	}
	luaL_traceback(L, L, msg, 1);
	return 1;
}

/* lua_pcall() that leaves the message with a traceback. */
int lunatik_pcall(lua_State *L, int nargs, int nresults)
{
	int base = lua_gettop(L) - nargs;
	int status;

	lua_pushcfunction(L, lunatik_traceback);
	lua_insert(L, base);
	status = lua_pcall(L, nargs, nresults, base);
	lua_remove(L, base);
	return status;
}

/* Each class of failure has an errno of its own. */
int lunatik_errno_of(lua_State *L, int status)
{
	if (READ_ONCE(lunatik_runtimeof(L)->stop))
		return -EINTR;
	switch (status) {
	case LUA_OK:
		return 0;
	case LUA_ERRMEM:
		return -ENOMEM;
	case LUA_ERRSYNTAX:
		return -ENOEXEC;
	case LUA_ERRFILE:
		return -ENOENT;
	default:
		return -ECANCELED;
	}
}

/* Runs the script's body. On failure the message is logged and copied. */
static int lunatik_body(lua_State *L, const char *script, char *copy, size_t size)
{
	const char *path, *msg;
	size_t len;
	int status;

	path = lua_pushfstring(L, LUNATIK_ROOT "%s.lua", script);
	status = luaL_loadfilex(L, path, "t");
	if (status == LUA_OK)
		status = lunatik_pcall(L, 0, 0);
	if (status == LUA_OK)
		return 0;

	msg = luaL_tolstring(L, -1, &len);
	lunatik_log(KERN_ERR, msg, len);
	if (copy)
		strscpy(copy, msg, size);
	return lunatik_errno_of(L, status);
}

/*
 * A runtime that has run @script. If it could not, the message is in the log
 * and, as far as @size bytes hold it, in @msg, which may be NULL.
 */
int lunatik_load(lunatik_object_t **pruntime, const char *script, lunatik_opt_t opt,
		 char *msg, size_t size)
{
	const char *wrong = lunatik_checkname(script);
	lunatik_object_t *runtime;
	int ret;

	if (wrong) {
		pr_err("lunatik: cannot run script '%.*s': %s\n", LUNATIK_NAMELEN,
		       script ? script : "", wrong);
		if (msg)
			scnprintf(msg, size, "cannot run script '%s': %s",
				  script ? script : "", wrong);
		return -EINVAL;
	}

	ret = lunatik_create(&runtime, script, opt);
	if (ret) {
		if (msg)
			scnprintf(msg, size, "cannot make a runtime: %pe", ERR_PTR(ret));
		return ret;
	}

	lunatik_handle(runtime, lunatik_body, ret, script, msg, size);
	if (ret) {
		struct lunatik_runtime *rt = runtime->private;

		WRITE_ONCE(rt->task, NULL);
		lunatik_stop(runtime);
		return ret;
	}
	lunatik_publish(runtime);
	*pruntime = runtime;
	return 0;
}

int lunatik_runtime(lunatik_object_t **pruntime, const char *script, bool sleep)
{
	lunatik_opt_t opt = sleep ? LUNATIK_OPT_NONE : LUNATIK_OPT_SOFTIRQ;
	int ret = lunatik_load(pruntime, script, opt, NULL, 0);

	return ret == 0 || ret == -ENOMEM ? ret : -EINVAL;
}
EXPORT_SYMBOL_GPL(lunatik_runtime);
