// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Torture of the RCU table, in the manner of the kernel's rcutorture: for
 * @seconds all CPUs read, write, delete, walk, count, grow and shrink one
 * table, and make and drop others, from threads, a softirq and a hardirq; each
 * read checks what it finds. Loading the module runs it, and fails if anything
 * was wrong. Scripts find the table as rcu.torture meanwhile.
 *
 *	p0...	permanent: written by one thread each, never absent
 *	v0...	volatile: inserted and deleted by one thread each
 *	g0...	ballast, which makes the table grow and shrink
 *	c0...	counters, to which all add
 *
 * A value tells which key and which write made it. Of one permanent key nobody
 * ever sees an older write after a newer one.
 */
#include <linux/bitmap.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/module.h>
#include <linux/prandom.h>
#include <linux/timer.h>

#include <luarcu.h>
#include <../compat.h>

static unsigned int seconds = 20;
module_param(seconds, uint, 0444);
static unsigned int seed = 1;
module_param(seed, uint, 0444);
static unsigned int pause;
module_param(pause, uint, 0444);
MODULE_PARM_DESC(pause, "us between rounds of who writes: in a kernel where freeing is slow, what waits for it would only grow");

#define PERMANENT	256
#define VOLATILE	1024
#define BALLAST		6000
#define COUNTERS	4
#define WRITERS		3
#define READERS		3
#define MAXVALUE	400

static lunatik_object_t *table;
static atomic_t failures;
static bool stopping;

/* what was done */
enum {
	DID_READ, DID_ABSENT, DID_WRITE, DID_DELETE, DID_WALK, DID_ADD, DID_OBJECT, DID_TABLE,
	DID_SOFTIRQ, DID_HARDIRQ, DID_RESIZE, KINDS
};

static const char * const kinds[KINDS] = {
	"reads", "absent", "writes", "deletes", "walks", "adds", "objects", "tables",
	"softirq", "hardirq", "resizes",
};

static atomic_long_t done[KINDS];
static atomic64_t added[COUNTERS];

#define fail(format, ...)						\
do {									\
	if (atomic_inc_return(&failures) <= 20)				\
		pr_err("torture: line %d: " format "\n", __LINE__, ##__VA_ARGS__); \
} while (0)

static void did(int kind)
{
	atomic_long_inc(&done[kind]);
}

/* --- an object knows which write made it */

struct thing {
	u32 magic;
	u32 key;
	u32 seq;
};

#define THING_ALIVE	0x600d600d
#define THING_DEAD	0xdeaddead

static atomic_t things, things_released;

static void thing_release(void *private)
{
	struct thing *thing = private;

	if (READ_ONCE(thing->magic) != THING_ALIVE)
		fail("an object is released twice");
	WRITE_ONCE(thing->magic, THING_DEAD);
	atomic_inc(&things_released);
}

static const lunatik_class_t thing_class = {
	.name = "thing", .release = thing_release, .opt = LUNATIK_OPT_HARDIRQ,
};

/* --- values: integer, string or object, which say key and sequence */

static char pattern(u32 key, u32 seq)
{
	return 'a' + (key * 7 + seq) % 26;
}

static size_t patternlen(u32 key, u32 seq)
{
	return (key * 31 + seq * 17) % (MAXVALUE - 40);
}

/* Sets the key to its value number @seq. */
static int put_value(const struct luarcu_key *key, u32 n, u32 seq, char *buf, gfp_t gfp)
{
	struct tvalue value;
	size_t len;
	int ret;

	switch (seq % 4) {
	case 0:
	case 1:
		value = LUARCU_INTEGER((s64)n << 32 | seq);
		return luarcu_set(table, key, &value, gfp);
	case 2:
		len = scnprintf(buf, 40, "%u:%u:", n, seq);
		memset(buf + len, pattern(n, seq), patternlen(n, seq));
		value = LUARCU_STRING(buf, len + patternlen(n, seq));
		return luarcu_set(table, key, &value, gfp);
	}
	value = LUARCU_OBJECT(lunatik_createobject(&thing_class, sizeof(struct thing),
						   LUNATIK_OPT_NONE));
	if (!value.object)
		return -ENOMEM;
	*(struct thing *)value.object->private = (struct thing){ THING_ALIVE, n, seq };
	atomic_inc(&things);
	ret = luarcu_set(table, key, &value, gfp);
	lunatik_putobject(value.object);
	did(DID_OBJECT);
	return ret;
}

/* What a value says it is; false if that is nonsense. */
static bool parse(const struct tvalue *value, u32 *n, u32 *seq)
{
	const char *s = value->string.bytes;
	char head[41];
	size_t i, len;
	struct thing *thing;

	switch (value->type) {
	case TVALUE_INTEGER:
		*n = value->integer >> 32;
		*seq = value->integer;
		return *seq % 4 < 2;
	case TVALUE_STRING:
		len = min_t(size_t, value->string.len, 40);
		memcpy(head, s, len);
		head[len] = '\0';
		if (sscanf(head, "%u:%u:", n, seq) != 2)
			return false;
		len = scnprintf(head, 40, "%u:%u:", *n, *seq);
		if (value->string.len != len + patternlen(*n, *seq))
			return false;
		for (i = len; i < value->string.len; i++)
			if (s[i] != pattern(*n, *seq))
				return false;
		return *seq % 4 == 2;
	case TVALUE_OBJECT:
		if (value->object->class != &thing_class)
			return false;
		thing = value->object->private;
		*n = thing->key;
		*seq = thing->seq;
		return READ_ONCE(thing->magic) == THING_ALIVE && *seq % 4 == 3;
	default:
		return false;
	}
}

static struct luarcu_key name(char *buf, char kind, u32 n)
{
	return luarcu_key(buf, scnprintf(buf, 16, "%c%u", kind, n));
}

/* Reads a key, and checks what is found. @newest: as the caller knows it, or NULL. */
static void check_read(char kind, u32 n, u32 *newest, char *buf)
{
	char bytes[16];
	struct luarcu_key key = name(bytes, kind, n);
	struct tvalue value;
	u32 is = ~0, seq = ~0;
	int ret = luarcu_get(table, &key, &value, buf, MAXVALUE);

	did(DID_READ);
	if (ret == -ENOENT) {
		did(DID_ABSENT);
		if (kind == 'p')
			fail("p%u is absent", n);
		return;
	}
	if (ret || !parse(&value, &is, &seq) || is != n)
		fail("%c%u: %d, type %d says %u:%u", kind, n, ret, value.type, is, seq);
	else if (newest && (s32)(seq - *newest) < 0)
		fail("%c%u: %u after %u", kind, n, seq, *newest);
	else if (newest)
		*newest = seq;
	if (!ret && value.type == TVALUE_OBJECT)
		lunatik_putobject(value.object);
}

/* --- threads */

struct worker {
	struct task_struct *task;
	struct rnd_state rnd;
	int id;
	u32 newest[PERMANENT];
	char buf[MAXVALUE];
	DECLARE_BITMAP(seen, PERMANENT);
};

static u32 random_below(struct worker *w, u32 n)
{
	return prandom_u32_state(&w->rnd) % n;
}

static int reader(void *arg)
{
	struct worker *w = arg;

	while (!kthread_should_stop()) {
		int i;

		for (i = 0; i < 200; i++) {
			u32 n = random_below(w, PERMANENT);

			check_read('p', n, &w->newest[n], w->buf);
			check_read('v', random_below(w, VOLATILE), NULL, w->buf);
		}
		cond_resched();
	}
	return 0;
}

static void add(u32 n, gfp_t gfp)
{
	char bytes[16];
	struct luarcu_key key = name(bytes, 'c', n);

	if (luarcu_add(table, &key, n + 1, NULL, gfp) == 0)
		atomic64_add(n + 1, &added[n]);
	did(DID_ADD);
}

/* Each key has one writer, who knows what is in it. */
static void write_volatile(struct worker *w, u32 n, gfp_t gfp)
{
	char bytes[16];
	struct luarcu_key key = name(bytes, 'v', n);
	struct tvalue old;
	int ret;

	if (random_below(w, 2)) {
		if (put_value(&key, n, prandom_u32_state(&w->rnd), w->buf, gfp) == 0)
			did(DID_WRITE);
		return;
	}
	ret = luarcu_get(table, &key, &old, w->buf, MAXVALUE);
	if (luarcu_delete(table, &key) != (ret == -ENOENT ? -ENOENT : 0))
		fail("v%u: deleting answers otherwise than reading, %d", n, ret);
	if (!ret && old.type == TVALUE_OBJECT)
		lunatik_putobject(old.object);
	did(DID_DELETE);
}

static void rest(void)
{
	if (pause)
		usleep_range(pause, 2 * pause);
	else
		cond_resched();
}

static int writer(void *arg)
{
	struct worker *w = arg;

	while (!kthread_should_stop()) {
		int i;

		for (i = 0; i < 50; i++) {
			char bytes[16];
			u32 n = random_below(w, PERMANENT / WRITERS) * WRITERS + w->id;
			struct luarcu_key key = name(bytes, 'p', n);

			if (put_value(&key, n, w->newest[n] + 1, w->buf, GFP_KERNEL) == 0)
				w->newest[n]++;
			did(DID_WRITE);
			check_read('p', n, &w->newest[n], w->buf);
			/* the last two are the timers' */
			n = random_below(w, VOLATILE / (WRITERS + 2)) * (WRITERS + 2) + w->id;
			write_volatile(w, n, GFP_KERNEL);
			add(random_below(w, COUNTERS), GFP_KERNEL);
		}
		rest();
	}
	return 0;
}

static int see(const struct luarcu_key *key, const struct tvalue *value, void *arg)
{
	struct worker *w = arg;
	u32 n, is, seq;

	if (key->bytes[0] != 'p')
		return 0;
	n = key->bytes[1] - '0';
	for (is = 2; is < key->len; is++)
		n = n * 10 + key->bytes[is] - '0';
	if (n >= PERMANENT)
		fail("a walk sees p%u", n);
	else if (__test_and_set_bit(n, w->seen))
		fail("a walk sees p%u twice", n);
	/* an object has no reference here, its memory is still there */
	if (value->type != TVALUE_OBJECT && (!parse(value, &is, &seq) || is != n))
		fail("a walk sees %u:%u in p%u", is, seq, n);
	return 0;
}

static int walker(void *arg)
{
	struct worker *w = arg;

	while (!kthread_should_stop()) {
		bitmap_zero(w->seen, PERMANENT);
		if (luarcu_foreach(table, see, w))
			fail("a walk ends early");
		if (!bitmap_full(w->seen, PERMANENT))
			fail("a walk sees %d of %d", bitmap_weight(w->seen, PERMANENT), PERMANENT);
		did(DID_WALK);
		cond_resched();
	}
	return 0;
}

/* Makes the table grow and shrink. */
static int ballast(void *arg)
{
	struct worker *w = arg;
	bool there = false;

	while (!kthread_should_stop()) {
		u32 i, n = 1000 + random_below(w, BALLAST - 1000);
		char bytes[16];

		for (i = 0; i < BALLAST; i++) {
			struct luarcu_key key = name(bytes, 'g', i);
			struct tvalue value = LUARCU_BOOLEAN(true);

			if (there)
				luarcu_delete(table, &key);
			else if (i < n)
				luarcu_set(table, &key, &value, GFP_KERNEL);
			if (i % 256 == 0)
				rest();
		}
		there = !there;
		did(DID_RESIZE);
		msleep(random_below(w, 30));
	}
	return 0;
}

/* Tables come and go, with what is in them, be it other tables. */
static int churner(void *arg)
{
	struct worker *w = arg;

	while (!kthread_should_stop()) {
		lunatik_object_t *inner = luarcu_create(1 + random_below(w, 100), GFP_KERNEL);
		lunatik_object_t *outer = luarcu_create(1, GFP_KERNEL);
		u32 i, n = random_below(w, 300);
		char bytes[16];

		for (i = 0; i < n && !IS_ERR(inner) && !IS_ERR(outer); i++) {
			struct luarcu_key key = name(bytes, 'x', i);
			struct tvalue value = i % 3 ? LUARCU_INTEGER(i) : LUARCU_OBJECT(inner);

			luarcu_set(outer, &key, &value, GFP_KERNEL);
			value = LUARCU_STRING(w->buf, i);
			luarcu_set(inner, &key, &value, GFP_KERNEL);
		}
		if (!IS_ERR(inner))
			lunatik_putobject(inner);
		if (!IS_ERR(outer))
			lunatik_putobject(outer);
		did(DID_TABLE);
		rest();
	}
	return 0;
}

/* --- interrupts; each has a share of the volatile keys */

static struct worker softirq = { .id = WRITERS }, hardirq = { .id = WRITERS + 1 };
static struct timer_list timer;
static struct hrtimer hrtimer;

static void interrupt(struct worker *w)
{
	int i;

	for (i = 0; i < 10; i++) {
		u32 n = random_below(w, PERMANENT);

		check_read('p', n, &w->newest[n], w->buf);
		n = random_below(w, VOLATILE / (WRITERS + 2)) * (WRITERS + 2) + w->id;
		write_volatile(w, n, GFP_ATOMIC);
		add(random_below(w, COUNTERS), GFP_ATOMIC);
	}
}

static void timer_fn(struct timer_list *unused)
{
	interrupt(&softirq);
	did(DID_SOFTIRQ);
	if (!READ_ONCE(stopping))
		mod_timer(&timer, jiffies + 1);
}

static enum hrtimer_restart hrtimer_fn(struct hrtimer *t)
{
	interrupt(&hardirq);
	did(DID_HARDIRQ);
	hrtimer_forward_now(t, ns_to_ktime(1700 * NSEC_PER_USEC));
	return READ_ONCE(stopping) ? HRTIMER_NORESTART : HRTIMER_RESTART;
}

/* --- the run */

static int (* const roles[])(void *) = {
	writer, writer, writer, reader, reader, reader, walker, walker, ballast, churner,
};

static struct worker *workers[ARRAY_SIZE(roles)];

static void worker_init(struct worker *w, int i)
{
	u32 n;

	prandom_seed_state(&w->rnd, (u64)seed << 8 | i);
	for (n = 0; n < PERMANENT; n++)
		w->newest[n] = 0;
}

static int start(void)
{
	char bytes[16], *buf = kmalloc(MAXVALUE, GFP_KERNEL);
	int i, ret = -ENOMEM;
	u32 n;

	for (n = 0; n < PERMANENT && buf; n++) {
		struct luarcu_key key = name(bytes, 'p', n);

		ret = put_value(&key, n, 0, buf, GFP_KERNEL);
		if (ret)
			break;
	}
	kfree(buf);
	for (i = 0; i < ARRAY_SIZE(roles) && !ret; i++) {
		struct worker *w = kzalloc(sizeof(*w), GFP_KERNEL);

		if (!w)
			return -ENOMEM;
		worker_init(w, i);
		w->id = i;
		w->task = kthread_run(roles[i], w, "torture/%d", i);
		if (IS_ERR(w->task)) {
			ret = PTR_ERR(w->task);
			kfree(w);
			return ret;
		}
		workers[i] = w;
	}
	worker_init(&softirq, 100);
	worker_init(&hardirq, 101);
	timer_setup(&timer, timer_fn, 0);
	hrtimer_setup(&hrtimer, hrtimer_fn, CLOCK_MONOTONIC, HRTIMER_MODE_REL_HARD);
	mod_timer(&timer, jiffies + 1);
	hrtimer_start(&hrtimer, ns_to_ktime(1700 * NSEC_PER_USEC), HRTIMER_MODE_REL_HARD);
	return ret;
}

static void stop(void)
{
	int i;

	WRITE_ONCE(stopping, true);
	timer_delete_sync(&timer);
	timer_delete_sync(&timer);	/* it may have been at it again */
	hrtimer_cancel(&hrtimer);
	for (i = 0; i < ARRAY_SIZE(roles); i++) {
		if (workers[i])
			kthread_stop(workers[i]->task);
		kfree(workers[i]);
	}
}

static void check_end(void)
{
	struct luarcu_key key;
	struct tvalue value;
	char bytes[16];
	unsigned long n = 0;
	int i, before;

	for (i = 0; i < COUNTERS; i++) {
		key = name(bytes, 'c', i);
		if (luarcu_get(table, &key, &value, NULL, 0) || value.type != TVALUE_INTEGER ||
		    value.integer != atomic64_read(&added[i]))
			fail("c%d is %lld, not %lld", i, value.integer, atomic64_read(&added[i]));
	}
	for (i = 0; i < KINDS; i++)
		pr_info("torture: %s %ld\n", kinds[i], atomic_long_read(&done[i]));

	key = luarcu_key("torture", 7);
	luarcu_delete(luarcu_global(), &key);
	lunatik_putobject(table);
	/* everything in it goes, after a grace period and by workers */
	for (i = 0; atomic_read(&things_released) != atomic_read(&things); i++) {
		/* and goes on: a module whose init fails is freed, whoever has a reference */
		if (i == 1200)
			fail("%d objects were released of %d, none in two minutes",
			     atomic_read(&things_released), atomic_read(&things));
		before = atomic_read(&things_released);
		msleep(100);
		if (i < 1200 && atomic_read(&things_released) != before)
			i = 0;
	}
	n = atomic_read(&things);
	pr_info("torture: seed %u, %u seconds, %lu objects, %d failures\n", seed, seconds, n,
		atomic_read(&failures));
}

static int __init torture_init(void)
{
	struct luarcu_key key = luarcu_key("torture", 7);
	struct tvalue value;
	int ret;

	table = luarcu_create(16, GFP_KERNEL);
	if (IS_ERR(table))
		return PTR_ERR(table);
	value = LUARCU_OBJECT(table);
	ret = start() ?: luarcu_set(luarcu_global(), &key, &value, GFP_KERNEL);
	if (!ret)
		msleep_interruptible(seconds * 1000);
	stop();
	check_end();
	return ret ?: atomic_read(&failures) ? -EIO : 0;
}

static void __exit torture_exit(void)
{
}

module_init(torture_init);
module_exit(torture_exit);
MODULE_DESCRIPTION("torture of the RCU table");
MODULE_LICENSE("Dual MIT/GPL");
