// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Objects: counted things with a lock, that Lua sees as userdata.
 *
 * A release may sleep, so it never runs where the last reference happened to
 * go: unless that is known to be process context, it is handed to a
 * workqueue. The memory goes after a grace period, so that an object found
 * under RCU can be asked whether it is still alive.
 */
#include <linux/err.h>
#include <linux/slab.h>
#include <linux/workqueue.h>

#include "core.h"

/* What a userdata holds. The mark tells it from every other module's. */
struct lunatik_box {
	lunatik_object_t *object;	/* NULL until it is whole */
	const void *mark;
};

static const char lunatik_mark;
static struct workqueue_struct *lunatik_wq;

static void lunatik_free_rcu(struct rcu_head *rcu)
{
	kfree(container_of(rcu, lunatik_object_t, rcu));
}

static void lunatik_release(lunatik_object_t *object)
{
	void *private = object->private;

	if (object->class->release && private)
		object->class->release(private);
	if (!(object->opt & LUNATIK_OPT_EXTERNAL))
		kfree(private);
	/* what is left is ours: nobody asks for the class of a dead object */
	module_put(object->owner);
	call_rcu(&object->rcu, lunatik_free_rcu);
}

static void lunatik_release_work(struct work_struct *work)
{
	lunatik_release(container_of(work, lunatik_object_t, work));
}

static void lunatik_release_later(struct kref *kref)
{
	lunatik_object_t *object = container_of(kref, lunatik_object_t, kref);

	queue_work(lunatik_wq, &object->work);
}

static void lunatik_release_now(struct kref *kref)
{
	lunatik_release(container_of(kref, lunatik_object_t, kref));
}

int lunatik_putobject(lunatik_object_t *object)
{
	return kref_put(&object->kref, lunatik_release_later);
}
EXPORT_SYMBOL_GPL(lunatik_putobject);

int lunatik_dropobject(lunatik_object_t *object)
{
	return kref_put(&object->kref, lunatik_release_now);
}
EXPORT_SYMBOL_GPL(lunatik_dropobject);

static lunatik_object_t *lunatik_makeobject(const lunatik_class_t *class, size_t size,
					    lunatik_opt_t opt, gfp_t gfp, struct module *owner)
{
	lunatik_object_t *object = kzalloc(sizeof(*object), gfp | __GFP_NOWARN);

	if (!object)
		return NULL;

	object->class = class;
	object->opt = opt | class->opt;
	object->gfp = object->opt & LUNATIK_OPT_ATOMIC ? GFP_ATOMIC : GFP_KERNEL;
	object->owner = owner;
	kref_init(&object->kref);
	INIT_WORK(&object->work, lunatik_release_work);
	if (object->opt & LUNATIK_OPT_ATOMIC)
		spin_lock_init(&object->spin);
	else
		mutex_init(&object->mutex);

	if (!(object->opt & LUNATIK_OPT_EXTERNAL) && size > 0) {
		object->private = kzalloc(size, gfp | __GFP_NOWARN);
		if (!object->private) {
			kfree(object);
			return NULL;
		}
	}
	__module_get(owner);
	return object;
}

lunatik_object_t *lunatik_createobject_owner(const lunatik_class_t *class, size_t size,
					     lunatik_opt_t opt, struct module *owner)
{
	gfp_t gfp = (opt | class->opt) & LUNATIK_OPT_ATOMIC ? GFP_ATOMIC : GFP_KERNEL;

	return lunatik_makeobject(class, size, opt, gfp, owner);
}
EXPORT_SYMBOL_GPL(lunatik_createobject_owner);

/*
 * An empty userdata: what it will hold is made after it cannot be lost. The
 * runtime keeps @owner, which has the class, as long as it has the metatable.
 */
static struct lunatik_box *lunatik_newbox(lua_State *L, const lunatik_class_t *class,
					  struct module *owner)
{
	struct lunatik_box *box = lua_newuserdatauv(L, sizeof(*box), 0);

	box->object = NULL;
	box->mark = &lunatik_mark;
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

	if (!((opt | class->opt) & LUNATIK_OPT_ATOMIC) &&
	    (lunatik_toruntime(L)->opt & LUNATIK_OPT_ATOMIC))
		luaL_error(L, "'%s' is a class of process context, this runtime cannot sleep",
			   class->name);

	box = lunatik_newbox(L, class, owner);
	box->object = lunatik_makeobject(class, size, opt, lunatik_gfp(L), owner);
	if (!box->object)
		lunatik_throw(L, -ENOMEM);
	return box->object;
}
EXPORT_SYMBOL_GPL(lunatik_newobject_owner);

void lunatik_cloneobject(lua_State *L, lunatik_object_t *object)
{
	struct lunatik_box *box;

	if (object->opt & LUNATIK_OPT_SINGLE)
		luaL_error(L, "'%s' object is private to its runtime, it cannot be shared",
			   object->class->name);

	box = lunatik_newbox(L, object->class, object->owner);
	lunatik_getobject(object);
	box->object = object;
}
EXPORT_SYMBOL_GPL(lunatik_cloneobject);

static struct lunatik_box *lunatik_tobox(lua_State *L, int i)
{
	struct lunatik_box *box = lua_touserdata(L, i);

	if (!box || lua_islightuserdata(L, i) || lua_rawlen(L, i) != sizeof(*box) ||
	    box->mark != &lunatik_mark)
		return NULL;
	return box;
}

lunatik_object_t *lunatik_toobject(lua_State *L, int i)
{
	struct lunatik_box *box = lunatik_tobox(L, i);

	return box ? box->object : NULL;
}
EXPORT_SYMBOL_GPL(lunatik_toobject);

lunatik_object_t *lunatik_checkobject(lua_State *L, int i)
{
	struct lunatik_box *box = lunatik_tobox(L, i);

	if (!box)
		luaL_typeerror(L, i, "lunatik object");
	if (!box->object)
		luaL_argerror(L, i, "object is not complete");
	return box->object;
}
EXPORT_SYMBOL_GPL(lunatik_checkobject);

/* The memory of a userdata is about to be freed, maybe of one of ours. */
void lunatik_freebox(void *memory, size_t len, bool maysleep)
{
	struct lunatik_box *box = memory;

	if (len != sizeof(*box) || box->mark != &lunatik_mark || !box->object)
		return;
	if (maysleep)
		lunatik_dropobject(box->object);
	else
		lunatik_putobject(box->object);
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

	lua_createtable(L, 0, 8);
	lua_pushvalue(L, -1);
	lua_setfield(L, -2, "__index");
	if (class->methods)
		luaL_setfuncs(L, class->methods, 0);
	lua_pushstring(L, class->name);
	lua_setfield(L, -2, "__name");
	lua_pushboolean(L, 0);
	lua_setfield(L, -2, "__metatable");

	lua_pushvalue(L, -1);
	lua_rawsetp(L, LUA_REGISTRYINDEX, class);
}

int lunatik_newlib(lua_State *L, const luaL_Reg *funcs, const lunatik_class_t **classes)
{
	for (; classes && *classes; classes++) {
		lunatik_pushclass(L, *classes);
		lua_pop(L, 1);
	}
	lua_createtable(L, 0, 8);
	luaL_setfuncs(L, funcs, 0);
	return 1;
}
EXPORT_SYMBOL_GPL(lunatik_newlib);

void lunatik_lock(lunatik_object_t *object)
{
	unsigned long flags;

	if (object->opt & LUNATIK_OPT_HARDIRQ) {
		spin_lock_irqsave(&object->spin, flags);
		object->irqflags = flags;
	} else if (object->opt & LUNATIK_OPT_SOFTIRQ) {
		spin_lock_bh(&object->spin);
	} else {
		mutex_lock(&object->mutex);
	}
}
EXPORT_SYMBOL_GPL(lunatik_lock);

/* One runtime may make and close another from inside: that is no deadlock. */
void lunatik_locknested(lunatik_object_t *object)
{
	if (object->opt & LUNATIK_OPT_ATOMIC)
		lunatik_lock(object);
	else
		mutex_lock_nested(&object->mutex, SINGLE_DEPTH_NESTING);
}

void lunatik_unlock(lunatik_object_t *object)
{
	if (object->opt & LUNATIK_OPT_HARDIRQ)
		spin_unlock_irqrestore(&object->spin, object->irqflags);
	else if (object->opt & LUNATIK_OPT_SOFTIRQ)
		spin_unlock_bh(&object->spin);
	else
		mutex_unlock(&object->mutex);
}
EXPORT_SYMBOL_GPL(lunatik_unlock);

int lunatik_object_init(void)
{
	lunatik_wq = alloc_workqueue("lunatik", WQ_UNBOUND, 0);
	return lunatik_wq ? 0 : -ENOMEM;
}

/* Waits for every release that is under way. */
void lunatik_object_exit(void)
{
	destroy_workqueue(lunatik_wq);
	rcu_barrier();
}
