// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Operations of the script bench/throughput. One runtime, the keeper, makes
 * the shared table; it is also the one that all threads enter where the data
 * is an ordinary table of one runtime.
 */
#include <linux/err.h>

#include "bench.h"

#define BENCH_SCRIPT	"bench/throughput"
#define BENCH_ENTRIES	100	/* of a chunk that enters for each operation */

static lunatik_object_t *keeper;

static int call_setup(lua_State *L, const char *op)
{
	lua_getglobal(L, "setup");
	lua_pushstring(L, op);
	lua_call(L, 1, 0);
	return 0;
}

static int call_cleanup(lua_State *L)
{
	lua_getglobal(L, "cleanup");
	lua_call(L, 0, 0);
	return 0;
}

static int call_begin(lua_State *L, const char *op, int number)
{
	lua_getglobal(L, "begin");
	lua_pushstring(L, op);
	lua_pushinteger(L, number);
	lua_call(L, 2, 0);
	return 0;
}

static long call_chunk(lua_State *L)
{
	lua_getglobal(L, "chunk");
	lua_call(L, 0, 1);
	return lua_tointeger(L, -1);
}

static int lua_setup(const char *op)
{
	int ret = lunatik_runtime(&keeper, BENCH_SCRIPT, true);

	if (ret)
		return ret;
	lunatik_run(keeper, call_setup, ret, op);
	if (ret)
		lunatik_stop(keeper);
	return ret;
}

static void lua_cleanup(void)
{
	int ret;

	lunatik_run(keeper, call_cleanup, ret);
	if (ret)
		pr_err("bench: cleanup: error %d\n", ret);
	lunatik_stop(keeper);
}

static int lua_begin(struct bench_worker *worker)
{
	int ret = lunatik_runtime(&worker->runtime, BENCH_SCRIPT, true);

	if (ret)
		return ret;
	lunatik_run(worker->runtime, call_begin, ret, worker->op, worker->number);
	if (ret)
		lunatik_stop(worker->runtime);
	return ret;
}

static void lua_end(struct bench_worker *worker)
{
	lunatik_stop(worker->runtime);
}

static int mutex_begin(struct bench_worker *worker)
{
	int ret;

	worker->runtime = keeper;
	lunatik_run(keeper, call_begin, ret, worker->op, worker->number);
	return ret;
}

/* One entry, and what the script takes as a chunk. */
static long lua_chunk(struct bench_worker *worker)
{
	long ret;

	lunatik_run(worker->runtime, call_chunk, ret);
	return ret;
}

static long enter_chunk(struct bench_worker *worker)
{
	long ret, ops = 0;
	int i;

	for (i = 0; i < BENCH_ENTRIES; i++) {
		ret = lua_chunk(worker);
		if (ret < 0)
			return ret;
		ops += ret;
	}
	return ops;
}

const struct bench_kind bench_lua = {
	lua_setup, lua_cleanup, lua_begin, lua_end, lua_chunk
};

const struct bench_kind bench_enter = {
	lua_setup, lua_cleanup, lua_begin, lua_end, enter_chunk
};

const struct bench_kind bench_mutex = {
	lua_setup, lua_cleanup, mutex_begin, bench_noend, enter_chunk
};
