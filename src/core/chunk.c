// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A script that comes as a text, from /dev/luadrv: run once in a runtime of
 * its own, or in one that a session keeps, what it puts out handed to the
 * session.
 */
#include <linux/string.h>

#include "core.h"

#define CHUNK_NAME	"/dev/luadrv"

struct lunatik_chunk {
	const char *text;
	size_t len;
	const char *from;
	luadrv_output_t output;
	luadrv_output_t complain;
	void *ud;
};

/* Calls the function in the upvalue, so that results can raise, too. */
static int chunk_call(lua_State *L)
{
	const struct lunatik_chunk *chunk = lunatik_runtimeof(L)->chunk;
	const char *line;
	size_t len;

	lua_settop(L, 0);
	lua_pushvalue(L, lua_upvalueindex(1));
	lua_call(L, 0, LUA_MULTRET);
	/* debug.getinfo() hands this out: somebody else may be the one who calls */
	if (lua_gettop(L) == 0 || !chunk)
		return 0;
	/* what it returned, as a prompt would show it */
	line = lunatik_pushline(L, &len);
	chunk->output(chunk->ud, line, len);
	return 0;
}

/* As in a file, a byte order mark and a first line that begins with '#' are not Lua. */
static void chunk_skip(struct lunatik_chunk *chunk)
{
	static const char bom[] = "\xEF\xBB\xBF";
	const char *text = chunk->text, *end = text + chunk->len;

	if (chunk->len >= strlen(bom) && memcmp(text, bom, strlen(bom)) == 0)
		text += strlen(bom);
	if (text < end && *text == '#')	/* the newline stays, so that lines are counted */
		text = memchr(text, '\n', end - text) ?: end;
	chunk->text = text;
	chunk->len = end - text;
}

/* Runs the chunk; errors come with a traceback, and go to the log as well. */
static int chunk_exec(lua_State *L, struct lunatik_chunk *chunk)
{
	char what[64];
	const char *msg;
	size_t len;
	int status;

	lunatik_runtimeof(L)->print = chunk->output;
	lunatik_runtimeof(L)->print_ud = chunk->ud;

	chunk_skip(chunk);
	status = luaL_loadbufferx(L, chunk->text, chunk->len, "=" CHUNK_NAME, "t");
	if (status == LUA_OK) {
		lua_pushcclosure(L, chunk_call, 1);
		lunatik_runtimeof(L)->chunk = chunk;
		status = lunatik_pcall(L, 0, 0);
	}
	if (status == LUA_OK)
		return 0;

	msg = luaL_tolstring(L, -1, &len);
	snprintf(what, sizeof(what), "the script of %s failed", chunk->from);
	lunatik_logerror(lunatik_runtimeof(L), what, msg, len);
	chunk->complain(chunk->ud, msg, len);
	return lunatik_errno_of(L, status);
}

static int chunk_nomemory(struct lunatik_chunk *chunk, int ret)
{
	char msg[64];

	chunk->complain(chunk->ud, msg, scnprintf(msg, sizeof(msg), "cannot make a runtime: %s",
						  lunatik_errmsg(-ret)));
	return ret;
}

/* In the runtime that the session keeps; others may enter it as well, by hooks. */
static int chunk_runkept(struct lunatik_chunk *chunk, void **kept)
{
	lunatik_object_t *runtime = *kept;
	struct lunatik_runtime *rt;
	int ret;

	if (!runtime) {
		ret = lunatik_create(&runtime, CHUNK_NAME, LUNATIK_OPT_NONE, NULL, NULL);
		if (ret)
			return chunk_nomemory(chunk, ret);
		ret = lunatik_publish(runtime);
		if (ret)
			return chunk_nomemory(chunk, lunatik_abandon(runtime, ret));
		*kept = runtime;
	}
	rt = runtime->private;
	ret = lunatik_lock(runtime);
	if (ret)
		return ret;
	lunatik_handle(runtime, chunk_exec, ret, chunk);
	/* what is printed later is nobody's to read */
	rt->print = NULL;
	rt->chunk = NULL;
	lunatik_unlock(runtime);
	return ret;
}

static int chunk_run(const char *text, size_t len, const char *from,
		     luadrv_output_t output, luadrv_output_t complain, void *ud, void **kept)
{
	struct lunatik_chunk chunk = {
		.text = text, .len = len, .from = from,
		.output = output, .complain = complain, .ud = ud,
	};
	lunatik_object_t *runtime;
	int ret;

	if (kept)
		return chunk_runkept(&chunk, kept);
	ret = lunatik_create(&runtime, CHUNK_NAME, LUNATIK_OPT_NONE, NULL, NULL);
	if (ret)
		return chunk_nomemory(&chunk, ret);
	/* the runtime is never published: nobody else has a way in */
	lunatik_handle(runtime, chunk_exec, ret, &chunk);
	return lunatik_abandon(runtime, ret);	/* finalizers may print, too */
}

static void chunk_close(void *kept)
{
	lunatik_stop(kept);
}

const struct luadrv_interpreter lunatik_interpreter = {
	.owner = THIS_MODULE,
	.run = chunk_run,
	.close = chunk_close,
};
