// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* The RCU table without Lua, to be compared with rht.c line by line. */
#include <linux/err.h>
#include <linux/kernel.h>
#include <linux/string.h>

#include <luarcu.h>

#include "bench.h"

static lunatik_object_t *table;
static char names[2][BENCH_KEYS][16];
static struct luarcu_key keys[BENCH_KEYS];
static struct luarcu_key fresh[BENCH_KEYS];	/* keys that are not there */

static void make_key(struct luarcu_key *key, char *name, const char *format, int n)
{
	snprintf(name, sizeof(names[0][0]), format, n);
	*key = luarcu_key(name, strlen(name));
}

static int set(const struct luarcu_key *key, s64 n)
{
	return luarcu_set(table, key, &LUARCU_INTEGER(n), GFP_KERNEL);
}

static int rcu_setup(const char *op)
{
	int i, ret = 0;

	table = luarcu_create(BENCH_KEYS, GFP_KERNEL);
	if (IS_ERR(table))
		return PTR_ERR(table);
	for (i = 0; i < BENCH_KEYS && ret == 0; i++) {
		make_key(&keys[i], names[0][i], "key%d", i + 1);
		make_key(&fresh[i], names[1][i], "new%d", i + 1);
		ret = set(&keys[i], i + 1);
	}
	if (ret)
		lunatik_putobject(table);
	return ret;
}

static void rcu_cleanup(void)
{
	lunatik_putobject(table);
}

static long rcu_read(struct bench_worker *worker)
{
	s64 sum = 0;
	int i;

	for (i = 0; i < BENCH_KEYS; i++) {
		struct tvalue value;
		int ret = luarcu_get(table, &keys[worker->order[i]], &value, NULL, 0);

		if (ret)
			return ret;
		sum += value.integer;
	}
	worker->sum += sum;
	return BENCH_KEYS;
}

static long rcu_replace_all(struct bench_worker *worker)
{
	int i;

	for (i = 0; i < BENCH_KEYS; i++) {
		int ret = set(&keys[worker->order[i]], worker->at++);

		if (ret)
			return ret;
	}
	return BENCH_KEYS;
}

static long rcu_replace(struct bench_worker *worker)
{
	int i, ops = 0;

	for (i = 0; i < BENCH_KEYS; i++) {
		int ret;

		if (worker->order[i] % BENCH_CPUS != worker->number)
			continue;
		ret = set(&keys[worker->order[i]], worker->at++);
		if (ret)
			return ret;
		ops++;
	}
	return ops;
}

static long rcu_insert_delete(struct bench_worker *worker)
{
	int i, ops = 0;

	for (i = 0; i < BENCH_KEYS; i++) {
		const struct luarcu_key *key = &fresh[worker->order[i]];
		int ret;

		if (worker->order[i] % BENCH_CPUS != worker->number)
			continue;
		ret = set(key, worker->at++) ?: luarcu_delete(table, key);
		if (ret)
			return ret;
		ops += 2;
	}
	return ops;
}

static long rcu_replace_one(struct bench_worker *worker)
{
	int i;

	for (i = 0; i < BENCH_KEYS; i++) {
		int ret = set(&keys[0], worker->at++);

		if (ret)
			return ret;
	}
	return BENCH_KEYS;
}

static long rcu_chunk(struct bench_worker *worker)
{
	static const struct bench_op ops[] = {
		{"read", rcu_read},
		{"replace_all", rcu_replace_all},
		{"replace", rcu_replace},
		{"insert_delete", rcu_insert_delete},
		{"replace_one", rcu_replace_one},
		{}
	};

	return bench_call(ops, worker);
}

const struct bench_kind bench_rcu = {
	rcu_setup, rcu_cleanup, bench_shuffle, bench_noend, rcu_chunk
};
