// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The C API of the RCU table, as the author of another module uses it. What
 * needs no script is checked when the module is loaded, which fails if a check
 * does; the rest is in the library rcutest.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/irq_work.h>
#include <linux/kprobes.h>
#include <linux/module.h>

#include <luarcu.h>

static unsigned int checks, failures;

#define check(condition)						\
do {									\
	checks++;							\
	if (!(condition)) {						\
		failures++;						\
		pr_err("rcutest: line %d: %s\n", __LINE__, #condition);	\
	}								\
} while (0)

static lunatik_object_t *table;
static atomic_t released = ATOMIC_INIT(0);

static void thing_release(void *private)
{
	atomic_inc(&released);
}

static const lunatik_class_t thing_class = {
	.name = "thing", .release = thing_release, .opt = LUNATIK_OPT_HARDIRQ,
};

static struct luarcu_key k(const char *s)
{
	return luarcu_key(s, strlen(s));
}

static int set(const char *s, struct tvalue value)
{
	struct luarcu_key key = k(s);

	return luarcu_set(table, &key, &value, GFP_KERNEL);
}

static int get(const char *s, struct tvalue *value)
{
	static char buf[8];
	struct luarcu_key key = k(s);

	return luarcu_get(table, &key, value, buf, sizeof(buf));
}

static bool is_integer(const char *s, s64 n)
{
	struct tvalue value;

	return get(s, &value) == 0 && value.type == TVALUE_INTEGER && value.integer == n;
}

static void check_tables(void)
{
	struct luarcu_key key = k("a"), far = { .bytes = "a", .len = LUARCU_MAXKEY + 1 };
	struct tvalue value;

	check(PTR_ERR(luarcu_create(0, GFP_KERNEL)) == -EINVAL);
	check(PTR_ERR(luarcu_create(LUARCU_MAXSIZE + 1, GFP_KERNEL)) == -EINVAL);
	check(luarcu_count(table) == 0);
	check(get("a", &value) == -ENOENT && value.type == TVALUE_NIL);
	check(set("a", LUARCU_NIL) == 0);
	check(luarcu_delete(table, &key) == -ENOENT);
	check(set("a", LUARCU_INTEGER(S64_MIN)) == 0 && is_integer("a", S64_MIN));
	check(set("a", LUARCU_BOOLEAN(true)) == 0);
	check(get("a", &value) == 0 && value.type == TVALUE_BOOLEAN && value.boolean);
	check(set("a", LUARCU_STRING("x\0y", 3)) == 0);
	check(get("a", &value) == 0 && value.type == TVALUE_STRING && value.string.len == 3 &&
	      memcmp(value.string.bytes, "x\0y", 3) == 0);
	check(set("a", LUARCU_STRING("123456789", 9)) == 0);
	check(get("a", &value) == -ENOSPC && value.string.len == 9);
	check(luarcu_count(table) == 1);
	check(luarcu_delete(table, &key) == 0 && luarcu_delete(table, &key) == -ENOENT);
	value = LUARCU_INTEGER(1);
	check(luarcu_set(table, &far, &value, GFP_KERNEL) == -EINVAL);
	check(luarcu_add(table, &far, 1, NULL, GFP_KERNEL) == -EINVAL);
	value = LUARCU_OBJECT(table);
	check(luarcu_set(table, &key, &value, GFP_KERNEL) == -EINVAL);
	check(set("", LUARCU_INTEGER(7)) == 0 && is_integer("", 7) && set("", LUARCU_NIL) == 0);
	check(luarcu_count(table) == 0);
}

static int cas(struct tvalue old, struct tvalue value)
{
	struct luarcu_key key = k("b");

	return luarcu_cas(table, &key, &old, &value, GFP_KERNEL);
}

static void check_atomic(void)
{
	struct luarcu_key key = k("b");
	struct tvalue one = LUARCU_INTEGER(1), two = LUARCU_INTEGER(2);
	s64 sum = 0;

	check(luarcu_insert(table, &key, &one, GFP_KERNEL) == 0);
	check(luarcu_insert(table, &key, &two, GFP_KERNEL) == -EEXIST && is_integer("b", 1));
	check(cas(two, one) == -EAGAIN && cas(LUARCU_NIL, two) == -EAGAIN);
	check(cas(one, two) == 0 && is_integer("b", 2));
	check(cas(two, LUARCU_STRING("two", 3)) == 0);
	check(cas(LUARCU_STRING("tw", 2), one) == -EAGAIN);
	check(cas(LUARCU_STRING("twO", 3), one) == -EAGAIN);
	check(luarcu_add(table, &key, 1, &sum, GFP_KERNEL) == -EINVAL);
	check(cas(LUARCU_STRING("two", 3), LUARCU_NIL) == 0 && cas(LUARCU_NIL, LUARCU_NIL) == 0);
	check(luarcu_count(table) == 0);
	check(luarcu_add(table, &key, S64_MAX, &sum, GFP_KERNEL) == 0 && sum == S64_MAX);
	check(luarcu_add(table, &key, 1, &sum, GFP_KERNEL) == 0 && sum == S64_MIN);
	check(luarcu_add(table, &key, 1, NULL, GFP_KERNEL) == 0);
	check(is_integer("b", S64_MIN + 1) && luarcu_delete(table, &key) == 0);
}

static bool was_released(int n)
{
	int i;

	rcu_barrier();
	for (i = 0; i < 50 && atomic_read(&released) < n; i++)
		msleep(20);
	return atomic_read(&released) == n;
}

static void check_objects(void)
{
	lunatik_object_t *object = lunatik_createobject(&thing_class, 8, LUNATIK_OPT_NONE);
	lunatik_object_t *single = lunatik_createobject(&thing_class, 8, LUNATIK_OPT_SINGLE);
	struct tvalue value;

	if (!object || !single)
		return;
	check(set("o", LUARCU_OBJECT(single)) == -EINVAL);
	lunatik_putobject(single);
	check(was_released(1));
	check(set("o", LUARCU_OBJECT(object)) == 0 && set("p", LUARCU_OBJECT(object)) == 0);
	lunatik_putobject(object);
	check(set("o", LUARCU_INTEGER(1)) == 0 && set("o", LUARCU_NIL) == 0);
	check(get("p", &value) == 0 && value.type == TVALUE_OBJECT && value.object == object);
	check(set("p", LUARCU_NIL) == 0);
	rcu_barrier();
	check(atomic_read(&released) == 1);	/* @value has a reference */
	lunatik_putobject(value.object);
	check(was_released(2));
}

static int count_entry(const struct luarcu_key *key, const struct tvalue *value, void *arg)
{
	++*(int *)arg;
	return 0;
}

static int delete_entry(const struct luarcu_key *key, const struct tvalue *value, void *arg)
{
	return luarcu_delete(table, key);
}

static int stop_entry(const struct luarcu_key *key, const struct tvalue *value, void *arg)
{
	return ++*(int *)arg == 10 ? 42 : 0;
}

static void check_walks(void)
{
	char name[16];
	int i, n = 0;

	for (i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "w%d", i);
		check(set(name, LUARCU_INTEGER(i)) == 0);
	}
	check(luarcu_foreach(table, count_entry, &n) == 0 && n == 5000);
	n = 0;
	check(luarcu_foreach(table, stop_entry, &n) == 42 && n == 10);
	check(luarcu_foreach(table, delete_entry, NULL) == 0 && luarcu_count(table) == 0);
}

/* --- the functions of spec/rcu.txt, on the global table */

static void check_spec(void)
{
	struct tvalue value = LUARCU_STRING("here", 4);
	int idx = rcu_idx("spec");
	struct element *e, *old;

	rcu_read_lock();
	check(!rcu_search_element("spec", idx));
	check(rcu_add_element(NULL, "spec", value, idx ^ 1) == -EINVAL);
	check(rcu_add_element(NULL, "spec", value, idx) == 0);
	check(rcu_add_element(NULL, "spec", value, idx) == -EEXIST);
	e = rcu_search_element("spec", idx);
	check(e);
	if (!e)
		goto out;
	rcu_element_value(e, &value);
	check(value.type == TVALUE_STRING && value.string.len == 4);
	check(rcu_replace_element(NULL, e, LUARCU_INTEGER(1), idx ^ 1) == -EINVAL);
	check(rcu_replace_element(NULL, e, LUARCU_INTEGER(1), idx) == 0);
	check(rcu_replace_element(NULL, e, LUARCU_INTEGER(2), idx) == -ENOENT);
	check(rcu_delete_element(e, idx) == -ENOENT);
	rcu_element_value(e, &value);	/* as long as we read */
	check(value.string.bytes[0] == 'h');
	old = rcu_search_element("spec", idx);
	check(old && old != e);
	if (!old)
		goto out;
	rcu_element_value(old, &value);
	check(value.type == TVALUE_INTEGER && value.integer == 1);
	check(rcu_delete_element(old, idx ^ 1) == -EINVAL);
	check(rcu_delete_element(old, idx) == 0 && rcu_delete_element(old, idx) == -ENOENT);
	check(!rcu_search_element("spec", idx));
out:
	rcu_read_unlock();
}

/* --- with interrupts off: the reserve, and a probe inside the allocator */

static void check_reserve(void)
{
	static const char bytes[LUARCU_RESERVED];
	struct luarcu_key key = k("r");
	struct tvalue fits = LUARCU_STRING(bytes, LUARCU_RESERVED - 1);
	struct tvalue big = LUARCU_STRING(bytes, LUARCU_RESERVED);
	struct tvalue small = LUARCU_STRING(bytes, LUARCU_RESERVED - sizeof("r00000"));
	char name[16];
	int i, ret = 0;

	local_irq_disable();
	check(luarcu_set(table, &key, &big, GFP_ATOMIC) == -ENOMEM);
	check(luarcu_set(table, &key, &fits, GFP_ATOMIC) == 0);
	check(luarcu_delete(table, &key) == 0);
	for (i = 0; i < 100000 && !ret; i++) {
		snprintf(name, sizeof(name), "r%d", i);
		key = k(name);
		ret = luarcu_set(table, &key, &small, GFP_ATOMIC);
	}
	local_irq_enable();
	check(ret == -ENOMEM && i > 100);
	check(luarcu_foreach(table, delete_entry, NULL) == 0);
	msleep(200);
	local_irq_disable();
	key = k("again");	/* it was filled up */
	check(luarcu_set(table, &key, &small, GFP_ATOMIC) == 0 && luarcu_delete(table, &key) == 0);
	local_irq_enable();
}

static atomic_t hits = ATOMIC_INIT(0), misses = ATOMIC_INIT(0);

/* writes a string, so that each hit makes an element and leaves one to be freed */
static int probe_hit(struct kprobe *probe, struct pt_regs *regs)
{
	unsigned long flags;
	struct luarcu_key key;
	struct tvalue value = LUARCU_STRING("probe", 5);

	local_irq_save(flags);
	key = k(probe->symbol_name);
	if (luarcu_set(table, &key, &value, GFP_ATOMIC))
		atomic_inc(&misses);
	atomic_inc(&hits);
	local_irq_restore(flags);
	return 0;
}

static void check_probe(void)
{
	static struct kprobe probes[] = {
		{ .symbol_name = "__kmalloc", .pre_handler = probe_hit },
		/* since 6.10 */
		{ .symbol_name = "__kmalloc_noprof", .pre_handler = probe_hit },
		{ .symbol_name = "kfree", .pre_handler = probe_hit },
		{ .symbol_name = "call_rcu", .pre_handler = probe_hit },
		{ .symbol_name = "kvfree_call_rcu", .pre_handler = probe_hit },
	};
	int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (register_kprobe(&probes[i]) == 0)
			n++;
		else
			pr_info("rcutest: no probe on %s\n", probes[i].symbol_name);
	}
	msleep(3000);
	for (i = 0; i < ARRAY_SIZE(probes); i++) {
		if (probes[i].addr)
			unregister_kprobe(&probes[i]);
	}
	pr_info("rcutest: %d probes, %d hits, %d without memory\n", n, atomic_read(&hits),
		atomic_read(&misses));
	check(n == 0 || atomic_read(&hits) > 100);
	check(luarcu_count(table) <= ARRAY_SIZE(probes));
	check(luarcu_foreach(table, delete_entry, NULL) == 0);
}

/*
 * A probe on the function that lets go of a bucket's lock, which writes what
 * its victim is just writing: it gets -EBUSY, and the victim goes on. Which
 * function that is depends on the kernel.
 */
static struct task_struct *victim;
static atomic_t busy = ATOMIC_INIT(0), others = ATOMIC_INIT(0);

static int probe_unlock(struct kprobe *probe, struct pt_regs *regs)
{
	struct tvalue value = LUARCU_STRING("probe", 5);
	struct luarcu_key key = k("victim");
	unsigned long flags;
	int ret;

	if (current != READ_ONCE(victim))
		return 0;
	local_irq_save(flags);
	ret = luarcu_set(table, &key, &value, GFP_ATOMIC);
	if (ret == -EBUSY && luarcu_add(table, &key, 1, NULL, GFP_ATOMIC) == -EBUSY &&
	    luarcu_delete(table, &key) == -EBUSY)
		atomic_inc(&busy);
	else if (ret)
		atomic_cmpxchg(&others, 0, ret);
	local_irq_restore(flags);
	return 0;
}

static void check_busy(void)
{
	static struct kprobe probes[] = {
		{ .symbol_name = "_raw_spin_unlock_irqrestore", .pre_handler = probe_unlock },
		{ .symbol_name = "_raw_spin_unlock", .pre_handler = probe_unlock },
	};
	struct luarcu_key key = k("victim");
	struct tvalue value;
	int i, n = 0;

	for (i = 0; i < ARRAY_SIZE(probes); i++)
		n += register_kprobe(&probes[i]) == 0;
	WRITE_ONCE(victim, current);
	for (i = 1; i <= 3; i++) {
		check(set("victim", LUARCU_INTEGER(i)) == 0);
		check(set("victim", LUARCU_STRING("victim", 6)) == 0);
	}
	WRITE_ONCE(victim, NULL);
	for (i = 0; i < ARRAY_SIZE(probes); i++)
		unregister_kprobe(&probes[i]);
	pr_info("rcutest: %d probes on locks, %d times busy, else %d\n", n,
		atomic_read(&busy), atomic_read(&others));
	/* in some kernels it is no function */
	check(n == 0 || atomic_read(&busy) > 0 || !IS_ENABLED(CONFIG_UNINLINE_SPIN_UNLOCK));
	/* a batch that is being freed may have been hit, who holds the reserve */
	check(atomic_read(&others) == 0 || atomic_read(&others) == -ENOMEM);
	check(luarcu_get(table, &key, &value, NULL, 0) == -ENOSPC);
	check(luarcu_delete(table, &key) == 0);
}

/* --- what takes a Lua state */

static int echo_index(lua_State *L, lunatik_object_t *object, const char *key, size_t len, u32 hash)
{
	lua_pushinteger(L, key ? (s64)len : -1);
	lua_pushboolean(L, key && hash == lunatik_hashbytes(key, len) &&
			lunatik_toobject(L, 1) == object);
	return 2;
}

static int echo_newindex(lua_State *L, lunatik_object_t *object, const char *key, size_t len,
			 u32 hash)
{
	return luaL_error(L, "%s is not to be set to %s", key ?: "that",
			  luaL_tolstring(L, 3, NULL));
}

static const lunatik_index_t echo = echo_index;

static const lunatik_class_t echo_class = {
	.name = "echo", .opt = LUNATIK_OPT_HARDIRQ, .index = echo_index, .newindex = echo_newindex,
};

static const lunatik_class_t monitored_class = {
	.name = "monitored", .opt = LUNATIK_OPT_MONITOR, .index = echo_index,
	.newindex = echo_newindex,
};

static int test_echo(lua_State *L)
{
	lunatik_newobject(L, lua_toboolean(L, 1) ? &monitored_class : &echo_class, 8,
			  LUNATIK_OPT_NONE);
	return 1;
}

/* key(x): its length and whether the hash is right; nil if it is no string */
static int test_key(lua_State *L)
{
	size_t len;
	u32 hash;
	const char *bytes = lunatik_tokey(L, 1, &len, &hash);

	if (!bytes)
		return 0;
	lua_pushinteger(L, len);
	lua_pushboolean(L, hash == lunatik_hash(L, 1) && hash == lunatik_hashbytes(bytes, len));
	return 2;
}

/* string(n): n times x */
static int test_string(lua_State *L)
{
	size_t len = luaL_checkinteger(L, 1);

	memset(lunatik_newstring(L, len), 'x', len);
	lua_pushinteger(L, LUNATIK_SHORTSTRING);
	return 2;
}

/* shared(): the module's own table */
static int test_shared(lua_State *L)
{
	lunatik_cloneobject(L, table);
	return 1;
}

static int test_count(lua_State *L)
{
	lua_pushinteger(L, luarcu_count(luarcu_checktable(L, 1)));
	lua_pushboolean(L, luarcu_checktable(L, 1) == luarcu_global());
	return 2;
}

static const luaL_Reg rcutest_lib[] = {
	{"echo", test_echo},
	{"key", test_key},
	{"string", test_string},
	{"shared", test_shared},
	{"count", test_count},
	{NULL, NULL}
};

LUNATIK_CLASSES(rcutest, &echo_class, &monitored_class);
LUNATIK_NEWLIB(rcutest, rcutest_lib, luarcutest_classes);

static int __init rcutest_init(void)
{
	enum tvalue_type none = LUARCU_NIL.type;

	table = luarcu_create(LUARCU_SIZE, GFP_KERNEL);
	if (IS_ERR(table))
		return PTR_ERR(table);
	check(none == TVALUE_NIL && echo == echo_class.index);
	check_tables();
	check_atomic();
	check_objects();
	check_walks();
	check_spec();
	check_reserve();
	check_probe();
	check_busy();
	check(luarcu_count(table) == 0);
	pr_info("rcutest: %u checks, %u failed\n", checks, failures);
	if (failures) {
		lunatik_putobject(table);
		return -EIO;
	}
	return 0;
}

static void __exit rcutest_exit(void)
{
	lunatik_putobject(table);
}

module_init(rcutest_init);
module_exit(rcutest_exit);
MODULE_DESCRIPTION("test of the C API of luarcu");
MODULE_LICENSE("Dual MIT/GPL");
