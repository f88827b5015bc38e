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
#include <linux/llist.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/slab.h>
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
 * What lunatik_run() and lunatik_handle() expand to may come back by a jump. With -Wextra,
 * as since 6.8, gcc warns of the caller's variables: none changes in between.
 */
#if defined(__GNUC__) && !defined(__clang__)
#pragma GCC diagnostic ignored "-Wclobbered"
#endif

/*
 * Options of a class and of an instance. An instance has those of its class
 * and those it is created with; SINGLE takes MONITOR away.
 * Spec: capi, "lunatik_class_t".
 */
typedef u8 lunatik_opt_t;

#define LUNATIK_OPT_NONE	0
#define LUNATIK_OPT_SOFTIRQ	(1 << 0)	/* spin_lock_bh, GFP_ATOMIC */
#define LUNATIK_OPT_HARDIRQ	(1 << 1)	/* spin_lock_irqsave, GFP_ATOMIC */
#define LUNATIK_OPT_SINGLE	(1 << 2)	/* private to one runtime */
#define LUNATIK_OPT_EXTERNAL	(1 << 3)	/* private belongs to the caller */
#define LUNATIK_OPT_MONITOR	(1 << 4)	/* methods run under the object's lock */

#define LUNATIK_OPT_ATOMIC	(LUNATIK_OPT_SOFTIRQ | LUNATIK_OPT_HARDIRQ)

/*
 * A class of objects.
 * @name: what messages call it, and what require finds its library by
 * @methods: its metatable, up to {NULL, NULL}; each is called with an object
 *	of this class that is whole and that the runtime's context allows
 * @release: gives back what private holds; called once, when the last
 *	reference is gone, where it may sleep, and not while @private is NULL;
 *	may be NULL
 * @opt: LUNATIK_OPT_*, given to every instance
 * @index, @newindex: may be NULL; else called as the metamethods __index and
 *	__newindex, in place of methods of that name, for classes that are
 *	indexed all the time: the key comes ready to use, as lunatik_tokey()
 *	tells it, @key NULL if it is no string. The stack is that of the
 *	metamethod: the key at 2, what is to be stored at 3.
 * Spec: capi, "lunatik_class_t"; index and newindex: ours.
 */
typedef struct lunatik_object_s lunatik_object_t;
typedef int (*lunatik_index_t)(lua_State *L, lunatik_object_t *object,
	const char *key, size_t len, u32 hash);

typedef struct lunatik_class_s {
	const char *name;
	const luaL_Reg *methods;
	void (*release)(void *private);
	lunatik_opt_t opt;
	lunatik_index_t index, newindex;
} lunatik_class_t;

/*
 * An object: counted, with a lock of the kind its options ask for, seen in
 * Lua as a userdata. A runtime is one too. For everybody are @private, and to
 * read @opt, @class and @gfp.
 */
struct lunatik_object_s {
	void *private;
	const lunatik_class_t *class;
	struct kref kref;
	lunatik_opt_t opt;
	gfp_t gfp;
	unsigned int size;		/* bytes of it and of private, counted in budget.c */
	union {
		struct mutex mutex;
		spinlock_t spin;
		raw_spinlock_t raw;
	};
	unsigned long irqflags;		/* of who holds raw */
	struct task_struct *holder;	/* of the lock */
	void *inside;			/* the runtime whose method holds it */
	struct module *owner;		/* has the class */
	atomic_t pins;			/* references that keep owner loaded */
	union {				/* on its way out, see core/later.c */
		struct llist_node later;
		struct list_head list;
		struct rcu_head rcu;
	};
	struct work_struct work;
};

/*
 * A reference keeps the module of the class loaded, unless that module holds
 * it itself: what a module makes and gives back in its exit does not keep it.
 * So the functions below say who holds the reference: @by, the caller.
 */
lunatik_object_t *lunatik_createobject_owner(const lunatik_class_t *class,
	size_t size, lunatik_opt_t opt, struct module *owner);
lunatik_object_t *lunatik_newobject_owner(lua_State *L,
	const lunatik_class_t *class, size_t size, lunatik_opt_t opt,
	struct module *owner);
void lunatik_getobject_by(lunatik_object_t *object, struct module *by);
bool lunatik_getobject_maybe_by(lunatik_object_t *object, struct module *by);
int lunatik_putobject_by(lunatik_object_t *object, struct module *by);
int lunatik_dropobject_by(lunatik_object_t *object, struct module *by);
void lunatik_pushobject_by(lua_State *L, lunatik_object_t *object, struct module *by);

/*
 * A new object with @size zeroed bytes of private memory, or none for a class
 * with LUNATIK_OPT_EXTERNAL. One reference, the caller's.
 * Context: P; S and H if the options say so. Returns NULL without memory.
 * Spec: capi, "lunatik_createobject".
 */
static inline lunatik_object_t *lunatik_createobject(const lunatik_class_t *class,
	size_t size, lunatik_opt_t opt)
{
	return lunatik_createobject_owner(class, size, opt, THIS_MODULE);
}

/*
 * The same, pushed on @L's stack as a userdata, which owns the reference.
 * Context: that of the runtime. Raises when memory is short, and when the
 * runtime's context is none that the options allow.
 * Spec: capi, "lunatik_newobject".
 */
static inline lunatik_object_t *lunatik_newobject(lua_State *L,
	const lunatik_class_t *class, size_t size, lunatik_opt_t opt)
{
	return lunatik_newobject_owner(L, class, size, opt, THIS_MODULE);
}

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
static inline void lunatik_pushobject(lua_State *L, lunatik_object_t *object)
{
	lunatik_pushobject_by(L, object, THIS_MODULE);
}

/* One reference more. Context: any. Spec: capi, "lunatik_getobject". */
static inline void lunatik_getobject(lunatik_object_t *object)
{
	lunatik_getobject_by(object, THIS_MODULE);
}

/*
 * One reference more, unless the last is gone: for a look-up under RCU, since
 * an object is freed only after a grace period. Context: any. Spec: ours.
 */
static inline bool lunatik_getobject_maybe(lunatik_object_t *object)
{
	return lunatik_getobject_maybe_by(object, THIS_MODULE);
}

/*
 * One reference less. Returns 1 if it was the last, else 0. The release has
 * run on return where that is known to be able to sleep; else it runs soon,
 * in process context, and before the module of the class is gone.
 * Context: any. Spec: capi, "lunatik_putobject".
 */
static inline int lunatik_putobject(lunatik_object_t *object)
{
	return lunatik_putobject_by(object, THIS_MODULE);
}

/*
 * The same from where a release may sleep: it has run on return.
 * Context: P. Spec: ours.
 */
static inline int lunatik_dropobject(lunatik_object_t *object)
{
	return lunatik_dropobject_by(object, THIS_MODULE);
}

/*
 * The object at stack index @i; raises if it is not one, if it is not whole,
 * or if the runtime's context does not allow it.
 * Context: that of the runtime. Spec: capi, "lunatik_checkobject".
 */
lunatik_object_t *lunatik_checkobject(lua_State *L, int i);

/* The same, which has to be of @class. Spec: ours. */
lunatik_object_t *lunatik_checkclass(lua_State *L, int i, const lunatik_class_t *class);

/*
 * The object at index @i, with no check of its context; NULL if it is none.
 * Context: that of the runtime. Spec: capi, "lunatik_toobject".
 */
lunatik_object_t *lunatik_toobject(lua_State *L, int i);

/*
 * Raises for an object that must not leave its runtime, a SINGLE one: for
 * whoever takes objects to hand them to another. Context: any. Spec: ours.
 */
void lunatik_checkshared(lua_State *L, lunatik_object_t *object);

/*
 * Defines T checker(lua_State *L, int ix), which returns the private of the
 * object at @ix; raises as lunatik_checkobject().
 * Spec: capi, "LUNATIK_OBJECTCHECKER".
 */
#define LUNATIK_OBJECTCHECKER(checker, T)				\
static inline T checker(lua_State *L, int ix)				\
{									\
	return (T)lunatik_checkobject(L, ix)->private;			\
}

/*
 * The same, which also raises if private is NULL, as a method that closes the
 * object leaves it. Statements that follow run before it returns, and see
 * private, L and ix. Spec: capi, "LUNATIK_PRIVATECHECKER".
 */
#define LUNATIK_PRIVATECHECKER(checker, T, ...)				\
static inline T checker(lua_State *L, int ix)				\
{									\
	T private = (T)lunatik_checkobject(L, ix)->private;		\
									\
	if (!private)							\
		lunatik_raiseclosed(L, ix);				\
	__VA_ARGS__;							\
	return private;							\
}

void lunatik_raiseclosed(lua_State *L, int ix);

/*
 * Keeps the object, whose userdata is on the stack, until it is unregistered:
 * the registry has the userdata at the object's address, and the value at
 * index @ix, as a table of options, at the address of its private.
 * Context: that of the runtime. Raises without memory, and keeps nothing then.
 * Spec: capi, "lunatik_registerobject".
 */
void lunatik_registerobject(lua_State *L, int ix, lunatik_object_t *object);

/* Lets go of both. Context: that of the runtime. Spec: capi. */
void lunatik_unregisterobject(lua_State *L, lunatik_object_t *object);

/*
 * Pushes what the registry has at the address @key, returns its type.
 * Context: that of the runtime. Spec: capi, "lunatik_getregistry".
 */
static inline int lunatik_getregistry(lua_State *L, const void *key)
{
	return lua_rawgetp(L, LUA_REGISTRYINDEX, key);
}

/*
 * Sets obj->field to the object that new_fn(L, ...) makes, and keeps it in the
 * registry at its address; its userdata, which new_fn() pushed, is popped.
 * Context: that of the runtime. Raises as new_fn() does, and without memory;
 * the field is then as before. Spec: capi, "lunatik_attach".
 */
#define lunatik_attach(L, obj, field, new_fn, ...)			\
do {									\
	lua_State *lunatik_L_ = (L);					\
	lunatik_object_t *lunatik_new_ =				\
		(new_fn)(lunatik_L_, ##__VA_ARGS__);			\
									\
	lunatik_keepobject(lunatik_L_, lunatik_new_);			\
	(obj)->field = lunatik_new_;					\
} while (0)

void lunatik_keepobject(lua_State *L, lunatik_object_t *object);

/*
 * Undoes it, and sets the field to NULL. Nothing else happens if the runtime
 * is stopped or the field is NULL already. Takes the runtime's lock unless
 * the caller is inside. Context: that of the runtime, inside or outside of
 * it. Spec: capi, "lunatik_detach".
 */
#define lunatik_detach(runtime, obj, field)				\
do {									\
	typeof(obj) lunatik_obj_ = (obj);				\
									\
	lunatik_dropkept(runtime, lunatik_obj_->field);			\
	lunatik_obj_->field = NULL;					\
} while (0)

void lunatik_dropkept(lunatik_object_t *runtime, lunatik_object_t *object);

/*
 * What a runtime may take instead of what the parameters of lunatik.ko say, if
 * not 0. @memory: bytes that Lua may hold. @time: milliseconds of the CPU for
 * each entry; of a softirq or hardirq runtime, for handlers: the script itself
 * and the finalizers run in process context. Spec: ours (DESIGN.md, section 5).
 */
typedef struct lunatik_budget_s {
	size_t memory;
	unsigned int time;
} lunatik_budget_t;

/*
 * A new runtime that has run /lib/modules/lua/@script.lua, in process context.
 * @opt: its context: LUNATIK_OPT_NONE, _SOFTIRQ or _HARDIRQ
 * Context: P. Returns 0; -ENOMEM without memory; -EINVAL for other options,
 * and when the script is not there, does not parse or raises (the log says
 * which). A module stops the runtimes it made before it is gone.
 * Spec: ours (DESIGN.md, section 4).
 */
int lunatik_newruntime_by(lunatik_object_t **pruntime, const char *script,
	lunatik_opt_t opt, const lunatik_budget_t *budget, struct module *by);
static inline int lunatik_newruntime(lunatik_object_t **pruntime, const char *script,
	lunatik_opt_t opt)
{
	return lunatik_newruntime_by(pruntime, script, opt, NULL, THIS_MODULE);
}

/*
 * The same with a budget of its own; NULL is none. -EINVAL as well if it is
 * more than the parameters memory_max and atomic_time_max of lunatik.ko allow.
 * Context: P. Spec: ours (DESIGN.md, section 5).
 */
static inline int lunatik_newbounded(lunatik_object_t **pruntime, const char *script,
	lunatik_opt_t opt, const lunatik_budget_t *budget)
{
	return lunatik_newruntime_by(pruntime, script, opt, budget, THIS_MODULE);
}

/*
 * The same for process context, if @sleep says that its handlers may sleep (a
 * mutex and GFP_KERNEL), or softirq context (a spinlock with bottom halves
 * off and GFP_ATOMIC). Spec: capi, "lunatik_runtime".
 */
static inline int lunatik_runtime(lunatik_object_t **pruntime, const char *script,
	bool sleep)
{
	return lunatik_newruntime(pruntime, script,
				  sleep ? LUNATIK_OPT_NONE : LUNATIK_OPT_SOFTIRQ);
}

/*
 * Closes the Lua state, waiting for whoever is inside, who is ended if that
 * takes more than a second, and drops the caller's reference. Any number of
 * callers may do so, each with a reference of its own; for all of them the
 * state is closed on return.
 * Context: P. Returns 1 if that was the last reference, else 0; -EDEADLK, with
 * nothing done, from inside the runtime. Spec: capi, "lunatik_stop".
 */
int lunatik_stop(lunatik_object_t *runtime);

/* The runtime of @L. Context: any. Spec: capi, "lunatik_toruntime". */
static inline lunatik_object_t *lunatik_toruntime(lua_State *L)
{
	return *(lunatik_object_t **)lua_getextraspace(L);
}

/*
 * The same; raises unless its context is exactly that of @opt, of which only
 * SOFTIRQ and HARDIRQ count.
 * Context: that of the runtime. Spec: capi, "lunatik_checkruntime".
 */
lunatik_object_t *lunatik_checkruntime(lua_State *L, lunatik_opt_t opt);

/*
 * Whether the script of @L has been loaded to its end.
 * Context: any. Spec: capi, "lunatik_isready".
 */
bool lunatik_isready(lua_State *L);

/*
 * An object's lock, of the kind its options ask for. lunatik_lock() returns
 * 0; -EDEADLK if the caller has it already; for a mutex, -EINTR if a fatal
 * signal came first. lunatik_trylock() never waits: it returns false if
 * anybody has it, the caller too. Context: that of the object. Spec: ours.
 */
int __must_check lunatik_lock(lunatik_object_t *object);
bool __must_check lunatik_trylock(lunatik_object_t *object);
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
	unsigned long stack_parser;
	lua_State *running;
	struct task_struct *task;
	u32 ccalls;
	u8 allowhook;
	u8 level;
	bool answers;
	struct lunatik_call *outer;
};

/* entered many times a second: not to be zeroed before it is written */
#if defined(__has_attribute) && __has_attribute(uninitialized)
#define LUNATIK_UNSET	__attribute__((uninitialized))
#else
#define LUNATIK_UNSET
#endif

lua_State *lunatik_enter(lunatik_object_t *runtime, struct lunatik_call *call);
void lunatik_leave(lunatik_object_t *runtime, struct lunatik_call *call);
int lunatik_recover(lunatik_object_t *runtime, struct lunatik_call *call);

/*
 * Calls handler(L, ...) with the runtime's state and sets @ret to what it
 * returns; the Lua stack is as before. Sets -ENXIO when the runtime is not
 * ready or is stopped. An error that the handler lets escape is logged and
 * sets -ENOMEM if memory was short, -EINTR if the script was told to end, else
 * -ECANCELED (ours: see lunatik(7)). Each argument is evaluated once at most.
 * The caller holds the runtime's lock. Context: that of the runtime.
 * Spec: capi, "lunatik_handle".
 */
#define lunatik_handle(runtime, handler, ret, ...)			\
do {									\
	lunatik_object_t *lunatik_rt_ = (runtime);			\
	struct lunatik_call lunatik_call_ LUNATIK_UNSET;		\
	typeof(ret) lunatik_ret_;					\
									\
	if (!lunatik_enter(lunatik_rt_, &lunatik_call_)) {		\
		lunatik_ret_ = -ENXIO;					\
	} else {							\
		if (!lunatik_setjmp(lunatik_call_.recovery.env))	\
			lunatik_ret_ = (handler)(lunatik_call_.L,	\
						 ##__VA_ARGS__);	\
		else							\
			lunatik_ret_ = lunatik_recover(lunatik_rt_,	\
						       &lunatik_call_);	\
		lunatik_leave(lunatik_rt_, &lunatik_call_);		\
	}								\
	(ret) = lunatik_ret_;						\
} while (0)

/*
 * Called by a handler: from here on an error that it lets escape, whose message is the
 * name of an errno, by itself or as its end behind ": ", is how a script answers who has
 * called, and no fault. It sets the ret of lunatik_handle() to that, negative, and is not
 * logged. Context: that of the runtime. Spec: ours.
 */
void lunatik_letanswer(lua_State *L);

/*
 * lunatik_handle() with the lock taken and let go. Sets what lunatik_lock()
 * returns if that fails: inside the runtime, use lunatik_handle() itself.
 * Spec: capi, "lunatik_run".
 */
#define lunatik_run(runtime, handler, ret, ...)				\
do {									\
	lunatik_object_t *lunatik_locked_ = (runtime);			\
	typeof(ret) lunatik_result_ = lunatik_lock(lunatik_locked_);	\
									\
	if (lunatik_result_ == 0) {					\
		lunatik_handle(lunatik_locked_, handler,		\
			       lunatik_result_, ##__VA_ARGS__);		\
		lunatik_unlock(lunatik_locked_);			\
	}								\
	(ret) = lunatik_result_;					\
} while (0)

/*
 * Raises the name of the error -@ret, such as "ENOMEM"; does not return.
 * Context: that of the runtime. Spec: capi, "lunatik_throw".
 */
void lunatik_throw(lua_State *L, int ret);

/*
 * The name of the error number @error, such as "ENOMEM", or NULL; and the
 * number that the message @msg of an error names, by itself or as its end
 * behind ": ", or 0. Context: any. Spec: ours.
 */
const char *lunatik_errname(int error);
int lunatik_toerrno(const char *msg);

/*
 * Sets @ret to op(...), then raises as lunatik_throw() if that is negative.
 * Context: that of the runtime. Spec: capi, "lunatik_tryret".
 */
#define lunatik_tryret(L, ret, op, ...)					\
do {									\
	__auto_type lunatik_tried_ = op(__VA_ARGS__);			\
									\
	(ret) = lunatik_tried_;						\
	if (lunatik_tried_ < 0)						\
		lunatik_throw(L, lunatik_tried_);			\
} while (0)

/* The same without the result. Spec: capi, "lunatik_try". */
#define lunatik_try(L, op, ...)						\
do {									\
	__auto_type lunatik_tried_ = op(__VA_ARGS__);			\
									\
	if (lunatik_tried_ < 0)						\
		lunatik_throw(L, lunatik_tried_);			\
} while (0)

/*
 * Sets hook->field to the integer at that name in the table at index @idx.
 * Raises if it is missing, not a number, or out of the range of the field.
 * Context: that of the runtime. Spec: capi, "lunatik_setinteger".
 */
#define lunatik_setinteger(L, idx, hook, field)				\
do {									\
	lua_State *lunatik_L_ = (L);					\
	lua_Integer lunatik_value_ =					\
		lunatik_getinteger(lunatik_L_, idx, #field);		\
									\
	lunatik_storeinteger(hook, field);				\
} while (0)

/*
 * The same, or sets it to @opt if the name is absent or nil.
 * Spec: capi, "lunatik_optinteger".
 */
#define lunatik_optinteger(L, idx, priv, field, opt)			\
do {									\
	lua_State *lunatik_L_ = (L);					\
	lua_Integer lunatik_value_ =					\
		lunatik_getintegeror(lunatik_L_, idx, #field, opt);	\
									\
	lunatik_storeinteger(priv, field);				\
} while (0)

/* the end of both */
#define lunatik_storeinteger(hook, field)				\
do {									\
	typeof(hook) lunatik_hook_ = (hook);				\
									\
	lunatik_hook_->field = lunatik_value_;				\
	if ((lua_Integer)lunatik_hook_->field != lunatik_value_)	\
		lunatik_raiserange(lunatik_L_, #field, lunatik_value_);	\
} while (0)

lua_Integer lunatik_getinteger(lua_State *L, int idx, const char *field);
lua_Integer lunatik_getintegeror(lua_State *L, int idx, const char *field,
	lua_Integer opt);
void lunatik_raiserange(lua_State *L, const char *field, lua_Integer value);

/*
 * Copies the string at that name in the table at index @idx to hook->field,
 * @maxlen bytes of it at most. An array gets no more than fits with the NUL
 * that always ends it, and is filled up with NULs; through a pointer @maxlen
 * bytes are written at most, with that NUL. Raises if it is missing or not a
 * string. Context: that of the runtime. Spec: capi, "lunatik_setstring".
 */
#define lunatik_setstring(L, idx, hook, field, maxlen)			\
do {									\
	typeof(hook) lunatik_hook_ = (hook);				\
									\
	lunatik_copystring(L, idx, #field, (char *)lunatik_hook_->field, \
			   __same_type(lunatik_hook_->field,		\
				       &lunatik_hook_->field[0]) ?	\
			   0 : sizeof(lunatik_hook_->field), maxlen);	\
} while (0)

void lunatik_copystring(lua_State *L, int idx, const char *field, char *to,
	size_t size, size_t maxlen);

/*
 * Memory for a module's own use, as the runtime's context allocates it; a
 * request over what the runtime may still hold fails. It is not counted once
 * it is there, since lunatik_free() does not know the runtime.
 * Context: that of the runtime; lunatik_free(), any. Returns NULL without
 * memory. Spec: capi, "lunatik_malloc", "lunatik_realloc", "lunatik_free".
 */
void *lunatik_malloc(lua_State *L, size_t size);
void *lunatik_realloc(lua_State *L, void *ptr, size_t size);

static inline void lunatik_free(void *ptr)
{
	kfree(ptr);
}

/*
 * For a C function that loops long: gives the CPU to others where it may, and
 * raises if the script has to end, so nothing may be held.
 * Context: that of the runtime. Spec: ours.
 */
void lunatik_checkpoint(lua_State *L);

/*
 * The same for one that sleeps, which sees with every return whether the script has to
 * end: so it sleeps for a tenth of a second at most, then calls this, and goes on.
 * What it sleeps does not count as time that the script has taken.
 * Context: P. Raises if the script has to end, so nothing may be held. Spec: ours.
 */
void lunatik_checkstop(lua_State *L);

/*
 * Whether the script of @L has to end, or its kernel thread to stop: for who
 * sleeps. Asked after set_current_state(), since from then on whoever wants the
 * script to end wakes the task up. Context: that of the runtime. Spec: ours.
 */
bool lunatik_mustend(lua_State *L);

/*
 * Takes the function that the script of @runtime, another than that of @L,
 * returned, for a kernel thread. Raises if there is none, and if another thread
 * runs one. lunatik_runthread() calls it in that thread, where nothing limits its
 * time, and returns when it has ended; errors as lunatik_run(), and -EINTR if the
 * thread was asked to stop before. It ends a second after kthread_stop() at the
 * latest. lunatik_unclaimthread() gives the function up if there will be no
 * thread. Context: P. Spec: ours (DESIGN.md, section 5).
 */
void lunatik_claimthread(lua_State *L, lunatik_object_t *runtime);
void lunatik_unclaimthread(lunatik_object_t *runtime);
int lunatik_runthread(lunatik_object_t *runtime);

/*
 * Calls f(data) where paths are those that init sees, whatever root and mounts the
 * caller has: in a kernel thread, with the credentials of the caller, who waits.
 * Context: P. Spec: ours.
 */
void lunatik_asinit(void (*f)(void *data), void *data);

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
 * The bytes of the string at index @i, with their number and their hash; NULL
 * if it is no string: a number is none. Context: that of the runtime.
 * Spec: ours.
 */
const char *lunatik_tokey(lua_State *L, int i, size_t *len, u32 *hash);

/*
 * Pushes a string of @len bytes, more than LUNATIK_SHORTSTRING, and returns
 * where they are, for the caller to write at once: after that, and before Lua
 * does anything else with it, the string is as any other. Saves a copy.
 * Context: that of the runtime. Raises without memory. Spec: ours.
 */
#define LUNATIK_SHORTSTRING	40
char *lunatik_newstring(lua_State *L, size_t len);

/*
 * A global variable that every runtime made from now on gets: @push pushes
 * its value. "lunatik.x" is the field x of the library lunatik. The runtime
 * keeps the module that @push is in. @runs, if there is one, is told of each
 * script of lunatik.runner, those that run already first: of its runtime and,
 * if it has one, of its thread, @kind being "runtimes" or "threads", and of NULL
 * for both when it has ended; it returns 0 or an error, which ends the script. It
 * takes references of its own, and calls nothing of lunatik.runner.
 * Context: P. lunatik_addglobal() returns -EEXIST for a name in use, or what
 * @runs does. Spec: ours; rcu.txt has one such global, "rcu".
 */
struct lunatik_global {
	const char *name;
	lua_CFunction push;
	int (*runs)(const char *kind, const char *name, lunatik_object_t *object);
	struct module *owner;
	struct list_head list;
};

int lunatik_addglobal(struct lunatik_global *global);
void lunatik_delglobal(struct lunatik_global *global);

/*
 * As require in a script: the library @name is loaded, or this raises.
 * Context: P; a library that is loaded already, that of the runtime.
 * Spec: capi, "lunatik_cloneobject".
 */
void lunatik_require(lua_State *L, const char *name);

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
	const lunatik_class_t **classes, struct module *owner);

/* What require finds a module's library by. */
struct lunatik_lib {
	lua_CFunction open;
	struct module *owner;
};

/*
 * Defines and exports luaopen_@libname, which require "@libname" finds while
 * the module is loaded. Spec: capi, "LUNATIK_NEWLIB".
 */
#define LUNATIK_NEWLIB(libname, funcs, classes)				\
int luaopen_##libname(lua_State *L);					\
int luaopen_##libname(lua_State *L)					\
{									\
	return lunatik_newlib(L, funcs, classes, THIS_MODULE);		\
}									\
EXPORT_SYMBOL_GPL(luaopen_##libname);					\
extern const struct lunatik_lib lunatik_lib_##libname;			\
const struct lunatik_lib lunatik_lib_##libname = {			\
	.open = luaopen_##libname,					\
	.owner = THIS_MODULE,						\
};									\
EXPORT_SYMBOL_GPL(lunatik_lib_##libname)

#endif
