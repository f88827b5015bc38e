/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * lunatik.h: Lua in the kernel, the C API for binding modules.
 *
 * Reading order: options, classes and objects; runtimes and how to enter one;
 * objects as Lua sees them; how a module offers a library. Each comment gives
 * meaning, the context a call may be made from, its errors, and after "Spec:"
 * where the contract stands ("capi" is spec/capi.txt; "ours" is an addition).
 *
 * Contexts: P process context, may sleep; S also softirq; H also hardirq.
 */
#ifndef LUNATIK_H
#define LUNATIK_H

#include <linux/kref.h>
#include <linux/list.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/spinlock.h>
#include <linux/types.h>
#include <linux/workqueue.h>

#include <lunatik_conf.h>
#include <lunatik_names.h>
#include <lunatik_setjmp.h>
#include <lunatik_version.h>

#include "../lua/lua.h"
#include "../lua/lauxlib.h"
#include "../lua/lualib.h"

/*
 * Options of a class and of an instance. An instance has those of its class
 * and those it is created with. Spec: capi, "lunatik_class_t".
 */
typedef u8 lunatik_opt_t;

#define LUNATIK_OPT_NONE	0
#define LUNATIK_OPT_SOFTIRQ	(1 << 0)	/* spin_lock_bh, GFP_ATOMIC */
#define LUNATIK_OPT_HARDIRQ	(1 << 1)	/* spin_lock_irqsave, GFP_ATOMIC */
#define LUNATIK_OPT_SINGLE	(1 << 2)	/* private to one runtime */
#define LUNATIK_OPT_EXTERNAL	(1 << 3)	/* private belongs to the caller */

#define LUNATIK_OPT_ATOMIC	(LUNATIK_OPT_SOFTIRQ | LUNATIK_OPT_HARDIRQ)

/*
 * A class of objects.
 * @name: what messages call it
 * @methods: its metatable, up to {NULL, NULL}
 * @release: gives back what private holds; called once, when the last
 *	reference is gone, where it may sleep, and not while @private is NULL;
 *	may be NULL
 * @opt: LUNATIK_OPT_*, given to every instance
 * Spec: capi, "lunatik_class_t".
 */
typedef struct lunatik_class_s {
	const char *name;
	const luaL_Reg *methods;
	void (*release)(void *private);
	lunatik_opt_t opt;
} lunatik_class_t;

/*
 * An object: counted, with a lock of the kind its options ask for, seen in
 * Lua as a userdata. A runtime is one too. Only @private is for everybody.
 */
typedef struct lunatik_object_s {
	void *private;
	const lunatik_class_t *class;
	struct kref kref;
	lunatik_opt_t opt;
	gfp_t gfp;
	union {
		struct mutex mutex;
		spinlock_t spin;
	};
	unsigned long irqflags;		/* of who holds spin */
	struct module *owner;		/* stays while the object does */
	struct rcu_head rcu;
	struct work_struct work;	/* release in process context */
} lunatik_object_t;

/*
 * A new object with @size zeroed bytes of private memory, or none for a class
 * with LUNATIK_OPT_EXTERNAL. One reference, the caller's. The object keeps the
 * calling module loaded: a module whose exit gives back an object of its own
 * makes it with lunatik_createobject_owner(..., NULL).
 * Context: P; S and H if the options say so. Returns NULL without memory.
 * Spec: capi, "lunatik_createobject".
 */
#define lunatik_createobject(class, size, opt) \
	lunatik_createobject_owner(class, size, opt, THIS_MODULE)
lunatik_object_t *lunatik_createobject_owner(const lunatik_class_t *class,
	size_t size, lunatik_opt_t opt, struct module *owner);

/*
 * The same, pushed on @L's stack as a userdata, which owns the reference.
 * Context: that of the runtime. Raises when memory is short, and when a class
 * of process context is asked for in a runtime that may not sleep.
 * Spec: capi, "lunatik_newobject".
 */
#define lunatik_newobject(L, class, size, opt) \
	lunatik_newobject_owner(L, class, size, opt, THIS_MODULE)
lunatik_object_t *lunatik_newobject_owner(lua_State *L,
	const lunatik_class_t *class, size_t size, lunatik_opt_t opt,
	struct module *owner);

/*
 * Pushes one more userdata for @object, with a reference of its own.
 * Context: that of the runtime. Raises for a SINGLE object and when memory is
 * short. Spec: capi, "lunatik_cloneobject".
 */
void lunatik_cloneobject(lua_State *L, lunatik_object_t *object);

/*
 * The same for an object that came with a reference, as of a look-up under
 * RCU: it is given back, also if this raises. Spec: ours.
 */
void lunatik_pushobject(lua_State *L, lunatik_object_t *object);

/* One reference more. Context: any. Spec: capi, "lunatik_getobject". */
static inline void lunatik_getobject(lunatik_object_t *object)
{
	kref_get(&object->kref);
}

/*
 * One reference more, unless the last is gone: for a look-up under RCU, since
 * an object is freed only after a grace period. Context: any. Spec: ours.
 */
static inline bool lunatik_getobject_maybe(lunatik_object_t *object)
{
	return kref_get_unless_zero(&object->kref);
}

/*
 * One reference less. Returns 1 if it was the last, else 0; the release then
 * runs later in process context, whatever the context of this call.
 * Context: any. Spec: capi, "lunatik_putobject".
 */
int lunatik_putobject(lunatik_object_t *object);

/*
 * The same from where a release may sleep: it has run on return. A module's
 * exit gives back its last objects so. Context: P. Spec: ours.
 */
int lunatik_dropobject(lunatik_object_t *object);

/*
 * The object at stack index @i; raises if it is not one, or is closed.
 * Context: that of the runtime. Spec: capi, "lunatik_checkobject".
 */
lunatik_object_t *lunatik_checkobject(lua_State *L, int i);

/* The same without raising: NULL for anything else. Spec: capi. */
lunatik_object_t *lunatik_toobject(lua_State *L, int i);

/*
 * A new runtime that has run /lib/modules/lua/@script.lua, in process context.
 * @sleep: whether its handlers may: a mutex and GFP_KERNEL, or a spinlock
 *	with bottom halves off and GFP_ATOMIC.
 * Context: P. Returns 0; -ENOMEM without memory; -EINVAL when the script is
 * not there, does not parse or raises (the log says which).
 * Spec: capi, "lunatik_runtime".
 */
int lunatik_runtime(lunatik_object_t **pruntime, const char *script, bool sleep);

/*
 * Closes the Lua state and drops the caller's reference; waits for whoever is
 * inside. Context: P. Returns 1 if that was the last reference, else 0.
 * Spec: capi, "lunatik_stop".
 */
int lunatik_stop(lunatik_object_t *runtime);

/* The runtime of @L. Context: any. Spec: capi, "lunatik_toruntime". */
#define lunatik_toruntime(L)	(*(lunatik_object_t **)lua_getextraspace(L))

/*
 * Whether the script of @L has been loaded to its end.
 * Context: any. Spec: capi, "lunatik_isready".
 */
bool lunatik_isready(lua_State *L);

/* A runtime's lock, of the kind its options ask for. Context: that of it. */
void lunatik_lock(lunatik_object_t *object);
void lunatik_unlock(lunatik_object_t *object);

/* One entry into a runtime; on the stack of who enters, opaque. */
struct lunatik_call {
	lua_State *L;
	/* as Lua lays out its recovery points */
	struct lunatik_recovery {
		void *previous;
		lunatik_jmpbuf env;
		int status;
	} recovery;
	void *ci;
	ptrdiff_t top;
	ptrdiff_t errfunc;
	unsigned long stack_soft;
	unsigned long stack_hard;
	lua_State *running;
	struct task_struct *task;
	u32 ccalls;
	u8 allowhook;
};

lua_State *lunatik_enter(lunatik_object_t *runtime, struct lunatik_call *call);
void lunatik_leave(lunatik_object_t *runtime, struct lunatik_call *call);
int lunatik_recover(lunatik_object_t *runtime, struct lunatik_call *call);

/*
 * Calls handler(L, ...) with the runtime's state and sets @ret to what it
 * returns; the Lua stack is as before. Sets -ENXIO when the runtime is not
 * ready or is stopped. An error that the handler lets escape is logged and
 * sets -ENOMEM if memory was short, else -ECANCELED (ours: see lunatik(7)).
 * The caller holds the runtime's lock. Context: that of the runtime.
 * Spec: capi, "lunatik_handle".
 */
#define lunatik_handle(runtime, handler, ret, ...)			\
do {									\
	lunatik_object_t *lunatik_rt_ = (runtime);			\
	struct lunatik_call lunatik_call_;				\
									\
	if (!lunatik_enter(lunatik_rt_, &lunatik_call_)) {		\
		(ret) = -ENXIO;						\
		break;							\
	}								\
	if (!lunatik_setjmp(lunatik_call_.recovery.env))		\
		(ret) = (handler)(lunatik_call_.L, ##__VA_ARGS__);	\
	else								\
		(ret) = lunatik_recover(lunatik_rt_, &lunatik_call_);	\
	lunatik_leave(lunatik_rt_, &lunatik_call_);			\
} while (0)

/*
 * The same, with the lock taken and let go.
 * Spec: capi, "lunatik_run".
 */
#define lunatik_run(runtime, handler, ret, ...)				\
do {									\
	lunatik_object_t *lunatik_locked_ = (runtime);			\
									\
	lunatik_lock(lunatik_locked_);					\
	lunatik_handle(lunatik_locked_, handler, ret, ##__VA_ARGS__);	\
	lunatik_unlock(lunatik_locked_);				\
} while (0)

/*
 * Raises the name of the error -@ret, such as "ENOMEM"; does not return.
 * Context: that of the runtime. Spec: capi, "lunatik_throw".
 */
void lunatik_throw(lua_State *L, int ret);

/*
 * For a C function that loops long: gives the CPU to others where it may, and
 * raises if the script has to end, so nothing may be held.
 * Context: that of the runtime. Spec: ours.
 */
void lunatik_checkpoint(lua_State *L);

/* How to allocate in the runtime of @L. Context: any. Spec: ours. */
gfp_t lunatik_gfp(lua_State *L);

/* Whether the runtime of @L may sleep now. Context: any. Spec: ours. */
bool lunatik_maysleep(lua_State *L);

/*
 * The hash that Lua computes for a string: the same in every runtime, other
 * after each load. lunatik_hash() gives that of the string at index @i, which
 * must be one; for a short string it is already there.
 * Context: that of the runtime; any. Spec: ours (DESIGN.md, section 6).
 */
u32 lunatik_hash(lua_State *L, int i);
u32 lunatik_hashbytes(const char *bytes, size_t len);

/*
 * A global variable that every runtime made from now on gets: @push pushes
 * its value. The runtime keeps the module that @push is in.
 * Context: P. lunatik_addglobal() returns -EEXIST for a name in use.
 * Spec: ours; rcu.txt has one such global, "rcu".
 */
struct lunatik_global {
	const char *name;
	lua_CFunction push;
	struct module *owner;
	struct list_head list;
};

int lunatik_addglobal(struct lunatik_global *global);
void lunatik_delglobal(struct lunatik_global *global);

/*
 * The classes of a library, as LUNATIK_NEWLIB() takes them.
 * Spec: capi, "LUNATIK_CLASSES".
 */
#define LUNATIK_CLASSES(name, ...)					\
	static const lunatik_class_t *lua##name##_classes[] = {		\
		__VA_ARGS__, NULL					\
	}

/* What LUNATIK_NEWLIB() calls: registers the classes, pushes the library. */
int lunatik_newlib(lua_State *L, const luaL_Reg *funcs,
	const lunatik_class_t **classes);

/*
 * Defines and exports luaopen_@libname, which require "@libname" finds while
 * the module is loaded. Spec: capi, "LUNATIK_NEWLIB".
 */
#define LUNATIK_NEWLIB(libname, funcs, classes)				\
int luaopen_##libname(lua_State *L);					\
int luaopen_##libname(lua_State *L)					\
{									\
	return lunatik_newlib(L, funcs, classes);			\
}									\
EXPORT_SYMBOL_GPL(luaopen_##libname)

#endif
