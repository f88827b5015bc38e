// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * thread: kernel threads that run the function a script returned.
 *
 * What a script has is a handle. A thread whose last handle goes is asked to
 * stop, by a worker, since nobody should wait for it in a collection of garbage.
 * thread.current() is a handle too, but not one that keeps its own thread going.
 */
#include <linux/completion.h>
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/sched/task.h>
#include <linux/slab.h>
#include <linux/spinlock.h>
#include <linux/workqueue.h>

#include <lunatik.h>
#include <compat.h>

#define LUATHREAD_NAMELEN	64	/* with the ending NUL; the kernel shows 15 of them */
#define LUATHREAD_LOOK	msecs_to_jiffies(50)	/* from one look at who waits to the next */

/* private of the object, which has a reference to it, as the thread has */
struct luathread {
	struct kref kref;
	struct list_head list;		/* of all that run */
	struct task_struct *task;	/* or NULL: it was never made */
	lunatik_object_t *runtime;	/* the thread's own reference */
	struct completion begun, ended;
	atomic_t asked;			/* to stop */
	struct work_struct stop;
};

LUNATIK_PRIVATECHECKER(luathread_check, struct luathread *);

static struct workqueue_struct *luathread_wq;
static DEFINE_SPINLOCK(luathread_lock);
static LIST_HEAD(luathread_list);

static void luathread_free(struct kref *kref)
{
	struct luathread *thread = container_of(kref, struct luathread, kref);

	if (thread->task)
		put_task_struct(thread->task);
	kfree(thread);
}

static void luathread_put(struct luathread *thread)
{
	kref_put(&thread->kref, luathread_free);
}

static int luathread_main(void *data)
{
	struct luathread *thread = data;

	complete(&thread->begun);
	lunatik_runthread(thread->runtime);	/* the log has what went wrong */

	/* it may close the runtime here */
	lunatik_dropobject(thread->runtime);
	spin_lock(&luathread_lock);
	list_del(&thread->list);
	spin_unlock(&luathread_lock);
	complete_all(&thread->ended);
	luathread_put(thread);
	module_put_and_kthread_exit(0);
	return 0;
}

static void luathread_stopwork(struct work_struct *work)
{
	struct luathread *thread = container_of(work, struct luathread, stop);

	kthread_stop(thread->task);
	luathread_put(thread);
}

static void luathread_ask(struct luathread *thread)
{
	if (!thread->task || atomic_xchg(&thread->asked, 1))
		return;
	kref_get(&thread->kref);
	queue_work(luathread_wq, &thread->stop);
}

static void luathread_release(void *private)
{
	luathread_ask(private);
	luathread_put(private);
}

static void luathread_releaseself(void *private)
{
	luathread_put(private);
}

/* t:stop() asks it to stop and waits for its end */
static int luathread_stop(lua_State *L)
{
	struct luathread *thread = luathread_check(L, 1);

	if (thread->task == current)
		return luaL_error(L, "a thread cannot stop itself, it ends when its function returns");
	luathread_ask(thread);
	while (thread->task && !wait_for_completion_timeout(&thread->ended, LUATHREAD_LOOK))
		if (lunatik_mustend(L))
			return luaL_error(L, "stopped while waiting for the end of a thread");
	return 0;
}

/* t:task() -> {cpu =, command =, pid =, tgid =} */
static int luathread_task(lua_State *L)
{
	struct luathread *thread = luathread_check(L, 1);
	struct task_struct *task = thread->task;
	char command[TASK_COMM_LEN];

	if (!task)
		return luaL_error(L, "the thread was not made");
	lua_createtable(L, 0, 4);
	lua_pushinteger(L, task_cpu(task));
	lua_setfield(L, -2, "cpu");
	get_task_comm(command, task);
	lua_pushstring(L, command);
	lua_setfield(L, -2, "command");
	lua_pushinteger(L, task->pid);
	lua_setfield(L, -2, "pid");
	lua_pushinteger(L, task->tgid);
	lua_setfield(L, -2, "tgid");
	return 1;
}

static const luaL_Reg luathread_methods[] = {
	{"stop", luathread_stop},
	{"task", luathread_task},
	{"__close", luathread_stop},
	{NULL, NULL}
};

static const luaL_Reg luathread_selfmethods[] = {
	{"stop", luathread_stop},
	{"task", luathread_task},
	{NULL, NULL}
};

static const lunatik_class_t luathread_class = {
	.name = "thread",
	.methods = luathread_methods,
	.release = luathread_release,
	.opt = LUNATIK_OPT_EXTERNAL,
};

/* of what a thread has of itself */
static const lunatik_class_t luathread_selfclass = {
	.name = "thread",
	.methods = luathread_selfmethods,
	.release = luathread_releaseself,
	.opt = LUNATIK_OPT_EXTERNAL,
};

static struct luathread *luathread_new(void)
{
	struct luathread *thread = kzalloc(sizeof(*thread), GFP_KERNEL);

	if (!thread)
		return NULL;
	kref_init(&thread->kref);
	INIT_LIST_HEAD(&thread->list);
	INIT_WORK(&thread->stop, luathread_stopwork);
	init_completion(&thread->begun);
	init_completion(&thread->ended);
	return thread;
}

/* Makes the task, that waits to begin; whoever asks it to stop before ends it. */
static int luathread_make(struct luathread *thread, const char *name)
{
	struct task_struct *task = kthread_create(luathread_main, thread, "%s", name);

	if (IS_ERR(task))
		return PTR_ERR(task);
	get_task_struct(task);
	thread->task = task;
	return 0;
}

/* The task has references of its own, and has begun on return. */
static void luathread_begin(struct luathread *thread, lunatik_object_t *runtime)
{
	__module_get(THIS_MODULE);
	lunatik_getobject(runtime);
	kref_get(&thread->kref);
	thread->runtime = runtime;
	spin_lock(&luathread_lock);
	list_add(&thread->list, &luathread_list);
	spin_unlock(&luathread_lock);
	wake_up_process(thread->task);
	/* one that is stopped before would never run, and never give them back */
	wait_for_completion(&thread->begun);
}

/* run(runtime, name) -> thread */
static int luathread_run(lua_State *L)
{
	lunatik_object_t *runtime, *object;
	struct luathread *thread;
	const char *name;
	size_t len;
	int ret;

	lunatik_checkruntime(L, LUNATIK_OPT_NONE);
	runtime = lunatik_checkclass(L, 1, lunatik_toruntime(L)->class);
	if (runtime->opt & LUNATIK_OPT_ATOMIC)
		return luaL_argerror(L, 1, "a thread runs in a runtime of process context only");
	name = luaL_checklstring(L, 2, &len);
	luaL_argcheck(L, len > 0 && len < LUATHREAD_NAMELEN && strlen(name) == len, 2,
		      "the name of a thread is empty, too long or has a NUL in it");

	object = lunatik_newobject(L, &luathread_class, 0, LUNATIK_OPT_NONE);
	thread = luathread_new();
	if (!thread)
		lunatik_throw(L, -ENOMEM);
	object->private = thread;
	ret = luathread_make(thread, name);
	if (ret)
		lunatik_throw(L, ret);
	lunatik_claimthread(L, runtime);
	luathread_begin(thread, runtime);
	return 1;
}

/* The one that runs here, with a reference; NULL if this is none of ours. */
static struct luathread *luathread_find(void)
{
	struct luathread *thread, *found = NULL;

	if (!in_task() || !(current->flags & PF_KTHREAD))
		return NULL;
	spin_lock(&luathread_lock);
	list_for_each_entry(thread, &luathread_list, list) {
		if (thread->task == current) {
			kref_get(&thread->kref);
			found = thread;
			break;
		}
	}
	spin_unlock(&luathread_lock);
	return found;
}

/* current() -> the thread that runs the script, or nil */
static int luathread_current(lua_State *L)
{
	lunatik_object_t *object;
	struct luathread *thread;

	if (!lunatik_maysleep(L))
		return luaL_error(L, "thread.current() is for process context only");
	lua_settop(L, 0);
	object = lunatik_newobject(L, &luathread_selfclass, 0, LUNATIK_OPT_NONE);
	thread = luathread_find();
	object->private = thread;
	if (!thread)
		lua_pushnil(L);
	return 1;
}

/* shouldstop() -> whether the thread that runs the script was asked to stop */
static int luathread_shouldstop(lua_State *L)
{
	/* in a handler nobody means the one that was interrupted */
	bool ours = lunatik_maysleep(L) && current->flags & PF_KTHREAD;

	lua_pushboolean(L, ours && kthread_should_stop());
	return 1;
}

static const luaL_Reg luathread_lib[] = {
	{"run", luathread_run},
	{"current", luathread_current},
	{"shouldstop", luathread_shouldstop},
	{NULL, NULL}
};

LUNATIK_CLASSES(thread, &luathread_class, &luathread_selfclass);
LUNATIK_NEWLIB(thread, luathread_lib, luathread_classes);

static int __init luathread_module_init(void)
{
	luathread_wq = alloc_workqueue("luathread", WQ_UNBOUND, 0);
	return luathread_wq ? 0 : -ENOMEM;
}

static void __exit luathread_module_exit(void)
{
	/* each thread holds this module; who stopped them may not be done */
	destroy_workqueue(luathread_wq);
}

module_init(luathread_module_init);
module_exit(luathread_module_exit);
MODULE_DESCRIPTION("Kernel threads for Lunatik's scripts");
MODULE_AUTHOR("Lunatik for Debian");
MODULE_VERSION(LUNATIK_VERSION);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_ALIAS("lunatik-thread");
