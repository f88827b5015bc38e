// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A module that somebody else could have written: it uses the C API as
 * installed, and checks what it gets. Loading fails if a check does.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/interrupt.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/sort.h>
#include <linux/timer.h>
#include <linux/vmalloc.h>

#include <lunatik.h>
#include <luarcu.h>

static unsigned int checks, failures;

#define check(condition)						\
do {									\
	checks++;							\
	if (!(condition)) {						\
		failures++;						\
		pr_err("capi: line %d: %s\n", __LINE__, #condition);	\
	}								\
} while (0)

/* calls the global function @name with two integers, returns its result */
static int call(lua_State *L, const char *name, int a, int b)
{
	lua_getglobal(L, name);
	lua_pushinteger(L, a);
	lua_pushinteger(L, b);
	if (lua_pcall(L, 2, 1, 0) != LUA_OK) {
		pr_info("capi: %s\n", lua_tostring(L, -1));
		return -ECANCELED;
	}
	return lua_tointeger(L, -1);
}

/* the same without protection: what is raised leaves the handler */
static int callraw(lua_State *L, const char *name)
{
	lua_getglobal(L, name);
	lua_call(L, 0, 1);
	return lua_tointeger(L, -1);
}

static int top(lua_State *L)
{
	return lua_gettop(L);
}

static int litter(lua_State *L)
{
	int i;

	for (i = 0; i < 15; i++)
		lua_pushinteger(L, i);
	return 0;
}

static int sleeps(lua_State *L)
{
	return lunatik_maysleep(L);
}

static int ready(lua_State *L)
{
	return lunatik_isready(L);
}

static int nested(lua_State *L)
{
	int ret;

	lunatik_handle(lunatik_toruntime(L), call, ret, "add", 20, 3);
	return ret + 1;
}

static void test_errors(void)
{
	lunatik_object_t *runtime = NULL;

	check(lunatik_runtime(&runtime, "t/capi/missing", true) == -EINVAL);
	check(lunatik_runtime(&runtime, "t/capi/syntax", true) == -EINVAL);
	check(lunatik_runtime(&runtime, "t/capi/raises", true) == -EINVAL);
	check(lunatik_runtime(&runtime, "t/capi/raises", false) == -EINVAL);
	check(lunatik_runtime(&runtime, "../capi", true) == -EINVAL);
	check(lunatik_runtime(&runtime, "", true) == -EINVAL);
	check(lunatik_runtime(&runtime, NULL, true) == -EINVAL);
	check(lunatik_runtime(&runtime, "t/capi/greedy", true) == -ENOMEM);
	check(!runtime);
}

static void test_raises(lunatik_object_t *runtime)
{
	int i, ret;

	for (i = 0; i < 1000; i++) {
		lunatik_run(runtime, litter, ret);
		lunatik_run(runtime, callraw, ret, "raises");
		check(ret == -ECANCELED);
	}
	lunatik_run(runtime, callraw, ret, "greedy");
	check(ret == -ENOMEM);
	lunatik_run(runtime, callraw, ret, "deep");
	check(ret == -ECANCELED);
	lunatik_run(runtime, callraw, ret, "nothing");
	check(ret == -ECANCELED);
	lunatik_run(runtime, top, ret);
	check(ret == 0);
	lunatik_run(runtime, call, ret, "add", 1, 2);
	check(ret == 3);
}

static void test_run(void)
{
	lunatik_object_t *runtime;
	int ret;

	ret = lunatik_runtime(&runtime, "t/capi/script", true);
	check(ret == 0);
	if (ret)
		return;

	lunatik_run(runtime, call, ret, "add", 40, 2);
	check(ret == 42);
	lunatik_run(runtime, sleeps, ret);
	check(ret == 1);
	lunatik_run(runtime, ready, ret);
	check(ret == 1);
	lunatik_run(runtime, nested, ret);
	check(ret == 24);
	lunatik_run(runtime, call, ret, "raises", 0, 0);
	check(ret == -ECANCELED);
	lunatik_run(runtime, top, ret);
	check(ret == 0);
	test_raises(runtime);

	lunatik_getobject(runtime);
	check(lunatik_stop(runtime) == 0);
	lunatik_run(runtime, call, ret, "add", 1, 2);
	check(ret == -ENXIO);
	check(lunatik_stop(runtime) == 1);
}

/* A softirq runtime, entered by a timer and by two threads. */

#define FIRED	200
#define CALLED	20000

static lunatik_object_t *shared;
static unsigned int fired, fired_ok, in_softirq_ok;
static DECLARE_COMPLETION(fired_all);
static struct timer_list timer;

static void fire(struct timer_list *unused)
{
	int ret;

	lunatik_run(shared, call, ret, "count", 1, 0);
	fired_ok += ret > 0;
	lunatik_run(shared, callraw, ret, "raises");
	fired_ok += ret == -ECANCELED;
	lunatik_run(shared, callraw, ret, "sleepy");
	fired_ok += ret == 1;
	in_softirq_ok += !!in_serving_softirq();
	if (++fired == FIRED)
		complete(&fired_all);
	else
		mod_timer(&timer, jiffies + 1);
}

static int caller(void *unused)
{
	int i, ret, good = 0;

	for (i = 0; i < CALLED; i++) {
		lunatik_run(shared, call, ret, "count", 1, 0);
		good += ret > 0;
		if (i % 64 == 0)
			cond_resched();
	}
	while (!kthread_should_stop())
		schedule_timeout_interruptible(1);
	return good;
}

static void test_softirq(void)
{
	struct task_struct *threads[2];
	int i, ret;

	ret = lunatik_runtime(&shared, "t/capi/script", false);
	check(ret == 0);
	if (ret)
		return;
	lunatik_run(shared, sleeps, ret);
	check(ret == 0);

	timer_setup(&timer, fire, 0);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		threads[i] = kthread_run(caller, NULL, "capi/%d", i);
	mod_timer(&timer, jiffies + 1);
	wait_for_completion(&fired_all);
	for (i = 0; i < ARRAY_SIZE(threads); i++)
		check(kthread_stop(threads[i]) == CALLED);

	check(fired == FIRED && fired_ok == 3 * FIRED && in_softirq_ok == FIRED);
	lunatik_run(shared, call, ret, "count", 0, 0);
	check(ret == FIRED + ARRAY_SIZE(threads) * CALLED);
	lunatik_run(shared, callraw, ret, "loops");
	check(ret == -EINTR);			/* its time is up */
	lunatik_run(shared, call, ret, "add", 1, 2);
	check(ret == 3);
	check(lunatik_stop(shared) == 1);
}

/* A class of our own, and a library with it. */

static atomic_t released = ATOMIC_INIT(0);

static void counter_release(void *private)
{
	might_sleep();
	check(*(int *)private == 7);
	atomic_inc(&released);
}

static int counter_get(lua_State *L)
{
	lua_pushinteger(L, *(int *)lunatik_checkobject(L, 1)->private);
	return 1;
}

static const luaL_Reg counter_methods[] = {
	{"get", counter_get},
	{NULL, NULL}
};

static const lunatik_class_t counter_class = {
	.name = "counter",
	.methods = counter_methods,
	.release = counter_release,
	.opt = LUNATIK_OPT_SOFTIRQ,
};

static const lunatik_class_t sleeper_class = {
	.name = "sleeper",
	.opt = LUNATIK_OPT_SINGLE,
};

static int capi_counter(lua_State *L)
{
	lunatik_object_t *object = lunatik_newobject(L, &counter_class, sizeof(int),
						     LUNATIK_OPT_NONE);

	*(int *)object->private = 7;
	return 1;
}

static int capi_sleeper(lua_State *L)
{
	lunatik_newobject(L, &sleeper_class, 1, LUNATIK_OPT_NONE);
	return 1;
}

static int capi_throw(lua_State *L)
{
	lunatik_throw(L, luaL_checkinteger(L, 1));
	return 0;
}

static int capi_hash(lua_State *L)
{
	size_t len;
	const char *bytes = luaL_checklstring(L, 1, &len);

	lua_pushboolean(L, lunatik_hash(L, 1) == lunatik_hashbytes(bytes, len));
	return 1;
}

struct hashed {
	u32 hash;
	u32 n;
};

static int hashed_cmp(const void *a, const void *b)
{
	const struct hashed *x = a, *y = b;

	return x->hash < y->hash ? -1 : x->hash > y->hash;
}

#define HASHED	(1 << 19)	/* some thirty pairs among them collide */

/* two keys of one length with the same hash */
static int capi_collision(lua_State *L)
{
	struct hashed *all = vmalloc(array_size(HASHED, sizeof(*all)));
	char key[16];
	u32 i, a = 0, b = 0;

	if (!all)
		lunatik_throw(L, -ENOMEM);
	for (i = 0; i < HASHED; i++) {
		all[i].n = i;
		all[i].hash = lunatik_hashbytes(key, scnprintf(key, sizeof(key), "key%07u", i));
	}
	sort(all, HASHED, sizeof(*all), hashed_cmp, NULL);
	for (i = 1; i < HASHED; i++) {
		if (all[i].hash == all[i - 1].hash) {
			a = all[i - 1].n;
			b = all[i].n;
			break;
		}
	}
	vfree(all);
	if (a == b)
		return luaL_error(L, "no collision");
	scnprintf(key, sizeof(key), "key%07u", a);
	lua_pushstring(L, key);
	scnprintf(key, sizeof(key), "key%07u", b);
	lua_pushstring(L, key);
	return 2;
}

static int capi_released(lua_State *L)
{
	lua_pushinteger(L, atomic_read(&released));
	return 1;
}

static const luaL_Reg capi_lib[] = {
	{"counter", capi_counter},
	{"sleeper", capi_sleeper},
	{"throw", capi_throw},
	{"hash", capi_hash},
	{"released", capi_released},
	{"collision", capi_collision},
	{NULL, NULL}
};

LUNATIK_CLASSES(capi, &counter_class, &sleeper_class);
LUNATIK_NEWLIB(capi, capi_lib, luacapi_classes);

static int push_object(lua_State *L, lunatik_object_t *object)
{
	lunatik_cloneobject(L, object);
	check(lunatik_checkobject(L, -1) == object);
	check(lunatik_toobject(L, -1) == object);
	lua_setglobal(L, "clone");
	lua_pushinteger(L, 1);
	check(!lunatik_toobject(L, -1));
	return 0;
}

static int push_single(lua_State *L, lunatik_object_t *object)
{
	lunatik_cloneobject(L, object);
	return 0;
}

static void test_objects(void)
{
	lunatik_object_t *object, *single, *runtime;
	int ret;

	object = lunatik_createobject(&counter_class, sizeof(int), LUNATIK_OPT_NONE);
	check(object && *(int *)object->private == 0);
	*(int *)object->private = 7;
	single = lunatik_createobject(&sleeper_class, 1, LUNATIK_OPT_NONE);
	check(single && single->opt == LUNATIK_OPT_SINGLE);

	ret = lunatik_runtime(&runtime, "t/capi/script", false);
	check(ret == 0);
	if (ret)
		return;
	lunatik_run(runtime, push_object, ret, object);
	check(ret == 0);
	lunatik_run(runtime, push_single, ret, single);
	check(ret == -ECANCELED);
	check(lunatik_putobject(object) == 0);
	check(atomic_read(&released) == 0);
	lunatik_stop(runtime);			/* drops the clone, the last */
	/* where the kernel cannot tell that it may sleep here, that is put off */
	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT))
		msleep(100);
	check(atomic_read(&released) == 1);
	check(lunatik_dropobject(single) == 1);
}

static int __init capi_init(void)
{
	test_errors();
	test_run();
	test_softirq();
	test_objects();
	pr_info("capi: %u checks, %u failed\n", checks, failures);
	return failures ? -EINVAL : 0;
}

static void __exit capi_exit(void)
{
}

module_init(capi_init);
module_exit(capi_exit);
MODULE_DESCRIPTION("Test of Lunatik's C API");
MODULE_LICENSE("Dual MIT/GPL");
