// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Objects: counted things with a lock, that Lua sees as userdata.
 *
 * A release may sleep, so unless the last reference goes where that is known
 * to be possible it is handed on, see later.c. The memory goes after a grace
 * period, so that an object found under RCU can be asked whether it is alive.
 */
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kprobes.h>
#include <linux/lockdep.h>
#include <linux/rcupdate.h>
#include <linux/sched.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>

#include "core.h"

/* --- references */

static void lunatik_free_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, lunatik_object_t, rcu));
}

/* The last reference is gone. Process context, may sleep. */
void lunatik_release(lunatik_object_t *object)
{
	void *private = object->private;
	int pins;

	if (object->class->release && private)
		object->class->release(private);
	if (!(object->opt & LUNATIK_OPT_EXTERNAL))
		kfree(private);
	lunatik_give(object->size);
	/* what is left is ours: nobody asks for the class of a dead object */
	for (pins = atomic_xchg(&object->pins, 0); pins > 0; pins--)
		module_put(object->owner);
	call_rcu(&object->rcu, lunatik_free_rcu);
}

static void lunatik_pin(lunatik_object_t *object, struct module *by)
{
	if (object->owner && object->owner != by) {
		__module_get(object->owner);
		atomic_inc(&object->pins);
	}
}

void lunatik_getobject_by(lunatik_object_t *object, struct module *by)
{
	kref_get(&object->kref);
	lunatik_pin(object, by);
}
EXPORT_SYMBOL_GPL(lunatik_getobject_by);

bool lunatik_getobject_maybe_by(lunatik_object_t *object, struct module *by)
{
	if (!kref_get_unless_zero(&object->kref))
		return false;
	lunatik_pin(object, by);
	return true;
}
EXPORT_SYMBOL_GPL(lunatik_getobject_maybe_by);

static void lunatik_lastref(struct kref *kref)
{
}

/* The pins of the last reference go when the module is not needed any more. */
static bool lunatik_put(lunatik_object_t *object, struct module *by)
{
	bool last;

	rcu_read_lock();	/* another may be the last before we are done */
	last = kref_put(&object->kref, lunatik_lastref);
	if (!last && object->owner && object->owner != by &&
	    atomic_dec_if_positive(&object->pins) >= 0)
		module_put(object->owner);
	rcu_read_unlock();
	return last;
}

/*
 * As far as it can be known: never on a kernel that does not count. A release
 * may give back another object, and so on: that needs stack.
 */
static bool lunatik_cansleep(void)
{
	unsigned long sp = (unsigned long)__builtin_frame_address(0);

	return preemptible() && rcu_preempt_depth() == 0 &&
	       sp - (unsigned long)end_of_stack(current) > THREAD_SIZE / 2;
}

int lunatik_putobject_by(lunatik_object_t *object, struct module *by)
{
	if (!lunatik_put(object, by))
		return 0;
	if (lunatik_cansleep())
		lunatik_release(object);
	else
		lunatik_releaselater(object);
	return 1;
}
EXPORT_SYMBOL_GPL(lunatik_putobject_by);

int lunatik_dropobject_by(lunatik_object_t *object, struct module *by)
{
	if (!lunatik_put(object, by))
		return 0;
	lunatik_release(object);
	return 1;
}
EXPORT_SYMBOL_GPL(lunatik_dropobject_by);

/* --- making one */

/* Each class has lock classes of its own, one for each kind of lock. */
#define lunatik_lockkey(object, kind) \
	((struct lock_class_key *)((uintptr_t)(object)->class + 8 * (kind)))

static void lunatik_initlock(lunatik_object_t *object)
{
	BUILD_BUG_ON(sizeof(lunatik_class_t) < 8 * 2 + MAX_LOCKDEP_SUBCLASSES);

	if (lunatik_israw(object->opt)) {
		raw_spin_lock_init(&object->raw);
		lockdep_set_class_and_name(&object->raw, lunatik_lockkey(object, 2),
					   "lunatik hardirq");
	} else if (object->opt & LUNATIK_OPT_ATOMIC) {
		spin_lock_init(&object->spin);
		lockdep_set_class_and_name(&object->spin, lunatik_lockkey(object, 1),
					   "lunatik softirq");
	} else {
		mutex_init(&object->mutex);
		lockdep_set_class_and_name(&object->mutex, lunatik_lockkey(object, 0),
					   "lunatik process");
	}
}

static lunatik_object_t *lunatik_makeobject(const lunatik_class_t *class, size_t size,
					    lunatik_opt_t opt, gfp_t gfp,
					    struct module *owner, struct module *by)
{
	size_t all = sizeof(lunatik_object_t);
	lunatik_object_t *object;

	if (!((opt | class->opt) & LUNATIK_OPT_EXTERNAL))
		all += size;
	if (all > INT_MAX || !lunatik_take(all))
		return NULL;
	object = kzalloc(sizeof(*object), gfp | LUNATIK_GFP);
	if (!object)
		goto err_take;

	object->size = all;
	object->class = class;
	object->opt = opt | class->opt;
	if (object->opt & LUNATIK_OPT_SINGLE)
		object->opt &= ~LUNATIK_OPT_MONITOR;
	object->gfp = object->opt & LUNATIK_OPT_ATOMIC ? GFP_ATOMIC : GFP_KERNEL;
	object->owner = owner;
	kref_init(&object->kref);
	lunatik_initworks(object);
	lunatik_initlock(object);

	if (!(object->opt & LUNATIK_OPT_EXTERNAL) && size > 0) {
		object->private = kzalloc(size, gfp | LUNATIK_GFP);
		if (!object->private)
			goto err_object;
	}
	lunatik_pin(object, by);
	return object;

err_object:
	kfree(object);
err_take:
	lunatik_give(all);
	return NULL;
}

lunatik_object_t *lunatik_createobject_owner(const lunatik_class_t *class, size_t size,
					     lunatik_opt_t opt, struct module *owner)
{
	gfp_t gfp = (opt | class->opt) & LUNATIK_OPT_ATOMIC ? GFP_ATOMIC : GFP_KERNEL;

	return lunatik_makeobject(class, size, opt, gfp, owner, owner);
}
EXPORT_SYMBOL_GPL(lunatik_createobject_owner);

/*
 * An empty userdata: what it will hold is made after it cannot be lost. The
 * runtime keeps @owner, which has the class, as long as it has the metatable.
 */
static struct lunatik_box *lunatik_newbox(lua_State *L, const lunatik_class_t *class,
					  struct module *owner)
{
	struct lunatik_box *box;

	luaL_checkstack(L, 4, NULL);
	box = lua_newuserdatauv(L, sizeof(*box), 0);
	box->object = NULL;
	box->mark = &lunatik_mark;
	box->key = NULL;
	lunatik_keep(L, owner);
	lunatik_pushclass(L, class);
	lua_setmetatable(L, -2);
	return box;
}

/* The same for what is made by other means: the caller fills the slot. */
lunatik_object_t **lunatik_newslot(lua_State *L, const lunatik_class_t *class)
{
	return &lunatik_newbox(L, class, NULL)->object;
}

lunatik_object_t *lunatik_newobject_owner(lua_State *L, const lunatik_class_t *class, size_t size,
					  lunatik_opt_t opt, struct module *owner)
{
	struct lunatik_box *box;

	lunatik_checkcontext(L, class, opt | class->opt);
	box = lunatik_newbox(L, class, owner);
	box->object = lunatik_makeobject(class, size, opt, lunatik_gfp(L), owner,
					 lunatik_runtimeof(L)->by);
	if (!box->object)
		lunatik_throw(L, -ENOMEM);
	return box->object;
}
EXPORT_SYMBOL_GPL(lunatik_newobject_owner);

void lunatik_cloneobject(lua_State *L, lunatik_object_t *object)
{
	struct lunatik_box *box;

	lunatik_checkshared(L, object);
	box = lunatik_newbox(L, object->class, object->owner);
	lunatik_getobject_by(object, lunatik_runtimeof(L)->by);
	box->object = object;
}
EXPORT_SYMBOL_GPL(lunatik_cloneobject);

/* The memory of a userdata is about to be freed, maybe of one of ours. */
void lunatik_freebox(struct lunatik_runtime *rt, void *memory, size_t len, bool maysleep)
{
	struct lunatik_box *box = memory;

	if (len != sizeof(*box) || box->mark != &lunatik_mark || !box->object)
		return;
	if (maysleep)
		lunatik_dropobject_by(box->object, rt->by);
	else if (lunatik_put(box->object, rt->by))
		lunatik_releaselater(box->object);
}

/* --- what Lua passes */

/* A userdata whose making failed holds nothing. */
static lunatik_object_t *lunatik_checkwhole(lua_State *L, int i, const char *wanted)
{
	struct lunatik_box *box = lunatik_tobox(L, i);

	if (!box)
		luaL_typeerror(L, i, wanted);
	if (!box->object)
		luaL_argerror(L, i, "object is not complete");
	return box->object;
}

lunatik_object_t *lunatik_checkobject(lua_State *L, int i)
{
	lunatik_object_t *object = lunatik_checkwhole(L, i, "lunatik object");

	lunatik_checkcontext(L, object->class, object->opt);
	return object;
}
EXPORT_SYMBOL_GPL(lunatik_checkobject);

lunatik_object_t *lunatik_checkclass(lua_State *L, int i, const lunatik_class_t *class)
{
	lunatik_object_t *object = lunatik_checkwhole(L, i, class->name);

	if (object->class != class)
		luaL_typeerror(L, i, class->name);
	lunatik_checkcontext(L, class, object->opt);
	return object;
}
EXPORT_SYMBOL_GPL(lunatik_checkclass);

void lunatik_raiseclosed(lua_State *L, int ix)
{
	luaL_argerror(L, ix, "object is closed");
}
EXPORT_SYMBOL_GPL(lunatik_raiseclosed);

/* Raises for an object that must not leave its runtime. */
void lunatik_checkshared(lua_State *L, lunatik_object_t *object)
{
	if (object->opt & LUNATIK_OPT_SINGLE)
		luaL_error(L, "'%s' object is private to its runtime, it cannot be shared",
			   object->class->name);
}
EXPORT_SYMBOL_GPL(lunatik_checkshared);

/*
 * The one place that asks for a context. What takes a spinlock works where
 * sleeping is possible, too; not the other way round.
 */
void lunatik_checkcontext(lua_State *L, const lunatik_class_t *class, lunatik_opt_t opt)
{
	lunatik_opt_t runtime = lunatik_toruntime(L)->opt;
	u8 level = lunatik_level(opt);

	if (likely(level >= max(lunatik_level(runtime), lunatik_runtimeof(L)->level)))
		return;
	if (level < lunatik_level(runtime))
		luaL_error(L, "'%s' is a class of %s context, it cannot be used in a %s runtime",
			   class->name, lunatik_contextname(opt), lunatik_contextname(runtime));
	luaL_error(L, "'%s' is a class of %s context, it cannot be used inside a method that holds a spinlock",
		   class->name, lunatik_contextname(opt));
}

lunatik_object_t *lunatik_checkruntime(lua_State *L, lunatik_opt_t opt)
{
	lunatik_object_t *runtime = lunatik_toruntime(L);

	if (lunatik_context(opt) != lunatik_context(runtime->opt))
		luaL_error(L, "this is a %s runtime, but a %s runtime is needed",
			   lunatik_contextname(runtime->opt), lunatik_contextname(opt));
	return runtime;
}
EXPORT_SYMBOL_GPL(lunatik_checkruntime);

/* --- classes */

static bool lunatik_isbinary(const char *method)
{
	static const char * const binary[] = {
		"__add", "__sub", "__mul", "__div", "__mod", "__pow", "__idiv", "__band",
		"__bor", "__bxor", "__shl", "__shr", "__concat", "__eq", "__lt", "__le",
	};
	int i;

	for (i = 0; i < ARRAY_SIZE(binary); i++)
		if (strcmp(binary[i], method) == 0)
			return true;
	return false;
}

static void lunatik_setindex(lua_State *L, const lunatik_class_t *class, const char *name,
			     lua_CFunction dispatch)
{
	lua_pushlightuserdata(L, (void *)class);
	lua_pushcclosure(L, dispatch, 1);
	lua_setfield(L, -2, name);
}

static void lunatik_setmethods(lua_State *L, const lunatik_class_t *class)
{
	const luaL_Reg *method;

	for (method = class->methods; method && method->name; method++) {
		if (method->func) {
			lua_pushlightuserdata(L, (void *)method);
			lua_pushlightuserdata(L, (void *)class);
			lua_pushboolean(L, lunatik_isbinary(method->name));
			lua_pushcclosure(L, lunatik_method, 3);
		} else {
			lua_pushboolean(L, 0);	/* as luaL_setfuncs() */
		}
		lua_setfield(L, -2, method->name);
	}
	if (class->index)
		lunatik_setindex(L, class, "__index", lunatik_index);
	if (class->newindex)
		lunatik_setindex(L, class, "__newindex", lunatik_newindex);
}

/*
 * Pushes the metatable of a class, made at its first use in this state. It is
 * found by the class's address, since two classes may share a name.
 */
void lunatik_pushclass(lua_State *L, const lunatik_class_t *class)
{
	if (lua_rawgetp(L, LUA_REGISTRYINDEX, class) == LUA_TTABLE)
		return;
	lua_pop(L, 1);
	luaL_checkstack(L, 6, NULL);

	lua_createtable(L, 0, 8);
	lua_pushvalue(L, -1);
	lua_setfield(L, -2, "__index");
	lunatik_setmethods(L, class);
	lua_pushstring(L, class->name);
	lua_setfield(L, -2, "__name");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");

	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, class);
}

int lunatik_newlib(lua_State *L, const luaL_Reg *funcs, const lunatik_class_t **classes,
		   struct module *owner)
{
	lunatik_keep(L, owner);
	for (; classes && *classes; classes++) {
		lunatik_pushclass(L, *classes);
		lua_pop(L, 1);
	}
	lua_createtable(L, 0, 8);
	if (funcs)
		luaL_setfuncs(L, funcs, 0);
	return 1;
}
EXPORT_SYMBOL_GPL(lunatik_newlib);

/* --- the registry */

/* The userdata of @object that is on the stack: on top, as a rule. */
static struct lunatik_box *lunatik_findbox(lua_State *L, lunatik_object_t *object, int *at)
{
	int i;

	for (i = lua_gettop(L); object && i > 0; i--) {
		if (lunatik_toobject(L, i) == object) {
			*at = i;
			return lunatik_tobox(L, i);
		}
	}
	luaL_error(L, "the object to be kept is not on the stack");
	return NULL;
}

void lunatik_keepobject(lua_State *L, lunatik_object_t *object)
{
	int at;

	lunatik_findbox(L, object, &at);
	if (at == lua_gettop(L)) {
		lua_rawsetp(L, LUA_REGISTRYINDEX, object);
	} else {
		lua_pushvalue(L, at);
		lua_rawsetp(L, LUA_REGISTRYINDEX, object);
	}
}
EXPORT_SYMBOL_GPL(lunatik_keepobject);

void lunatik_registerobject(lua_State *L, int ix, lunatik_object_t *object)
{
	struct lunatik_box *box;
	int at;

	ix = lua_absindex(L, ix);
	luaL_checkstack(L, 3, NULL);
	box = lunatik_findbox(L, object, &at);
	if (!object->private)
		lunatik_raiseclosed(L, at);
	lua_pushvalue(L, at);
	/* what may raise comes first; then the key is there, and set at once */
	lua_pushboolean(L, 0);
	lua_rawsetp(L, LUA_REGISTRYINDEX, object->private);
	lua_rawsetp(L, LUA_REGISTRYINDEX, object);
	lua_pushvalue(L, ix);
	lua_rawsetp(L, LUA_REGISTRYINDEX, object->private);
	box->key = object->private;
}
EXPORT_SYMBOL_GPL(lunatik_registerobject);

/* Raises nothing, allocates nothing. */
void lunatik_unregisterobject(lua_State *L, lunatik_object_t *object)
{
	struct lunatik_box *box;

	lunatik_getregistry(L, object);
	box = lunatik_tobox(L, -1);
	if (box && box->object == object) {
		if (box->key) {
			lua_pushnil(L);
			lua_rawsetp(L, LUA_REGISTRYINDEX, box->key);
			box->key = NULL;
		}
		lua_pushnil(L);
		lua_rawsetp(L, LUA_REGISTRYINDEX, object);
	}
	lua_pop(L, 1);
}
EXPORT_SYMBOL_GPL(lunatik_unregisterobject);

void lunatik_dropkept(lunatik_object_t *runtime, lunatik_object_t *object)
{
	struct lunatik_runtime *rt;
	bool outside;

	if (!runtime || !object)
		return;
	rt = runtime->private;
	if (READ_ONCE(rt->task) == current) {
		/* inside, or while it is being loaded; when closed, L is NULL */
		if (rt->L)
			lunatik_unregisterobject(rt->running ?: rt->L, object);
		return;
	}
	outside = READ_ONCE(runtime->holder) != current;
	if (outside)
		lunatik_lockalways(runtime);
	if (rt->L)
		lunatik_unregisterobject(rt->L, object);
	if (outside)
		lunatik_unlock(runtime);
}
EXPORT_SYMBOL_GPL(lunatik_dropkept);

/* --- locks */

/* Never waits, so it makes no deadlock. */
bool lunatik_trylock(lunatik_object_t *object)
{
	unsigned long flags;
	bool taken;

	if (lunatik_israw(object->opt)) {
		taken = raw_spin_trylock_irqsave(&object->raw, flags);
		if (taken)
			object->irqflags = flags;
	} else if (object->opt & LUNATIK_OPT_ATOMIC) {
		taken = spin_trylock_bh(&object->spin);
	} else {
		taken = mutex_trylock(&object->mutex);
	}
	if (taken)
		WRITE_ONCE(object->holder, current);
	return taken;
}
EXPORT_SYMBOL_GPL(lunatik_trylock);

/*
 * Waits, but not for ever: for who has another lock, which the one who has
 * this may be waiting for.
 */
bool lunatik_trylong(lunatik_object_t *object, bool maysleep)
{
	int i;

	for (i = 0; i < 1000; i++) {
		if (lunatik_trylock(object))
			return true;
		if (maysleep)
			usleep_range(500, 1000);
		else
			udelay(10);
	}
	return false;
}

/* The one place that waits for a lock. Returns -EINTR for a mutex, if @killable. */
static int lunatik_getlock(lunatik_object_t *object, bool killable)
{
	unsigned long flags;
	int ret = 0;

	if (lunatik_israw(object->opt)) {
		/* a probe may have hit right after the lock was taken below */
		for (ret = 0; unlikely(in_nmi()); ret++) {
			if (ret == 20)
				return -EDEADLK;
			if (lunatik_trylong(object, false))
				return 0;
		}
		raw_spin_lock_irqsave(&object->raw, flags);
		object->irqflags = flags;
	} else if (object->opt & LUNATIK_OPT_ATOMIC) {
		spin_lock_bh(&object->spin);
	} else if (killable) {
		ret = mutex_lock_killable(&object->mutex);
	} else {
		/* one runtime may make and close another from inside */
		mutex_lock_nested(&object->mutex, SINGLE_DEPTH_NESTING);
	}
	if (!ret)
		WRITE_ONCE(object->holder, current);
	return ret;
}
NOKPROBE_SYMBOL(lunatik_getlock);

int lunatik_lock(lunatik_object_t *object)
{
	/* who is current here cannot change that it is, or is not, the holder */
	if (unlikely(READ_ONCE(object->holder) == current))
		return -EDEADLK;
	return lunatik_getlock(object, true);
}
NOKPROBE_SYMBOL(lunatik_lock);
EXPORT_SYMBOL_GPL(lunatik_lock);

/* For what has to be done, signal or not. The caller does not hold it. */
void lunatik_lockalways(lunatik_object_t *object)
{
	lunatik_getlock(object, false);
}

void lunatik_unlock(lunatik_object_t *object)
{
	unsigned long flags = object->irqflags;

	if (lunatik_israw(object->opt)) {
		/* a probe inside the unlock has to see who holds it */
		preempt_disable();
		raw_spin_unlock(&object->raw);
		cmpxchg(&object->holder, current, NULL);
		local_irq_restore(flags);
		preempt_enable();
		return;
	}
	WRITE_ONCE(object->holder, NULL);
	if (object->opt & LUNATIK_OPT_ATOMIC)
		spin_unlock_bh(&object->spin);
	else
		mutex_unlock(&object->mutex);
}
NOKPROBE_SYMBOL(lunatik_unlock);
EXPORT_SYMBOL_GPL(lunatik_unlock);
