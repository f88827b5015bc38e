// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The same operations in C on the kernel's own resizable hash table: how far
 * the machine itself gets with two CPUs.
 */
#include <linux/rhashtable.h>
#include <linux/slab.h>

#include "bench.h"

struct entry {
	struct rhash_head head;
	struct rcu_head rcu;
	char key[16];		/* with NULs to its end */
	s64 value;
};

static const struct rhashtable_params params = {
	.head_offset = offsetof(struct entry, head),
	.key_offset = offsetof(struct entry, key),
	.key_len = sizeof_field(struct entry, key),
	.nelem_hint = BENCH_KEYS,
};

static struct rhashtable table;
static char keys[BENCH_KEYS][16];
static char fresh[BENCH_KEYS][16];	/* keys that are not there */

static struct entry *entry_new(const char *key, s64 value)
{
	struct entry *e = kmalloc(sizeof(*e), GFP_KERNEL);

	if (!e)
		return NULL;
	memcpy(e->key, key, sizeof(e->key));
	e->value = value;
	return e;
}

static long entry_insert(const char *key, s64 value)
{
	struct entry *e = entry_new(key, value);
	int ret;

	if (!e)
		return -ENOMEM;
	ret = rhashtable_insert_fast(&table, &e->head, params);
	if (ret)
		kfree(e);
	return ret;
}

/* Somebody else may have replaced what was found. */
static long entry_replace(const char *key, s64 value)
{
	struct entry *old, *e = entry_new(key, value);
	int ret;

	if (!e)
		return -ENOMEM;
	rcu_read_lock();
	do {
		old = rhashtable_lookup(&table, key, params);
		ret = old ? rhashtable_replace_fast(&table, &old->head, &e->head, params)
			  : -ENODATA;
	} while (ret == -ENOENT);
	rcu_read_unlock();
	if (ret)
		kfree(e);
	else
		kfree_rcu(old, rcu);
	return ret;
}

static long entry_delete(const char *key)
{
	struct entry *old;
	int ret;

	rcu_read_lock();
	old = rhashtable_lookup(&table, key, params);
	ret = old ? rhashtable_remove_fast(&table, &old->head, params) : -ENOENT;
	rcu_read_unlock();
	if (ret == 0)
		kfree_rcu(old, rcu);
	return ret;
}

static void entry_free(void *ptr, void *arg)
{
	kfree(ptr);
}

static int rht_setup(const char *op)
{
	int i, ret = rhashtable_init(&table, &params);

	for (i = 0; i < BENCH_KEYS && ret == 0; i++) {
		snprintf(keys[i], sizeof(keys[i]), "key%d", i + 1);
		snprintf(fresh[i], sizeof(fresh[i]), "new%d", i + 1);
		ret = entry_insert(keys[i], i + 1);
		if (ret)
			rhashtable_free_and_destroy(&table, entry_free, NULL);
	}
	return ret;
}

static void rht_cleanup(void)
{
	rhashtable_free_and_destroy(&table, entry_free, NULL);
}

static long rht_read(struct bench_worker *worker)
{
	s64 sum = 0;
	int i;

	for (i = 0; i < BENCH_KEYS; i++) {
		struct entry *e;

		rcu_read_lock();
		e = rhashtable_lookup_fast(&table, keys[worker->order[i]], params);
		if (e)
			sum += READ_ONCE(e->value);
		rcu_read_unlock();
		if (!e)
			return -ENOENT;
	}
	worker->sum += sum;
	return BENCH_KEYS;
}

static long rht_read_own(struct bench_worker *worker)
{
	int i, ops = 0;

	for (i = 0; i < BENCH_KEYS; i++) {
		struct entry *e;

		if (worker->order[i] % BENCH_CPUS != worker->number)
			continue;
		rcu_read_lock();
		e = rhashtable_lookup_fast(&table, keys[worker->order[i]], params);
		if (e)
			worker->sum += READ_ONCE(e->value);
		rcu_read_unlock();
		if (!e)
			return -ENOENT;
		ops++;
	}
	return ops;
}

static long rht_replace_all(struct bench_worker *worker)
{
	int i;

	for (i = 0; i < BENCH_KEYS; i++) {
		long ret = entry_replace(keys[worker->order[i]], worker->at++);

		if (ret)
			return ret;
	}
	return BENCH_KEYS;
}

static long rht_replace(struct bench_worker *worker)
{
	int i, ops = 0;

	for (i = 0; i < BENCH_KEYS; i++) {
		long ret;

		if (worker->order[i] % BENCH_CPUS != worker->number)
			continue;
		ret = entry_replace(keys[worker->order[i]], worker->at++);
		if (ret)
			return ret;
		ops++;
	}
	return ops;
}

static long rht_insert_delete(struct bench_worker *worker)
{
	int i, ops = 0;

	for (i = 0; i < BENCH_KEYS; i++) {
		const char *key = fresh[worker->order[i]];
		long ret;

		if (worker->order[i] % BENCH_CPUS != worker->number)
			continue;
		ret = entry_insert(key, worker->at++) ?: entry_delete(key);
		if (ret)
			return ret;
		ops += 2;
	}
	return ops;
}

static long rht_replace_one(struct bench_worker *worker)
{
	int i;

	for (i = 0; i < BENCH_KEYS; i++) {
		long ret = entry_replace(keys[0], worker->at++);

		if (ret)
			return ret;
	}
	return BENCH_KEYS;
}

static long rht_chunk(struct bench_worker *worker)
{
	static const struct bench_op ops[] = {
		{"read", rht_read},
		{"read_own", rht_read_own},
		{"replace_all", rht_replace_all},
		{"replace", rht_replace},
		{"insert_delete", rht_insert_delete},
		{"replace_one", rht_replace_one},
		{}
	};

	return bench_call(ops, worker);
}

const struct bench_kind bench_rht = {
	rht_setup, rht_cleanup, bench_shuffle, bench_noend, rht_chunk
};
