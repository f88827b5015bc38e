// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The C API as the author of a binding uses it. What a script can ask is in
 * the library api; what only C can ask is checked when the module is loaded,
 * which fails if a check does. The objects and runtimes that it makes there
 * and gives back in its exit must not keep it loaded.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sched/signal.h>
#include <linux/timer.h>

#include <lunatik.h>
#include <../compat.h>

static atomic_t checks, failures;

#define check(condition)						\
do {									\
	atomic_inc(&checks);						\
	if (!(condition)) {						\
		atomic_inc(&failures);					\
		pr_err("api: line %d: %s\n", __LINE__, #condition);	\
	}								\
} while (0)

/* else the kernel cannot tell where it may sleep, and each release is put off */
#define COUNTED	IS_ENABLED(CONFIG_PREEMPT_COUNT)

/* the most that a runtime can be, and what locks its objects */
#if IS_ENABLED(CONFIG_PREEMPT_RT)
#define MOST_ATOMIC	LUNATIK_OPT_SOFTIRQ
#define RAW		LUNATIK_OPT_NONE
#else
#define MOST_ATOMIC	LUNATIK_OPT_HARDIRQ
#define RAW		LUNATIK_OPT_HARDIRQ
#endif

static atomic_t released = ATOMIC_INIT(0);
static atomic_t released_wrongly = ATOMIC_INIT(0);

/* every class gives back its private here */
static void api_release(void *private)
{
	if ((COUNTED && !preemptible()) || in_interrupt() || irqs_disabled())
		atomic_inc(&released_wrongly);
	atomic_inc(&released);
}

/* --- box: a number, monitored, of softirq context */

struct box {
	s64 n;
	bool inside;
};

LUNATIK_OBJECTCHECKER(box_check, struct box *);

static int box_add(lua_State *L)
{
	struct box *box = box_check(L, 1);

	box->n += luaL_optinteger(L, 2, 1);
	lua_pushinteger(L, box->n);
	return 1;
}

/* calls the function with what follows, inside the method */
static int box_call(lua_State *L)
{
	struct box *box = box_check(L, 1);
	int ret;

	if (box->inside)
		return luaL_error(L, "two at once");
	box->inside = true;
	ret = lua_pcall(L, lua_gettop(L) - 2, LUA_MULTRET, 0);
	box->inside = false;
	if (ret != LUA_OK)
		return lua_error(L);
	return lua_gettop(L) - 1;
}

/* the same with no protection of its own, and nothing to undo */
static int box_rawcall(lua_State *L)
{
	luaL_checktype(L, 2, LUA_TFUNCTION);
	lua_call(L, lua_gettop(L) - 2, LUA_MULTRET);
	return lua_gettop(L) - 1;
}

/* leaves its object to the collector, while it runs */
static int box_alone(lua_State *L)
{
	lua_remove(L, 1);
	lua_call(L, 0, 0);
	return 0;
}

static int box_locked(lua_State *L)
{
	lunatik_object_t *object = lunatik_toobject(L, 1);

	lua_pushboolean(L, object->opt & RAW ? raw_spin_is_locked(&object->raw) :
			   object->opt & LUNATIK_OPT_ATOMIC ? spin_is_locked(&object->spin) :
			   mutex_is_locked(&object->mutex));
	lua_pushboolean(L, lunatik_maysleep(L));
	return 2;
}

static int box_maysleep(lua_State *L)
{
	if (lunatik_maysleep(L))
		usleep_range(10, 20);
	lua_pushboolean(L, lunatik_maysleep(L));
	return 1;
}

static int box_raise(lua_State *L)
{
	lunatik_throw(L, -luaL_optinteger(L, 2, EIO));
	return 0;
}

static int box_yield(lua_State *L)
{
	return lua_yield(L, lua_gettop(L) - 1);
}

static int box_concat(lua_State *L)
{
	lua_pushfstring(L, "%s..%s", lunatik_toobject(L, 1) ? "box" : lua_tostring(L, 1),
			lunatik_toobject(L, 2) ? "box" : lua_tostring(L, 2));
	return 1;
}

static int box_len(lua_State *L)
{
	lua_pushinteger(L, box_check(L, 1)->n);
	return 1;
}

static const luaL_Reg box_methods[] = {
	{"add", box_add},
	{"call", box_call},
	{"rawcall", box_rawcall},
	{"alone", box_alone},
	{"locked", box_locked},
	{"maysleep", box_maysleep},
	{"raise", box_raise},
	{"yield", box_yield},
	{"nothing", NULL},	/* as luaL_setfuncs() has it */
	{"__concat", box_concat},
	{"__len", box_len},
	{NULL, NULL}
};

static const lunatik_class_t box_class = {
	.name = "box", .methods = box_methods, .release = api_release,
	.opt = LUNATIK_OPT_SOFTIRQ | LUNATIK_OPT_MONITOR,
};

static const lunatik_class_t irqbox_class = {
	.name = "irqbox", .methods = box_methods, .release = api_release,
	.opt = LUNATIK_OPT_HARDIRQ | LUNATIK_OPT_MONITOR,
};

static const lunatik_class_t mutexbox_class = {
	.name = "mutexbox", .methods = box_methods, .release = api_release,
	.opt = LUNATIK_OPT_MONITOR,
};

static const lunatik_class_t plainbox_class = {
	.name = "plainbox", .methods = box_methods, .release = api_release,
	.opt = LUNATIK_OPT_HARDIRQ,
};

/* box(kind[, "single"]) */
static int api_box(lua_State *L)
{
	static const char * const kinds[] = {"softirq", "hardirq", "process", "plain", NULL};
	static const lunatik_class_t *classes[] = {
		&box_class, &irqbox_class, &mutexbox_class, &plainbox_class,
	};
	lunatik_opt_t opt = lua_isnoneornil(L, 2) ? LUNATIK_OPT_NONE : LUNATIK_OPT_SINGLE;

	lunatik_newobject(L, classes[luaL_checkoption(L, 1, "softirq", kinds)],
			  sizeof(struct box), opt);
	return 1;
}

/* --- half: its constructor raises when the object is there */

static const lunatik_class_t half_class = {
	.name = "half", .release = api_release,
};

static int api_half(lua_State *L)
{
	lunatik_newobject(L, &half_class, 64, LUNATIK_OPT_NONE);
	lunatik_throw(L, -ENODEV);
	return 1;
}

/* --- file: an external private that can be closed before */

static void file_release(void *private)
{
	api_release(private);
	kfree(private);
}

LUNATIK_PRIVATECHECKER(file_check, int *, luaL_argcheck(L, *private != 13, ix, "unlucky"));

static int file_get(lua_State *L)
{
	lua_pushinteger(L, *file_check(L, 1));
	return 1;
}

static int file_set(lua_State *L)
{
	*file_check(L, 1) = luaL_checkinteger(L, 2);
	return 0;
}

static int file_close(lua_State *L)
{
	lunatik_object_t *object = lunatik_checkobject(L, 1);
	void *private = xchg(&object->private, NULL);

	if (private)
		file_release(private);
	return 0;
}

static const luaL_Reg file_methods[] = {
	{"get", file_get},
	{"set", file_set},
	{"close", file_close},
	{"__close", file_close},
	{NULL, NULL}
};

static const lunatik_class_t file_class = {
	.name = "file", .methods = file_methods, .release = file_release,
	.opt = LUNATIK_OPT_EXTERNAL | LUNATIK_OPT_SINGLE,
};

static int api_file(lua_State *L)
{
	lunatik_object_t *object = lunatik_newobject(L, &file_class, 0, LUNATIK_OPT_NONE);

	object->private = lunatik_malloc(L, sizeof(int));
	if (!object->private)
		lunatik_throw(L, -ENOMEM);
	*(int *)object->private = luaL_checkinteger(L, 1);
	return 1;
}

/* --- hook: keeps its options in the registry, and an object it hands out */

struct hook {
	lunatik_object_t *runtime;
	lunatik_object_t *packet;
	lunatik_object_t *self;
};

static const lunatik_class_t packet_class = {
	.name = "packet", .methods = box_methods, .release = api_release,
	.opt = LUNATIK_OPT_HARDIRQ | LUNATIK_OPT_SINGLE,
};

static lunatik_object_t *packet_new(lua_State *L, lua_Integer n)
{
	lunatik_object_t *object = lunatik_newobject(L, &packet_class, sizeof(struct box),
						     LUNATIK_OPT_NONE);

	((struct box *)object->private)->n = n;
	return object;
}

static lunatik_object_t *packet_raise(lua_State *L)
{
	luaL_error(L, "no packet today");
	return NULL;
}

/* the runtime may be stopped: detach has to cope */
static void hook_release(void *private)
{
	struct hook *hook = private;

	if (hook->runtime) {
		lunatik_detach(hook->runtime, hook, packet);
		lunatik_putobject(hook->runtime);
	}
	api_release(private);
}

static int hook_fire(lua_State *L)
{
	struct hook *hook = lunatik_checkobject(L, 1)->private;

	if (lunatik_getregistry(L, hook) != LUA_TTABLE)
		return luaL_error(L, "no options");
	lua_getfield(L, -1, "hook");
	if (!hook->packet || lunatik_getregistry(L, hook->packet) != LUA_TUSERDATA)
		return luaL_error(L, "no packet");
	((struct box *)lunatik_toobject(L, -1)->private)->n++;
	lua_call(L, 1, 1);
	return 1;
}

static int hook_stop(lua_State *L)
{
	lunatik_object_t *object = lunatik_checkobject(L, 1);
	struct hook *hook = object->private;

	lunatik_detach(hook->runtime, hook, packet);
	lunatik_unregisterobject(L, object);
	return 0;
}

/* as an author may get it wrong: attaching what raises, twice */
static int hook_reattach(lua_State *L)
{
	struct hook *hook = lunatik_checkobject(L, 1)->private;

	if (lua_toboolean(L, 2))
		lunatik_attach(L, hook, packet, packet_raise);
	else
		lunatik_attach(L, hook, packet, packet_new, 100);
	return 0;
}

/* what is kept need not be on top */
static lunatik_object_t *packet_below(lua_State *L)
{
	lunatik_object_t *object = packet_new(L, 200);

	lua_pushnil(L);
	return object;
}

static int hook_below(lua_State *L)
{
	struct hook *hook = lunatik_checkobject(L, 1)->private;

	lunatik_attach(L, hook, packet, packet_below);
	return 0;
}

/* but on the stack, and whole */
static int hook_absent(lua_State *L)
{
	lunatik_object_t *object = lunatik_checkobject(L, 1);

	lua_remove(L, 1);
	lunatik_registerobject(L, 1, object);
	return 0;
}

static int hook_closed(lua_State *L)
{
	lunatik_registerobject(L, 2, lunatik_newobject(L, &file_class, 0, LUNATIK_OPT_NONE));
	return 0;
}

static const luaL_Reg hook_methods[] = {
	{"below", hook_below},
	{"absent", hook_absent},
	{"closed", hook_closed},
	{"fire", hook_fire},
	{"stop", hook_stop},
	{"reattach", hook_reattach},
	{NULL, NULL}
};

static const lunatik_class_t hook_class = {
	.name = "hook", .methods = hook_methods, .release = hook_release,
	.opt = LUNATIK_OPT_HARDIRQ | LUNATIK_OPT_SINGLE,
};

/* hook(options) */
static int api_hook(lua_State *L)
{
	lunatik_object_t *object;
	struct hook *hook;

	luaL_checktype(L, 1, LUA_TTABLE);
	object = lunatik_newobject(L, &hook_class, sizeof(*hook), LUNATIK_OPT_NONE);
	hook = object->private;
	lunatik_attach(L, hook, packet, packet_new, 41);
	hook->runtime = lunatik_toruntime(L);
	lunatik_getobject(hook->runtime);
	lunatik_registerobject(L, 1, object);
	return 1;
}

/* --- fields */

static int api_fields(lua_State *L)
{
	struct fields {
		int pf;
		u8 hooknum;
		u32 mark;
		s64 wide;
		char name[8];
		char *text;
		unsigned int evaluated;
	} fields = {.mark = 1}, *hook = &fields;
	char text[4];
	int evaluated = 0;

	fields.text = text;
	lunatik_setinteger(L, 1, (evaluated++, hook), pf);
	lunatik_setinteger(L, 1, hook, hooknum);
	lunatik_optinteger((evaluated++, L), 1, hook, mark, 7);
	lunatik_optinteger(L, -lua_gettop(L), hook, wide, -1);
	lunatik_setstring(L, 1, hook, name, sizeof(hook->name));
	lunatik_setstring(L, 1, hook, text, sizeof(text));
	if (evaluated != 2)
		return luaL_error(L, "evaluated %d times", evaluated);
	lua_pushinteger(L, fields.pf);
	lua_pushinteger(L, fields.hooknum);
	lua_pushinteger(L, fields.mark);
	lua_pushinteger(L, fields.wide);
	lua_pushlstring(L, fields.name, sizeof(fields.name));
	lua_pushlstring(L, text, sizeof(text));
	return 6;
}

static int api_shortname(lua_State *L)
{
	struct { char name[8]; } fields, *hook = &fields;

	lunatik_setstring(L, 1, hook, name, 3);
	lua_pushstring(L, fields.name);
	return 1;
}

/* --- errors */

static long operate(long ret)
{
	return ret;
}

static int operate_two(int a, int b)
{
	return a + b;
}

static int api_try(lua_State *L)
{
	lunatik_try(L, operate, luaL_checkinteger(L, 1));
	lunatik_try(L, operate_two, 0, luaL_checkinteger(L, 1));
	return 0;
}

static int api_tryret(lua_State *L)
{
	static long last;
	int evaluated = 0;

	if (lua_isnone(L, 1)) {
		lua_pushinteger(L, last);
		return 1;
	}
	lunatik_tryret(L, last, operate, (evaluated++, luaL_checkinteger(L, 1)));
	lua_pushinteger(L, last);
	lua_pushinteger(L, evaluated);
	return 2;
}

static int api_throw(lua_State *L)
{
	lunatik_throw(L, luaL_checkinteger(L, 1));
	return 0;
}

/* --- the rest */

static int api_only(lua_State *L)
{
	static const char * const contexts[] = {"process", "softirq", "hardirq", NULL};
	static const lunatik_opt_t opts[] = {
		LUNATIK_OPT_NONE, LUNATIK_OPT_SOFTIRQ | LUNATIK_OPT_SINGLE, LUNATIK_OPT_HARDIRQ,
	};
	int i = luaL_checkoption(L, 1, NULL, contexts);

	lua_pushboolean(L, lunatik_checkruntime(L, opts[i]) == lunatik_toruntime(L));
	return 1;
}

static int api_memory(lua_State *L)
{
	size_t size = luaL_checkinteger(L, 1);
	char *p = lunatik_malloc(L, size), *q;

	if (!p) {
		lua_pushnil(L);
		return 1;
	}
	memset(p, 'x', size);
	q = lunatik_realloc(L, p, 2 * size);
	if (!q) {
		lunatik_free(p);
		lua_pushboolean(L, false);
		return 1;
	}
	lua_pushboolean(L, !size || (q[0] == 'x' && q[size - 1] == 'x'));
	lunatik_free(q);
	return 1;
}

static int api_isready(lua_State *L)
{
	lua_pushboolean(L, lunatik_isready(L));
	return 1;
}

static int api_require(lua_State *L)
{
	int top = lua_gettop(L);

	lunatik_require(L, luaL_checkstring(L, 1));
	lua_pushinteger(L, lua_gettop(L) - top);
	return 1;
}

static int api_isbox(lua_State *L)
{
	lua_pushboolean(L, lunatik_checkclass(L, 1, &box_class) == lunatik_toobject(L, 1));
	return 1;
}

/* one more userdata of an object that may be shared */
static int api_again(lua_State *L)
{
	lunatik_object_t *object = lunatik_checkobject(L, 1);

	lunatik_checkshared(L, object);
	lunatik_getobject(object);
	lunatik_pushobject(L, object);
	return 1;
}

static int api_gfp(lua_State *L)
{
	lua_pushstring(L, lunatik_gfp(L) == GFP_KERNEL ? "kernel" :
			  lunatik_gfp(L) == GFP_ATOMIC ? "atomic" : "?");
	return 1;
}

static int api_endless(lua_State *L)
{
	for (;;)
		lunatik_checkpoint(L);
	return 0;
}

static int api_checkobject(lua_State *L)
{
	lua_pushboolean(L, lunatik_checkobject(L, 1) == lunatik_toobject(L, 1));
	return 1;
}

static int api_released(lua_State *L)
{
	lua_pushinteger(L, atomic_read(&released));
	lua_pushinteger(L, atomic_read(&released_wrongly));
	return 2;
}

static int make_runtimes(long n)
{
	long i;

	for (i = 0; i < n; i++) {
		lunatik_object_t *runtime;
		lunatik_opt_t opt = i % 3 == 0 ? LUNATIK_OPT_NONE :
				    i % 3 == 1 ? LUNATIK_OPT_SOFTIRQ : LUNATIK_OPT_HARDIRQ;
		int ret = lunatik_newruntime(&runtime, "t/api/empty", opt);

		if (ret)
			return ret;
		if (lunatik_stop(runtime) != 1)
			return -EBUSY;
		if (fatal_signal_pending(current))
			return -EINTR;
	}
	return 0;
}

/* runtimes(n): makes and stops as many */
static int api_runtimes(lua_State *L)
{
	lunatik_try(L, make_runtimes, luaL_checkinteger(L, 1));
	return 0;
}

static int take(lua_State *L, lunatik_object_t *object)
{
	lunatik_cloneobject(L, object);
	return 0;
}

static int collect(lua_State *L)
{
	lua_gc(L, LUA_GCCOLLECT);
	return 0;
}

static int share_objects(long n)
{
	lunatik_object_t *a, *b, *object;
	int ret = lunatik_runtime(&a, "t/api/empty", true);
	long i;

	if (ret)
		return ret;
	ret = lunatik_runtime(&b, "t/api/empty", false);
	for (i = 0; i < n && !ret; i++) {
		object = lunatik_createobject(&box_class, sizeof(struct box), LUNATIK_OPT_NONE);
		if (!object) {
			ret = -ENOMEM;
			break;
		}
		lunatik_run(a, take, ret, object);
		if (!ret)
			lunatik_run(b, take, ret, object);
		lunatik_putobject(object);
		if (fatal_signal_pending(current))
			ret = -EINTR;
		cond_resched();
	}
	if (!ret)
		lunatik_run(a, collect, ret);
	lunatik_stop(a);
	lunatik_stop(b);
	return ret;
}

/* objects(n): makes as many, clones each into two runtimes, drops them */
static int api_objects(lua_State *L)
{
	lunatik_try(L, share_objects, luaL_checkinteger(L, 1));
	return 0;
}

static const luaL_Reg api_lib[] = {
	{"box", api_box},
	{"half", api_half},
	{"file", api_file},
	{"hook", api_hook},
	{"fields", api_fields},
	{"shortname", api_shortname},
	{"try", api_try},
	{"tryret", api_tryret},
	{"throw", api_throw},
	{"only", api_only},
	{"memory", api_memory},
	{"isready", api_isready},
	{"require", api_require},
	{"checkobject", api_checkobject},
	{"isbox", api_isbox},
	{"again", api_again},
	{"gfp", api_gfp},
	{"endless", api_endless},
	{"released", api_released},
	{"runtimes", api_runtimes},
	{"objects", api_objects},
	{NULL, NULL}
};

LUNATIK_CLASSES(api, &box_class, &irqbox_class, &mutexbox_class, &plainbox_class,
		&half_class, &file_class, &packet_class, &hook_class);
LUNATIK_NEWLIB(api, api_lib, luaapi_classes);

/* --- what only C can ask */

static int answer(lua_State *L)
{
	return 42;
}

/* takes off what is not its own, and with it the last that holds the string */
static int rude(lua_State *L, bool raises)
{
	lua_settop(L, 0);
	lua_gc(L, LUA_GCCOLLECT);
	return raises ? luaL_error(L, "api: this is no fault: EDOM") : 0;
}

/* an answer of a script, in whatever protected call that is said */
static int letting(lua_State *L)
{
	lunatik_letanswer(L);
	return 0;
}

static int answering(lua_State *L, const char *msg, bool lets)
{
	int ret;

	if (lets) {
		lua_pushcfunction(L, letting);
		lua_call(L, 0, 0);
		/* one inside has its own say */
		lunatik_handle(lunatik_toruntime(L), answering, ret, "EDOM", false);
		check(ret == -ECANCELED);
	}
	return luaL_error(L, msg);
}

static void answers(lunatik_object_t *runtime)
{
	int ret;

	lunatik_run(runtime, answering, ret, "EDOM", true);
	check(ret == -EDOM);
	lunatik_run(runtime, answering, ret, "so be it: EPERM", true);
	check(ret == -EPERM);
	lunatik_run(runtime, answering, ret, "EDOM is no more", true);
	check(ret == -ECANCELED);
	lunatik_run(runtime, answering, ret, "ERESTARTSYS", true);
	check(ret == -ECANCELED);
	lunatik_run(runtime, answering, ret, "EDOM", false);
	check(ret == -ECANCELED);
}

static int self(lua_State *L)
{
	int i, ret;

	for (i = 0; i < 2; i++) {
		lua_pushfstring(L, "a string of %d", 27 + i);
		lunatik_handle(lunatik_toruntime(L), rude, ret, i);
		check(ret == (i ? -ECANCELED : 0));
		check(lua_gettop(L) == i + 1 && lua_isnil(L, i + 1));
	}
	lua_settop(L, 0);

	lunatik_run(lunatik_toruntime(L), answer, ret);
	check(ret == -EDEADLK);
	check(lunatik_stop(lunatik_toruntime(L)) == -EDEADLK);
	lunatik_handle(lunatik_toruntime(L), answer, ret);
	return ret;
}

static lunatik_object_t *pass(lunatik_object_t *object, int *times)
{
	(*times)++;
	return object;
}

static int argument(lua_State *L, int i)
{
	return i;
}

static void check_budgets(void)
{
	lunatik_budget_t none = {}, much = { .memory = SIZE_MAX }, longer = { .time = 60000 };
	lunatik_budget_t little = { .memory = 5000 }, own = { .memory = 100 << 10, .time = 50 };
	lunatik_object_t *runtime = NULL;

	check(lunatik_newbounded(&runtime, "t/api/empty", LUNATIK_OPT_NONE, &much) == -EINVAL);
	check(lunatik_newbounded(&runtime, "t/api/empty", LUNATIK_OPT_SOFTIRQ, &longer) == -EINVAL);
	check(lunatik_newbounded(&runtime, "t/api/empty", LUNATIK_OPT_NONE, &little) == -ENOMEM);
	check(!runtime);
	check(lunatik_newbounded(&runtime, "t/api/empty", LUNATIK_OPT_NONE, &longer) == 0);
	check(lunatik_stop(runtime) == 1);
	check(lunatik_newbounded(&runtime, "t/api/empty", LUNATIK_OPT_NONE, &none) == 0);
	check(lunatik_stop(runtime) == 1);
	check(lunatik_newbounded(&runtime, "t/api/empty", MOST_ATOMIC, &own) == 0);
	check(lunatik_stop(runtime) == 1);
	check(lunatik_newbounded(&runtime, "t/api/empty", LUNATIK_OPT_SOFTIRQ, NULL) == 0);
	check(lunatik_stop(runtime) == 1);
}

static void test_run(void)
{
	static const lunatik_opt_t opts[] = {
		LUNATIK_OPT_NONE, LUNATIK_OPT_SOFTIRQ, MOST_ATOMIC,
	};
	lunatik_object_t *runtime = NULL;
	int i, ret, times, n, results[2];

	check(lunatik_newruntime(&runtime, "t/api/empty", LUNATIK_OPT_SINGLE) == -EINVAL);
	check(lunatik_newruntime(&runtime, "t/api/empty", LUNATIK_OPT_ATOMIC) == -EINVAL);
	check_budgets();
	check(!runtime);
	for (i = 0; i < ARRAY_SIZE(opts); i++) {
		check(lunatik_newruntime(&runtime, "t/api/empty", opts[i]) == 0);
		check(runtime->opt == opts[i]);
		check(runtime->gfp == (i ? GFP_ATOMIC : GFP_KERNEL));
		lunatik_run(runtime, self, ret);
		check(ret == 42);
		answers(runtime);
		/* each argument is evaluated once */
		times = 0;
		n = 0;
		lunatik_run(pass(runtime, &times), argument, results[n++], times);
		check(times == 1 && n == 1 && results[0] == 1);
		check(lunatik_lock(runtime) == 0);
		check(lunatik_lock(runtime) == -EDEADLK);
		lunatik_handle(runtime, answer, ret);
		check(ret == 42);
		lunatik_unlock(runtime);
		lunatik_getobject(runtime);
		lunatik_getobject(runtime);
		check(lunatik_stop(runtime) == 0);
		check(lunatik_stop(runtime) == 0);
		lunatik_run(runtime, answer, ret);
		check(ret == -ENXIO);
		lunatik_handle(runtime, answer, ret);
		check(ret == -ENXIO);
		check(lunatik_stop(runtime) == 1);
	}
}

static void await_release(int n)
{
	while (atomic_read(&released) < n)
		msleep(1);
	check(atomic_read(&released) == n);
}

static void test_objects(void)
{
	lunatik_object_t *object;
	int before = atomic_read(&released);

	object = lunatik_createobject(&mutexbox_class, sizeof(struct box), LUNATIK_OPT_SINGLE);
	check(object->opt == LUNATIK_OPT_SINGLE);	/* which cancels MONITOR */
	check(lunatik_putobject(object) == 1);
	check(!COUNTED || atomic_read(&released) == before + 1);	/* at once, from here */
	await_release(before + 1);

	object = lunatik_createobject(&mutexbox_class, sizeof(struct box), LUNATIK_OPT_SOFTIRQ);
	check(object->opt == (LUNATIK_OPT_SOFTIRQ | LUNATIK_OPT_MONITOR));
	check(object->gfp == GFP_ATOMIC);
	lunatik_getobject(object);
	check(lunatik_getobject_maybe(object));
	check(lunatik_putobject(object) == 0);
	check(lunatik_putobject(object) == 0);
	local_irq_disable();
	check(lunatik_putobject(object) == 1);
	check(atomic_read(&released) == before + 1);	/* not with interrupts off */
	local_irq_enable();
	await_release(before + 2);
}

/* lunatik_stop() against everybody who is or comes inside */

static lunatik_object_t *victim;
static atomic_t inside, refused;
static struct timer_list timer;
static DECLARE_COMPLETION(stopped);

static int visit(lua_State *L)
{
	atomic_inc(&inside);
	lua_getglobal(L, "visit");
	lua_call(L, 0, 1);
	return lua_tointeger(L, -1);
}

static void try_visit(void)
{
	int ret;

	lunatik_run(victim, visit, ret);
	if (ret == -ENXIO)
		atomic_inc(&refused);
	else
		check(ret == 1);
}

static void on_timer(struct timer_list *unused)
{
	try_visit();
	mod_timer(&timer, jiffies + 1);
}

static int visitor(void *unused)
{
	while (!kthread_should_stop()) {
		try_visit();
		cond_resched();
	}
	return 0;
}

static int stopper(void *unused)
{
	check(lunatik_stop(victim) == 0);
	complete(&stopped);
	return 0;
}

#define ROUNDS	60

static void test_stop(void)
{
	struct task_struct *tasks[2];
	int i, j, ret;

	for (i = 0; i < ROUNDS; i++) {
		ret = lunatik_newruntime(&victim, "t/api/empty",
					 i % 2 ? LUNATIK_OPT_SOFTIRQ : MOST_ATOMIC);
		check(ret == 0);
		if (ret)
			return;
		lunatik_getobject(victim);	/* the other stopper's, and ours */
		lunatik_getobject(victim);
		timer_setup(&timer, on_timer, 0);
		mod_timer(&timer, jiffies + 1);
		for (j = 0; j < ARRAY_SIZE(tasks); j++)
			tasks[j] = kthread_run(visitor, NULL, "api/%d", j);
		usleep_range(1000 + i * 50, 2000 + i * 50);
		kthread_run(stopper, NULL, "api/stop");
		check(lunatik_stop(victim) == 0);
		j = atomic_read(&inside);
		usleep_range(2000, 3000);
		check(atomic_read(&inside) == j);	/* nobody, once it returned */
		wait_for_completion(&stopped);
		for (j = 0; j < ARRAY_SIZE(tasks); j++)
			kthread_stop(tasks[j]);
		timer_delete_sync(&timer);
		check(lunatik_putobject(victim) == 1);
	}
	check(atomic_read(&inside) > ROUNDS && atomic_read(&refused) > ROUNDS);
	pr_info("api: %d visits, %d refused\n", atomic_read(&inside), atomic_read(&refused));
}

/* the names of errors, a lock that is asked for, and the function of a script in a thread */

static lunatik_object_t *threaded;

static int mustend(lua_State *L)
{
	return lunatik_mustend(L);
}

static int claim_protected(lua_State *L)
{
	lunatik_claimthread(L, threaded);
	return 0;
}

/* Returns whether that raised. */
static int claim(lua_State *L)
{
	lua_pushcfunction(L, claim_protected);
	return lua_pcall(L, 0, 0, 0) != LUA_OK;
}

static int has_run(lua_State *L)
{
	lua_getglobal(L, "ran");
	return lua_toboolean(L, -1);
}

static int run_function(void *result)
{
	*(int *)result = lunatik_runthread(threaded);
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return 0;
}

static void test_errnames(void)
{
	check(strcmp(lunatik_errname(ENOMEM), "ENOMEM") == 0);
	check(!lunatik_errname(0) && !lunatik_errname(-ENOMEM) && !lunatik_errname(INT_MAX));
	check(lunatik_toerrno("ENOMEM") == ENOMEM && lunatik_toerrno("x.lua:1: EIO") == EIO);
	check(!lunatik_toerrno("") && !lunatik_toerrno("ENOMEM.") && !lunatik_toerrno("no EIO"));
	check(!lunatik_toerrno(": ") && !lunatik_toerrno("unknown error -1000"));
}

static void test_thread(void)
{
	lunatik_object_t *other;
	struct task_struct *task;
	int ret, result = 1;

	check(lunatik_newruntime(&other, "t/api/empty", LUNATIK_OPT_NONE) == 0);
	check(lunatik_newruntime(&threaded, "t/api/returns", LUNATIK_OPT_NONE) == 0);
	check(lunatik_trylock(threaded));
	check(!lunatik_trylock(threaded));
	lunatik_unlock(threaded);
	lunatik_run(other, mustend, ret);
	check(ret == 0);
	lunatik_run(threaded, claim, ret);	/* of itself */
	check(ret == 1);
	lunatik_run(other, claim, ret);
	check(ret == 0);
	lunatik_run(other, claim, ret);	/* has one already */
	check(ret == 1);
	task = kthread_run(run_function, &result, "api/function");
	msleep(100);
	check(!lunatik_trylock(threaded));	/* it is inside */
	kthread_stop(task);
	check(result == -EINTR);
	lunatik_run(threaded, has_run, ret);
	check(ret == 1);
	lunatik_run(other, claim, ret);	/* there is no function any more */
	check(ret == 1);
	lunatik_unclaimthread(threaded);
	lunatik_stop(threaded);
	lunatik_stop(other);
}

/* a global variable that this module gives to every runtime */
static int push_global(lua_State *L)
{
	lua_pushinteger(L, 4711);
	return 1;
}

static struct lunatik_global global = {
	.name = "api_global", .push = push_global, .owner = THIS_MODULE,
};

static struct lunatik_global taken = {
	.name = "api_global", .push = push_global, .owner = THIS_MODULE,
};

static void test_global(void)
{
	check(lunatik_addglobal(&global) == 0);
	check(lunatik_addglobal(&taken) == -EEXIST);
	lunatik_delglobal(&global);
	check(lunatik_addglobal(&taken) == 0);
	lunatik_delglobal(&taken);
	check(lunatik_addglobal(&global) == 0);
}

/* held from init to exit, with one of the objects in the runtime */
static lunatik_object_t *own_object, *own_runtime;

static int __init api_init(void)
{
	int ret;

	test_run();
	test_objects();
	test_stop();
	test_errnames();
	test_thread();
	own_object = lunatik_createobject(&irqbox_class, sizeof(struct box), LUNATIK_OPT_NONE);
	check(own_object);
	ret = lunatik_newruntime(&own_runtime, "t/api/empty", MOST_ATOMIC);
	check(ret == 0);
	if (own_object && !ret) {
		lunatik_run(own_runtime, take, ret, own_object);
		check(ret == 0);
	}
	test_global();
	pr_info("api: %d checks, %d failed\n", atomic_read(&checks), atomic_read(&failures));
	if (!atomic_read(&failures))
		return 0;
	lunatik_delglobal(&global);
	if (own_runtime)
		lunatik_stop(own_runtime);
	if (own_object)
		lunatik_putobject(own_object);
	return -EINVAL;
}

static bool forget;
module_param(forget, bool, 0644);
MODULE_PARM_DESC(forget, "do not stop the runtime in the exit, as nobody should");

static void __exit api_exit(void)
{
	lunatik_delglobal(&global);
	if (!forget)
		lunatik_stop(own_runtime);
	lunatik_putobject(own_object);
}

module_init(api_init);
module_exit(api_exit);
MODULE_DESCRIPTION("Test of Lunatik's C API, as a binding uses it");
MODULE_LICENSE("Dual MIT/GPL");
