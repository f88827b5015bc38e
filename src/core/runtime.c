// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Runtimes: a Lua state with a lock, a context and limits.
 *
 * A runtime is made in process context and runs its script there, before
 * anybody else can enter; then it is published and entered by lunatik_run().
 * It is closed in process context too, after it was taken from everybody
 * under its lock, so a finalizer may sleep whatever the runtime's context.
 */
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>

#include "core.h"

/* A module that this runtime keeps loaded. */
struct lunatik_module {
	struct list_head list;
	struct module *module;
};

static void lunatik_runtime_release(void *private);
static int lunatik_runtime_stop(lua_State *L);

static const luaL_Reg lunatik_runtime_methods[] = {
	{"resume", lunatik_resume},
	{"status", lunatik_runtime_status},
	{"stop", lunatik_runtime_stop},
	{"__close", lunatik_runtime_stop},
	{NULL, NULL}
};

const lunatik_class_t lunatik_runtime_class = {
	.name = "runtime",
	.methods = lunatik_runtime_methods,
	.release = lunatik_runtime_release,
};

/* those that modules made, each until it is freed */
static DEFINE_MUTEX(lunatik_made_lock);
static LIST_HEAD(lunatik_made);

static const char * const lunatik_contexts[] = {"process", "softirq", "hardirq", NULL};

const char *lunatik_contextname(lunatik_opt_t opt)
{
	return lunatik_contexts[lunatik_context(opt)];
}

/* The context that is named at index @i, "process" if nothing is. */
lunatik_opt_t lunatik_checkcontextname(lua_State *L, int i)
{
	static const lunatik_opt_t opts[] = {
		LUNATIK_OPT_NONE, LUNATIK_OPT_SOFTIRQ, LUNATIK_OPT_HARDIRQ,
	};

	return opts[luaL_checkoption(L, i, "process", lunatik_contexts)];
}

/*
 * Keeps the module of a class or a library until the runtime is closed; NULL
 * is none. One that made the runtime stops it before it is gone.
 */
void lunatik_keep(lua_State *L, struct module *module)
{
	struct lunatik_runtime *rt = lunatik_runtimeof(L);
	struct lunatik_module *kept;

	if (!module || module == rt->by)
		return;
	list_for_each_entry(kept, &rt->modules, list)
		if (kept->module == module)
			return;

	kept = kmalloc(sizeof(*kept), lunatik_gfp(L) | LUNATIK_GFP);
	if (!kept)
		lunatik_raisenomemory(L);	/* so that making a runtime fails with -ENOMEM */
	__module_get(module);
	kept->module = module;
	list_add(&kept->list, &rt->modules);
}

static void lunatik_keepaux(lua_State *L, void *module)
{
	lunatik_keep(L, module);
}

/* The same with a reference to the module, which is given back in any case. */
void lunatik_keepgot(lua_State *L, struct module *module)
{
	int status = lunatik_protect(L, lunatik_keepaux, module);

	module_put(module);
	if (status != LUA_OK)
		lunatik_raise(L, status);
}

static void lunatik_dropmodules(struct lunatik_runtime *rt)
{
	struct lunatik_module *kept, *next;

	list_for_each_entry_safe(kept, next, &rt->modules, list) {
		module_put(kept->module);
		kfree(kept);
	}
	INIT_LIST_HEAD(&rt->modules);
}

/* Closes a state that nobody else can reach any more. */
static void lunatik_closestate(struct lunatik_runtime *rt, lua_State *L)
{
	rt->level = LUNATIK_LEVEL_PROCESS;
	WRITE_ONCE(rt->stop, false);	/* finalizers run as ever, with a time of their own */
	WRITE_ONCE(rt->late, false);
	WRITE_ONCE(rt->ticks, 0);
	rt->asked = 0;
	lunatik_stacklimits(rt);
	WRITE_ONCE(rt->running, L);
	lunatik_interrupt_enter(rt);
	lua_close(L);
	WRITE_ONCE(rt->task, NULL);
	WRITE_ONCE(rt->running, NULL);
	lunatik_interrupt_exit(rt);
	lunatik_dropmodules(rt);
	lunatik_arena_destroy(rt->arena);
	rt->arena = NULL;
	lunatik_ungrantall(rt);
	complete_all(&rt->closed);
}

/* Nobody enters any more. With the lock; returns the state to be closed. */
static lua_State *lunatik_takestate(struct lunatik_runtime *rt)
{
	lua_State *L = rt->L;

	rt->L = NULL;
	rt->ready = false;
	rt->closing = true;
	return L;
}

/* Who is inside has a second to come to an end, then it is ended. */
static void lunatik_lockclosing(lunatik_object_t *runtime)
{
	struct lunatik_runtime *rt = runtime->private;
	unsigned long late = jiffies + HZ;

	if (runtime->opt & LUNATIK_OPT_ATOMIC) {
		lunatik_lockalways(runtime);
		return;
	}
	atomic_inc(&rt->leaving);
	while (!lunatik_trylock(runtime)) {
		if (time_after(jiffies, late))
			lunatik_interrupt(rt);
		schedule_timeout_uninterruptible(1);
	}
	atomic_dec(&rt->leaving);
}

/* Takes the state from everybody, then closes it, unless another does. */
static void lunatik_close(lunatik_object_t *runtime)
{
	struct lunatik_runtime *rt = runtime->private;
	lua_State *L;

	lunatik_lockclosing(runtime);
	L = lunatik_takestate(rt);
	lunatik_unlock(runtime);
	if (L)
		lunatik_closestate(rt, L);
}

/* The last reference is gone: nobody can be inside. */
static void lunatik_runtime_release(void *private)
{
	struct lunatik_runtime *rt = private;
	lua_State *L = lunatik_takestate(rt);

	lunatik_status_del(rt);
	if (rt->by) {
		mutex_lock(&lunatik_made_lock);
		list_del(&rt->made);
		mutex_unlock(&lunatik_made_lock);
	}
	if (L)
		lunatik_closestate(rt, L);
	else
		lunatik_ungrantall(rt);
}

int lunatik_stop(lunatik_object_t *runtime)
{
	struct lunatik_runtime *rt = runtime->private;

	if (READ_ONCE(rt->task) == current || READ_ONCE(runtime->holder) == current) {
		pr_err("lunatik: %s: a runtime cannot be stopped from inside\n", rt->name);
		return -EDEADLK;
	}
	might_sleep();
	lunatik_close(runtime);
	/* another may be at it: what it calls is gone when the caller is */
	wait_for_completion(&rt->closed);
	return lunatik_dropobject_by(runtime, NULL);
}
EXPORT_SYMBOL_GPL(lunatik_stop);

/* The next runtime that @by made and did not stop, with a reference. */
static lunatik_object_t *lunatik_findof(struct module *by)
{
	lunatik_object_t *found = NULL;
	struct lunatik_runtime *rt;

	mutex_lock(&lunatik_made_lock);
	list_for_each_entry(rt, &lunatik_made, made) {
		if (rt->by == by && !completion_done(&rt->closed) &&
		    lunatik_getobject_maybe_by(rt->object, NULL)) {
			found = rt->object;
			break;
		}
	}
	mutex_unlock(&lunatik_made_lock);
	return found;
}

/* A module is going: what it left behind calls nothing of it any more. */
void lunatik_closeof(struct module *by)
{
	lunatik_object_t *runtime;

	while ((runtime = lunatik_findof(by))) {
		struct lunatik_runtime *rt = runtime->private;

		pr_err("lunatik: module %s did not stop its runtime '%s', it is stopped now\n",
		       module_name(by), rt->name);
		lunatik_stop(runtime);
	}
}

/* --- one runtime deals with another */

static DEFINE_SPINLOCK(lunatik_waits);

/* Whether who holds @object waits, over any number of steps, for us. */
static bool lunatik_isdeadlock(lunatik_object_t *object)
{
	bool deadlock = false;
	int steps = 100;	/* others may wait for each other in a circle */

	spin_lock(&lunatik_waits);
	while (object && !deadlock && steps-- > 0) {
		struct lunatik_runtime *rt = object->private;

		deadlock = READ_ONCE(object->holder) == current;
		object = rt->waiting;
	}
	spin_unlock(&lunatik_waits);
	return deadlock;
}

static void lunatik_setwaiting(struct lunatik_runtime *rt, lunatik_object_t *object)
{
	spin_lock(&lunatik_waits);
	rt->waiting = object;
	spin_unlock(&lunatik_waits);
}

/*
 * Takes the lock of another runtime from inside one. What is waited for may
 * be waiting for us: that is -EDEADLK, and -EINTR whatever ends a script. The
 * lock of a runtime that cannot sleep is not held by one who waits. -EBUSY from
 * inside a monitor: who is in there may want that.
 */
static int lunatik_waitfor(lua_State *L, lunatik_object_t *object, bool stopping)
{
	struct lunatik_runtime *self = lunatik_runtimeof(L), *rt = object->private;
	int ret = 0;

	if (READ_ONCE(object->holder) == current)
		return -EDEADLK;
	if (object->opt & LUNATIK_OPT_ATOMIC) {
		lunatik_lockalways(object);
		return 0;
	}
	if (self->monitors > 0)
		return lunatik_trylong(object, true) ? 0 : -EBUSY;

	lunatik_setwaiting(self, object);
	while (!ret && !lunatik_trylock(object)) {
		if (stopping)	/* who has come in since */
			lunatik_interrupt(rt);
		if (READ_ONCE(self->stop) || lunatik_istaskover())
			ret = -EINTR;
		else if (lunatik_isdeadlock(object))
			ret = -EDEADLK;
		else
			schedule_timeout_uninterruptible(1);
	}
	lunatik_setwaiting(self, NULL);
	return ret;
}

int lunatik_trywait(lua_State *L, lunatik_object_t *object)
{
	return lunatik_waitfor(L, object, false);
}

static void lunatik_raisewait(lua_State *L, const char *name, int error)
{
	switch (error) {
	case -EDEADLK:
		luaL_error(L, "runtime '%s' waits for this one", name);
		break;
	case -EBUSY:
		luaL_error(L, "runtime '%s' is in use, and who uses it may be waiting for this one",
			   name);
		break;
	case -EINTR:
		luaL_error(L, "stopped while waiting for runtime '%s'", name);
	}
}

/* The same, which raises. */
void lunatik_lockwait(lua_State *L, lunatik_object_t *object)
{
	const char *name = ((struct lunatik_runtime *)object->private)->name;

	lunatik_raisewait(L, name, lunatik_trywait(L, object));
}

/* Stops a runtime, to which there is a reference, from inside another. */
void lunatik_stopfrom(lua_State *L, lunatik_object_t *runtime)
{
	struct lunatik_runtime *rt = runtime->private;
	lua_State *closed;
	int ret;

	if (!lunatik_maysleep(L))
		luaL_error(L, "a runtime can be stopped only in process context");
	if (READ_ONCE(rt->task) == current)
		luaL_error(L, "a script cannot stop the runtime it runs in");

	atomic_inc(&rt->leaving);
	lunatik_interrupt(rt);
	ret = lunatik_waitfor(L, runtime, true);
	atomic_dec(&rt->leaving);
	lunatik_raisewait(L, rt->name, ret);
	closed = lunatik_takestate(rt);
	lunatik_unlock(runtime);
	if (closed)
		lunatik_closestate(rt, closed);
	lunatik_forget();
}

static int lunatik_runtime_stop(lua_State *L)
{
	lunatik_stopfrom(L, lunatik_toobject(L, 1));
	return 0;
}

/* --- making one */

static int lunatik_panic(lua_State *L)
{
	pr_crit("lunatik: error outside every protected call\n");
	return 0;
}

static void lunatik_initruntime(lunatik_object_t *runtime, const char *name,
				const lunatik_budget_t *budget, struct module *by)
{
	struct lunatik_runtime *rt = runtime->private;

	rt->object = runtime;
	rt->by = by;
	lunatik_setbudget(rt, budget);
	strscpy(rt->name, name, sizeof(rt->name));
	INIT_LIST_HEAD(&rt->modules);
	init_completion(&rt->closed);
	lunatik_interrupt_init(rt);
	lunatik_initlog(rt);
	lunatik_status_add(rt);
	if (by) {
		mutex_lock(&lunatik_made_lock);
		list_add(&rt->made, &lunatik_made);
		mutex_unlock(&lunatik_made_lock);
	}
}

/* Closes a runtime that was never published. Returns @ret. */
int lunatik_abandon(lunatik_object_t *runtime, int ret)
{
	struct lunatik_runtime *rt = runtime->private;

	WRITE_ONCE(rt->task, NULL);
	lunatik_close(runtime);
	lunatik_dropobject_by(runtime, NULL);
	return ret;
}

/*
 * An empty runtime, its libraries open, that only the caller knows; not ready
 * for lunatik_run(). @by has made it and will stop it; NULL is lunatik.ko.
 */
int lunatik_create(lunatik_object_t **pruntime, const char *name, lunatik_opt_t opt,
		   const lunatik_budget_t *budget, struct module *by)
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
	lunatik_initruntime(runtime, name, budget, by);
	rt->L = lua_newstate(lunatik_alloc, rt);
	if (!rt->L)
		return lunatik_abandon(runtime, -ENOMEM);
	*(lunatik_object_t **)lua_getextraspace(rt->L) = runtime;
	lua_atpanic(rt->L, lunatik_panic);
	lua_setwarnf(rt->L, lunatik_warn, rt);

	WRITE_ONCE(rt->task, current);	/* the way in before it is ready */
	lunatik_handle(runtime, lunatik_openlibs, ret);
	if (ret)
		return lunatik_abandon(runtime, ret);
	*pruntime = runtime;
	return 0;
}

/* From here on lunatik_run() enters, in the runtime's own context. */
int lunatik_publish(lunatik_object_t *runtime)
{
	struct lunatik_runtime *rt = runtime->private;

	if (runtime->opt & LUNATIK_OPT_HARDIRQ) {
		if (!lunatik_charge(rt, lunatik_hardirq_memory))
			return -ENOMEM;
		rt->arena = lunatik_arena_create(lunatik_hardirq_memory);
		if (!rt->arena)
			return -ENOMEM;
	}
	WRITE_ONCE(rt->task, NULL);
	lunatik_lockalways(runtime);
	WRITE_ONCE(rt->stop, false);
	rt->level = lunatik_level(runtime->opt);
	rt->ready = true;
	lunatik_unlock(runtime);
	return 0;
}

/*
 * Whether this is the one who loads the script, and no interrupt or probe on top: a
 * kernel that does not count cannot tell of a probe, but that Lua waits for memory.
 */
bool lunatik_isloading(struct lunatik_runtime *rt)
{
	return !rt->ready && READ_ONCE(rt->task) == current && in_task() &&
	       preempt_count() == 0 && !READ_ONCE(rt->allocating);
}

bool lunatik_isready(lua_State *L)
{
	return lunatik_runtimeof(L)->ready;
}
EXPORT_SYMBOL_GPL(lunatik_isready);

gfp_t lunatik_gfp(lua_State *L)
{
	return lunatik_runtimeof(L)->level ? GFP_ATOMIC : GFP_KERNEL;
}
EXPORT_SYMBOL_GPL(lunatik_gfp);

bool lunatik_maysleep(lua_State *L)
{
	return lunatik_runtimeof(L)->level == LUNATIK_LEVEL_PROCESS;
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

/*
 * A runtime that has run @script. If it could not, the message is in the log
 * and, as far as @size bytes hold it, in @msg, which may be NULL.
 */
int lunatik_load(lunatik_object_t **pruntime, const char *script, lunatik_opt_t opt,
		 const lunatik_budget_t *budget, struct module *by, char *msg, size_t size)
{
	const char *wrong = lunatik_checkname(script);
	lunatik_object_t *runtime;
	int ret;

	if (msg)
		msg[0] = '\0';
	if (!wrong && budget)
		wrong = lunatik_checkbudget(budget, opt);
	if (!wrong && opt & LUNATIK_OPT_HARDIRQ && !lunatik_israw(opt))
		wrong = "there are no hardirq runtimes in a kernel with PREEMPT_RT";
	if (wrong) {
		pr_err("lunatik: cannot run script '%.*s': %s\n", LUNATIK_NAMELEN,
		       script ? script : "", wrong);
		if (msg)
			scnprintf(msg, size, "cannot run script '%s': %s",
				  script ? script : "", wrong);
		return -EINVAL;
	}

	ret = lunatik_create(&runtime, script, opt, budget, by);
	if (!ret) {
		lunatik_handle(runtime, lunatik_startscript, ret, script, msg, size);
		if (!ret)
			ret = lunatik_publish(runtime);
		if (ret)
			lunatik_abandon(runtime, ret);
	}
	if (ret) {
		if (msg && !msg[0])
			scnprintf(msg, size, "cannot make a runtime: %s", lunatik_errmsg(-ret));
		return ret;
	}
	*pruntime = runtime;
	return 0;
}

int lunatik_newruntime_by(lunatik_object_t **pruntime, const char *script,
			  lunatik_opt_t opt, const lunatik_budget_t *budget, struct module *by)
{
	int ret;

	if (opt != LUNATIK_OPT_NONE && opt != LUNATIK_OPT_SOFTIRQ && opt != LUNATIK_OPT_HARDIRQ) {
		pr_err("lunatik: a runtime has no such options as 0x%x\n", opt);
		return -EINVAL;
	}
	ret = lunatik_load(pruntime, script, opt, budget, by, NULL, 0);
	return ret == 0 || ret == -ENOMEM ? ret : -EINVAL;
}
EXPORT_SYMBOL_GPL(lunatik_newruntime_by);
