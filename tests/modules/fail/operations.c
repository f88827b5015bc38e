// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Every allocation failed once: what is done is done again and again, with the
 * first allocation failing, then the second, until none is left to fail. Each
 * time it either fails cleanly, which leaves everything as it was, or succeeds
 * in full, and the same without a fault works right after.
 *
 * The library fail does so for scripts; with campaign=1, what only C can do is
 * done when the module is loaded, which fails if something was wrong. Three
 * ways to fail an allocation:
 *
 *	kernel	one of the kernel's, by this task (fault-injection.txt: fail-nth).
 *		Lua then collects its garbage and tries again, so this shows what
 *		is wrong with a collection at that place
 *	lua	one of Lua's, and the second try: "not enough memory" is raised
 *		there. By an allocator that stands before the runtime's own, so
 *		that it reaches a hardirq runtime, which asks no kernel, as well
 *	all	one of Lua's and all that follow
 *
 * A state in the making cannot be given an allocator: there the runtime's
 * budget ends at each size instead.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched.h>
#include <linux/spinlock.h>

#include <lunatik.h>
#include <luarcu.h>

#include "arm.h"

static bool campaign;
module_param(campaign, bool, 0444);

#define MOST	20000	/* allocations of one operation: more is an endless loop */
#define STEP	16	/* bytes from one budget to the next */

enum way { KERNEL, LUA, ALL, WAYS };
static const char * const ways[] = {"kernel", "lua", "all", NULL};

/* --- the library */

static int on(lua_State *L, lunatik_object_t *runtime, int (*f)(lua_State *, struct hook *),
	      struct hook *hook)
{
	int ret;

	if (!runtime)
		return f(L, hook);
	lunatik_run(runtime, f, ret, hook);
	return ret;
}

/*
 * call(way, n, runtime or nil, f, ...): whether the fault came, whether f was
 * done, and what it returned or raised. It is the allocator of the runtime
 * that fails, or of who calls.
 */
static int lib_call(lua_State *L)
{
	int way = luaL_checkoption(L, 1, NULL, ways), status;
	lunatik_object_t *runtime = lua_isnil(L, 3) ? NULL : lunatik_checkobject(L, 3);
	struct hook hook = { .n = luaL_checkinteger(L, 2), .forever = way == ALL };
	struct held before = held();
	bool fired;

	luaL_checkstack(L, LUA_MINSTACK, NULL);
	if (way == KERNEL)
		fail_nth(hook.n);
	else
		on(L, runtime, hook_set, &hook);
	status = lua_pcall(L, lua_gettop(L) - 4, LUA_MULTRET, 0);
	if (way == KERNEL) {
		fired = !fail_left();
	} else {
		fired = hook.seen >= hook.n;
		on(L, runtime, hook_unset, &hook);
	}
	if (isheld(before))
		pr_err("fail: a lock is left held\n");
	lua_pushboolean(L, fired);
	lua_replace(L, 2);
	lua_pushboolean(L, status == LUA_OK);
	lua_replace(L, 3);
	return lua_gettop(L) - 1;	/* f and its arguments are gone */
}

static atomic_t alive = ATOMIC_INIT(0);

static void thing_release(void *private)
{
	if (*(int *)private)
		atomic_dec(&alive);
}

static const lunatik_class_t things[] = {
	{ .name = "thing", .release = thing_release },
	{ .name = "softthing", .release = thing_release, .opt = LUNATIK_OPT_SOFTIRQ },
	{ .name = "hardthing", .release = thing_release,
	  .opt = LUNATIK_OPT_HARDIRQ | LUNATIK_OPT_MONITOR },
};

static lunatik_object_t *thing_new(lua_State *L, int kind)
{
	lunatik_object_t *object = lunatik_newobject(L, &things[kind], sizeof(int),
						     LUNATIK_OPT_NONE);

	*(int *)object->private = 1;
	atomic_inc(&alive);
	return object;
}

/* thing(): an object that works in all contexts */
static int lib_thing(lua_State *L)
{
	thing_new(L, 2);
	return 1;
}

/* alive(): objects that were not released */
static int lib_alive(lua_State *L)
{
	lua_pushinteger(L, atomic_read(&alive));
	return 1;
}

/* pause(): only for who may sleep; lets the workers of luarcu work */
static int lib_pause(lua_State *L)
{
	msleep(1);
	return 0;
}

static const luaL_Reg fail_lib[] = {
	{"call", lib_call},
	{"pause", lib_pause},
	{"thing", lib_thing},
	{"alive", lib_alive},
	{NULL, NULL}
};

LUNATIK_CLASSES(fail, &things[0], &things[1], &things[2]);
LUNATIK_NEWLIB(fail, fail_lib, luafail_classes);

/* --- operations in C */

static unsigned int operations, faults, wrong;

static lunatik_object_t *runtime;	/* that handlers run in */
static lunatik_object_t *made;		/* by the operation, or NULL */
static lunatik_object_t *table, *object;
static char large[3 * PAGE_SIZE];

struct op {
	const char *name;
	int arg;
	int (*act)(int arg);
	bool (*good)(int arg, int ret);	/* all is as the result says; cleans up */
	bool throws;			/* "ENOMEM" may be raised in a handler */
	u8 but;				/* ways that have nothing to fail, bits */
};

static const lunatik_opt_t opts[] = {
	LUNATIK_OPT_NONE, LUNATIK_OPT_SOFTIRQ, LUNATIK_OPT_HARDIRQ,
};

static int act_runtime(int context)
{
	return lunatik_newruntime(&made, "t/faults/script", opts[context]);
}

static int answer(lua_State *L)
{
	int n;

	lua_getglobal(L, "answer");
	lua_call(L, 0, 1);
	n = lua_tointeger(L, -1);
	return n;
}

static bool good_runtime(int context, int ret)
{
	int n = 0;

	if (ret)
		return !made;
	lunatik_run(made, answer, n);
	ret = lunatik_stop(made);
	made = NULL;
	return n == 42 && ret == 1;
}

static int act_object(int kind)
{
	made = lunatik_createobject(&things[kind], sizeof(int), LUNATIK_OPT_NONE);
	return made ? 0 : -ENOMEM;
}

static bool good_object(int kind, int ret)
{
	if (ret)
		return !made;
	ret = lunatik_dropobject(made);
	made = NULL;
	return ret == 1;
}

/* of a handler: what it raises leaves it */
static int do_handler(lua_State *L, int (*f)(lua_State *L, int arg), int arg)
{
	return f(L, arg);
}

static int inside(int (*f)(lua_State *L, int arg), int arg)
{
	int ret;

	lunatik_run(runtime, do_handler, ret, f, arg);
	return ret;
}

static int collect(lua_State *L, int unused)
{
	lua_gc(L, LUA_GCCOLLECT);
	lua_gc(L, LUA_GCCOLLECT);
	return 0;
}

/* nothing but what the module holds itself is there, once garbage is gone */
static bool good_inside(int arg, int ret)
{
	int tries;

	inside(collect, 0);
	/* what is dropped where nobody may sleep is released by a worker */
	for (tries = 0; tries < 1000; tries++) {
		if (atomic_read(&alive) == 1 && kref_read(&object->kref) == 1)
			return true;
		msleep(1);
	}
	return false;
}

#define HANDLER(name)							\
static int name(lua_State *L, int arg);					\
static int act_##name(int arg)						\
{									\
	return inside(name, arg);					\
}									\
static int name(lua_State *L, int arg)

HANDLER(newobject)
{
	thing_new(L, arg);
	return 0;
}

HANDLER(clone)
{
	lunatik_cloneobject(L, object);
	return lunatik_checkobject(L, -1) == object ? 0 : -EINVAL;
}

HANDLER(pushobject)
{
	lunatik_getobject(object);
	lunatik_pushobject(L, object);	/* gives that back, also if it raises */
	return 0;
}

static struct { lunatik_object_t *field; } keeper;

/* what was registered is either there, with both keys, or not at all */
HANDLER(registers)
{
	lunatik_object_t *o = thing_new(L, 2);

	lua_newtable(L);
	lunatik_registerobject(L, -1, o);
	if (lunatik_getregistry(L, o) != LUA_TUSERDATA ||
	    lunatik_getregistry(L, o->private) != LUA_TTABLE)
		return -EINVAL;
	lunatik_unregisterobject(L, o);
	return lunatik_getregistry(L, o) == LUA_TNIL ? 0 : -EINVAL;
}

HANDLER(attach)
{
	lunatik_attach(L, &keeper, field, thing_new, 2);
	return keeper.field ? 0 : -EINVAL;
}

static bool good_attach(int arg, int ret)
{
	bool good = !keeper.field == !!ret;

	lunatik_detach(runtime, &keeper, field);
	return good_inside(arg, ret) && good;
}

HANDLER(requires)
{
	lunatik_require(L, "rcu");
	lunatik_require(L, "t.faults.library");
	return 0;
}

static int forget(lua_State *L, int unused)
{
	lua_getglobal(L, "forget");
	lua_call(L, 0, 0);
	return 0;
}

static bool good_requires(int arg, int ret)
{
	inside(forget, 0);
	return good_inside(arg, ret);
}

HANDLER(mallocs)
{
	void *new, *p = lunatik_malloc(L, 100);

	if (!p)
		return -ENOMEM;
	memset(p, 1, 100);
	new = lunatik_realloc(L, p, 5000);
	if (!new) {
		lunatik_free(p);
		return -ENOMEM;
	}
	memset(new, 2, 5000);
	lunatik_free(new);
	return 0;
}

HANDLER(newstring)
{
	memset(lunatik_newstring(L, 5000), 'x', 5000);
	return lua_rawlen(L, -1) == 5000 ? 0 : -EINVAL;
}

HANDLER(fields)
{
	struct { int i, j; char s[8]; } to, *p = &to;

	lua_newtable(L);
	lua_pushinteger(L, 7);
	lua_setfield(L, -2, "i");
	lua_pushstring(L, "string");
	lua_setfield(L, -2, "s");
	lunatik_setinteger(L, -1, p, i);
	lunatik_optinteger(L, -1, p, j, 8);
	lunatik_setstring(L, -1, p, s, 8);
	return to.i == 7 && to.j == 8 && strcmp(to.s, "string") == 0 ? 0 : -EINVAL;
}

HANDLER(calls)
{
	lua_getglobal(L, "works");
	lua_call(L, 0, 1);
	return lua_tointeger(L, -1) == 210 ? 0 : -EINVAL;
}

/* --- of luarcu */

static DEFINE_SPINLOCK(lock);

enum kind { BOOLEAN, INTEGER, SHORT, LONG, OBJECT, KINDS };
static const char * const kinds[] = {"boolean", "integer", "string", "long string", "object"};

static struct tvalue value_of(int kind)
{
	switch (kind) {
	case BOOLEAN:
		return LUARCU_BOOLEAN(true);
	case INTEGER:
		return LUARCU_INTEGER(42);
	case SHORT:
		return LUARCU_STRING(large, 5);
	case LONG:
		return LUARCU_STRING(large, sizeof(large));
	default:
		return LUARCU_OBJECT(object);
	}
}

static struct luarcu_key key_of(void)
{
	return luarcu_key("key", 3);
}

static bool is(const struct tvalue *value)
{
	static char buf[sizeof(large)];
	struct luarcu_key key = key_of();
	struct tvalue got;
	int ret = luarcu_get(table, &key, &got, buf, sizeof(buf));

	if (got.type == TVALUE_OBJECT)
		lunatik_putobject(got.object);
	if (value->type == TVALUE_NIL)
		return ret == -ENOENT;
	if (ret || got.type != value->type)
		return false;
	switch (got.type) {
	case TVALUE_BOOLEAN:
		return got.boolean == value->boolean;
	case TVALUE_INTEGER:
		return got.integer == value->integer;
	case TVALUE_STRING:
		return got.string.len == value->string.len &&
		       memcmp(buf, value->string.bytes, got.string.len) == 0;
	default:
		return got.object == value->object;
	}
}

/* what is done: kind of the old value (KINDS: none), of the new one, by what */
#define DO(verb, old, new)	((verb) << 8 | (old) << 4 | (new))
enum verb { SET, INSERT, CAS, ADD };
static bool atomically;

static int act_table(int arg)
{
	int verb = arg >> 8, old = arg >> 4 & 15;
	struct tvalue value = value_of(arg & 15);
	struct tvalue was = old == KINDS ? LUARCU_NIL : value_of(old);
	gfp_t gfp = atomically ? GFP_ATOMIC : GFP_KERNEL;
	struct luarcu_key key = key_of();
	int ret = 0;

	luarcu_delete(table, &key);
	if (old != KINDS) {	/* without a fault */
		unsigned int left = fail_left();

		ret = luarcu_set(table, &key, &was, GFP_KERNEL);
		fail_nth(left);
	}
	if (ret)
		return -EINVAL;
	if (atomically)
		spin_lock_bh(&lock);
	switch (verb) {
	case SET:
		ret = luarcu_set(table, &key, &value, gfp);
		break;
	case INSERT:
		ret = luarcu_insert(table, &key, &value, gfp);
		break;
	case CAS:
		ret = luarcu_cas(table, &key, &was, &value, gfp);
		break;
	case ADD:
		ret = luarcu_add(table, &key, 42, NULL, gfp);
		break;
	}
	if (atomically)
		spin_unlock_bh(&lock);
	return ret;
}

static int drop(const struct luarcu_key *key, const struct tvalue *value, void *unused)
{
	return luarcu_delete(table, key);
}

/* an object is given back after a grace period */
static bool released(void)
{
	rcu_barrier();
	return kref_read(&object->kref) == 1;
}

static bool good_table(int arg, int ret)
{
	int old = arg >> 4 & 15;
	struct tvalue value = value_of(arg & 15);
	struct tvalue was = old == KINDS ? LUARCU_NIL : value_of(old);
	struct luarcu_key key = key_of();
	bool good = is(ret ? &was : &value) && luarcu_count(table) == (!ret || old != KINDS);

	luarcu_delete(table, &key);
	return luarcu_count(table) == 0 && released() && good;
}

static int act_create(int size)
{
	made = luarcu_create(size, GFP_KERNEL);
	if (!IS_ERR(made))
		return 0;
	size = PTR_ERR(made);
	made = NULL;
	return size;
}

/* of spec/rcu.txt, on the global table */
static int act_element(int replace)
{
	const char *key = "fail";
	int ret, idx = rcu_idx(key);
	unsigned int left;
	struct element *e;

	if (!replace)
		return rcu_add_element(NULL, key, LUARCU_STRING(large, 50), idx);
	left = fail_left();
	ret = rcu_add_element(NULL, key, LUARCU_INTEGER(1), idx);
	fail_nth(left);
	rcu_read_lock();
	e = rcu_search_element(key, idx);
	ret = ret || !e ? -EINVAL : rcu_replace_element(NULL, e, LUARCU_STRING(large, 50), idx);
	rcu_read_unlock();
	return ret;
}

static bool good_element(int replace, int ret)
{
	const char *key = "fail";
	int idx = rcu_idx(key);
	struct tvalue value = LUARCU_NIL;
	struct element *e;

	rcu_read_lock();
	e = rcu_search_element(key, idx);
	if (e) {
		rcu_element_value(e, &value);
		rcu_delete_element(e, idx);
	}
	rcu_read_unlock();
	if (ret)
		return value.type == (replace ? TVALUE_INTEGER : TVALUE_NIL);
	return value.type == TVALUE_STRING;
}

#define FILL	600

/* as many as make it grow, and a walk */
static int act_fill(int unused)
{
	char name[16];
	int i, ret = 0;

	for (i = 0; i < FILL && !ret; i++) {
		struct luarcu_key key = luarcu_key(name, scnprintf(name, sizeof(name), "f%d", i));
		struct tvalue value = LUARCU_INTEGER(i);

		ret = luarcu_set(table, &key, &value, GFP_KERNEL);
	}
	return ret;
}

static int sum_up(const struct luarcu_key *key, const struct tvalue *value, void *sum)
{
	*(s64 *)sum += value->integer;
	return 0;
}

static bool good_fill(int unused, int ret)
{
	unsigned long n = luarcu_count(table);
	s64 sum = 0;

	luarcu_foreach(table, sum_up, &sum);
	if (luarcu_foreach(table, drop, NULL) || luarcu_count(table))
		return false;
	return ret ? n < FILL : n == FILL && sum == FILL * (FILL - 1) / 2;
}

/* --- the sweeps */

static void complain(const char *name, enum way way, unsigned int n, const char *what, int ret)
{
	wrong++;
	pr_err("fail: %s, %s, allocation %u: %s (%d)\n", name, ways[way], n, what, ret);
}

static int once(const struct op *op, enum way way, unsigned int n, bool *fired)
{
	struct hook hook = { .n = n, .forever = way == ALL };
	struct held before = held();
	int ret, unused;

	if (way == KERNEL)
		fail_nth(n);
	else
		lunatik_run(runtime, hook_set, unused, &hook);
	ret = op->act(op->arg);
	if (way == KERNEL) {
		*fired = !fail_left();
	} else {
		lunatik_run(runtime, hook_unset, unused, &hook);
		*fired = hook.seen >= n;
	}
	if (isheld(before))
		complain(op->name, way, n, "left locked", ret);
	return ret;
}

static void sweep(const struct op *op, enum way way)
{
	unsigned int n, failed = 0;
	bool fired = true, unused;
	int ret;

	operations++;
	for (n = 1; fired && n < MOST; n++) {
		ret = once(op, way, n, &fired);
		if (ret && !(fired && (ret == -ENOMEM || (op->throws && ret == -ECANCELED))))
			complain(op->name, way, n, "the wrong result", ret);
		if (!op->good(op->arg, ret))
			complain(op->name, way, n, ret ? "something is left" : "not done", ret);
		if (!ret)
			continue;
		failed++;
		ret = once(op, KERNEL, 0, &unused);
		if (ret || !op->good(op->arg, ret))
			complain(op->name, way, n, "does not work after that", ret);
	}
	if (fired)
		complain(op->name, way, n, "has no end", 0);
	faults += n - 2;
	pr_info("fail: %s | %s | %u | %u\n", op->name, ways[way], n - 2, failed);
}

/* a new runtime whose budget ends at each size, until it is made */
static void squeeze(int context)
{
	static const char * const names[] = {"process", "softirq", "hardirq"};
	lunatik_budget_t budget = { .memory = 1 };
	unsigned int failed = 0;
	int ret;

	operations++;
	do {
		ret = lunatik_newbounded(&made, "t/faults/script", opts[context], &budget);
		if (ret && ret != -ENOMEM)
			complain("budget", LUA, budget.memory, "the wrong result", ret);
		failed += !!ret;
		if (ret && made)
			complain("budget", LUA, budget.memory, "something is left", ret);
		budget.memory += STEP;
	} while (ret && budget.memory < 1 << 20);
	/* with little to spare not every call of it works */
	if (!ret)
		lunatik_stop(made);
	else
		complain("budget", LUA, budget.memory, "has no end", ret);
	made = NULL;
	faults += failed;
	pr_info("fail: lunatik_newbounded, %s, %zu bytes | budget | %u | %u\n", names[context],
		budget.memory - STEP, failed, failed);
}

#define NOLUA	(BIT(LUA) | BIT(ALL))

static const struct op ops[] = {
	{ "lunatik_newruntime, process", 0, act_runtime, good_runtime, .but = NOLUA },
	{ "lunatik_newruntime, softirq", 1, act_runtime, good_runtime, .but = NOLUA },
	{ "lunatik_newruntime, hardirq", 2, act_runtime, good_runtime, .but = NOLUA },
	{ "lunatik_createobject, process", 0, act_object, good_object, .but = NOLUA },
	{ "lunatik_createobject, softirq", 1, act_object, good_object, .but = NOLUA },
	{ "lunatik_createobject, hardirq", 2, act_object, good_object, .but = NOLUA },
	{ "luarcu_create, 1", 1, act_create, good_object, .but = NOLUA },
	{ "luarcu_create, 1 << 16", 1 << 16, act_create, good_object, .but = NOLUA },
	{ "rcu_add_element", 0, act_element, good_element, .but = NOLUA },
	{ "rcu_replace_element", 1, act_element, good_element, .but = NOLUA },
	{ "luarcu_set, 600 entries, luarcu_foreach", 0, act_fill, good_fill, .but = NOLUA },
};

static const struct op handlers[] = {
	{ "lunatik_newobject", 2, act_newobject, good_inside, true },
	{ "lunatik_cloneobject", 0, act_clone, good_inside, true },
	{ "lunatik_pushobject", 0, act_pushobject, good_inside, true },
	{ "lunatik_registerobject", 0, act_registers, good_inside, true },
	{ "lunatik_attach", 0, act_attach, good_attach, true },
	{ "lunatik_malloc, lunatik_realloc", 0, act_mallocs, good_inside, .but = NOLUA },
	{ "lunatik_newstring", 0, act_newstring, good_inside },
	{ "lunatik_setinteger, lunatik_setstring", 0, act_fields, good_inside },
	{ "lunatik_run", 0, act_calls, good_inside },
	{ "lunatik_require", 0, act_requires, good_requires, true },	/* only P */
};

static void sweep_ways(const struct op *op)
{
	enum way way;

	for (way = 0; way < WAYS; way++)
		if (!(op->but & BIT(way)))
			sweep(op, way);
}

static void sweep_table(void)
{
	static const char * const verbs[] = {
		"luarcu_set", "luarcu_insert", "luarcu_cas", "luarcu_add",
	};
	static char name[80];
	int verb, old, new;

	for (verb = SET; verb <= ADD; verb++) {
		for (old = 0; old <= KINDS; old++) {
			for (new = 0; new < KINDS; new++) {
				struct op op = { name, DO(verb, old, new), act_table, good_table };

				if ((verb == INSERT && old != KINDS) ||
				    (verb == ADD && (old != KINDS || new != INTEGER)))
					continue;
				snprintf(name, sizeof(name), "%s, %s for %s%s", verbs[verb],
					 kinds[new], old == KINDS ? "none" : kinds[old],
					 atomically ? ", under a spinlock" : "");
				sweep(&op, KERNEL);
			}
		}
	}
}

static int in_context(int context)
{
	static const char * const names[] = {"process", "softirq", "hardirq"};
	int i, ret;

	ret = lunatik_newruntime(&runtime, "t/faults/script", opts[context]);
	if (ret)
		return ret;
	pr_info("fail: handlers in a %s runtime\n", names[context]);
	for (i = 0; i < ARRAY_SIZE(handlers) - !!context; i++)
		sweep_ways(&handlers[i]);
	lunatik_stop(runtime);
	return 0;
}

static int run_campaign(void)
{
	unsigned int i;
	int ret = 0;

	memset(large, 'l', sizeof(large));
	table = luarcu_create(16, GFP_KERNEL);
	object = lunatik_createobject(&things[2], sizeof(int), LUNATIK_OPT_NONE);
	if (IS_ERR(table) || !object)
		return -ENOMEM;
	*(int *)object->private = 1;
	atomic_inc(&alive);

	for (i = 0; i < ARRAY_SIZE(ops); i++)
		sweep(&ops[i], KERNEL);
	sweep_table();
	atomically = true;
	sweep_table();
	for (i = 0; i < ARRAY_SIZE(opts) && !ret; i++) {
		squeeze(i);
		ret = in_context(i);
	}
	lunatik_dropobject(table);
	lunatik_dropobject(object);
	rcu_barrier();
	pr_info("fail: %u operations, %u faults, %u wrong\n", operations, faults, wrong);
	if (!ret && (wrong || atomic_read(&alive)))
		ret = -EIO;
	return ret;
}

/* in a thread of its own, which has all of its stack left */
static int campaign_thread(void *done)
{
	int ret = run_campaign();

	complete(done);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return ret;
}

static int __init fail_init(void)
{
	DECLARE_COMPLETION_ONSTACK(done);
	struct task_struct *thread;
	int ret = fail_init_nth();

	if (ret || !campaign)
		return ret;
	thread = kthread_run(campaign_thread, &done, "fail");
	if (IS_ERR(thread)) {
		ret = PTR_ERR(thread);
	} else {
		while (!wait_for_completion_timeout(&done, HZ))
			;	/* it takes long, and does not hang */
		ret = kthread_stop(thread);
	}
	if (ret)
		fail_exit_nth();
	return ret;
}

static void __exit fail_exit(void)
{
	fail_exit_nth();
}

module_init(fail_init);
module_exit(fail_exit);
MODULE_DESCRIPTION("Test: every allocation failed once");
MODULE_LICENSE("Dual MIT/GPL");
