// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * fifo: a queue of bytes between runtimes of any context, on the kernel's kfifo.
 *
 *	local q = require("fifo").new(4096)
 *	q:push("bytes")			-- raises if they do not fit
 *	local s, len = q:pop(100)	-- what is there, 100 bytes at most
 *
 *	q:pushrecord("message")		-- with its length
 *	local s = q:poprecord()		-- one whole record, or nil
 *
 * Any number of runtimes push and pop at once: each call is one step. What is taken out is
 * a string of Lua's already when it leaves the queue, so nothing is lost for want of memory.
 */
#include <linux/kfifo.h>
#include <linux/log2.h>
#include <linux/module.h>
#include <linux/string.h>

#include <lunatik.h>

#include "guard.h"
#include "memory.h"

#define LUAFIFO_MAX	(1 << 20)	/* bytes of one queue */

struct luafifo {
	raw_spinlock_t lock;
	struct kfifo kfifo;
	char *buffer;		/* NULL once it is closed */
};

static struct memory luafifo_memory;
module_param_named(memory, luafifo_memory.limit, ulong, 0644);
MODULE_PARM_DESC(memory, "bytes that all fifos may hold (default a 16th of memory)");

static struct luafifo *luafifo_of(lua_State *L)
{
	return lunatik_toobject(L, 1)->private;
}

/* Raises unless it is open, and has the lock then. */
static struct luafifo *luafifo_lock(lua_State *L, unsigned long *flags)
	__acquires(&fifo->lock)
{
	struct luafifo *fifo = luafifo_of(L);

	guard_lock(L, &fifo->lock, flags);
	if (!fifo->buffer) {
		guard_drop(&fifo->lock, *flags);
		lunatik_raiseclosed(L, 1);
		__acquire(&fifo->lock);	/* for sparse: nothing comes back to here */
	}
	return fifo;
}

/* --- in */

/* All of it or nothing, behind its length if it is a record. Returns the room there was. */
static size_t luafifo_in(lua_State *L, const char *s, size_t len, bool record)
{
	size_t header = record ? sizeof(len) : 0, room;
	unsigned long flags;
	struct luafifo *fifo = luafifo_lock(L, &flags);

	room = kfifo_avail(&fifo->kfifo);
	if (room >= header && room - header >= len) {
		if (record)
			kfifo_in(&fifo->kfifo, (char *)&len, sizeof(len));
		kfifo_in(&fifo->kfifo, s, len);
	}
	guard_drop(&fifo->lock, flags);
	return room;
}

static int luafifo_put(lua_State *L, bool record)
{
	size_t len, room, header = record ? sizeof(len) : 0;
	const char *s = luaL_checklstring(L, 2, &len);

	room = luafifo_in(L, s, len, record);
	if (room < header || room - header < len)
		luaL_error(L, "the fifo has room for %I bytes, not for %I", (LUAI_UACINT)room,
			   (LUAI_UACINT)(len + header));
	return 0;
}

/* push(string) */
static int luafifo_push(lua_State *L)
{
	return luafifo_put(L, false);
}

/* pushrecord(string): as push(string.pack("s", string)) */
static int luafifo_pushrecord(lua_State *L)
{
	return luafifo_put(L, true);
}

/* --- out */

/* What comes next, with the lock. */
struct luafifo_next {
	size_t len;
	unsigned int header;	/* bytes before it that are not wanted */
	unsigned int at;	/* which it begins at: another value once it is taken out */
	bool whole;		/* there is such a thing */
};

/* At most @n bytes, or one record if @n is negative. */
static struct luafifo_next luafifo_peek(struct luafifo *fifo, lua_Integer n)
{
	struct luafifo_next next = { .at = fifo->kfifo.kfifo.out };
	size_t used = kfifo_len(&fifo->kfifo);

	if (n >= 0) {
		next.len = min_t(u64, used, n);
		next.whole = true;
		return next;
	}
	next.header = sizeof(next.len);
	next.whole = kfifo_out_peek(&fifo->kfifo, (char *)&next.len, next.header) == next.header &&
		     next.len <= used - next.header;
	return next;
}

/* With the lock: copies what comes next, and leaves it there. */
static void luafifo_copy(struct luafifo *fifo, const struct luafifo_next *next, char *to)
{
	unsigned int size = kfifo_size(&fifo->kfifo);
	unsigned int at = (next->at + next->header) & (size - 1);
	size_t first = min_t(size_t, next->len, size - at);

	memcpy(to, fifo->buffer + at, first);
	memcpy(to + first, fifo->buffer, next->len - first);
}

/*
 * Takes out what comes next, if it is that still: nobody took anything out since. With
 * @to, which has room for it, it is copied at this moment.
 */
static bool luafifo_take(lua_State *L, const struct luafifo_next *next, char *to)
{
	struct luafifo *fifo = luafifo_of(L);
	unsigned long flags;
	bool same;

	if (!guard_take(&fifo->lock, &flags))
		return false;
	same = fifo->buffer && fifo->kfifo.kfifo.out == next->at &&
	       kfifo_len(&fifo->kfifo) >= next->header + next->len;
	if (same) {
		if (to)
			luafifo_copy(fifo, next, to);
		fifo->kfifo.kfifo.out += next->header + next->len;
	}
	guard_drop(&fifo->lock, flags);
	return same;
}

/* Pushes what comes next; false, with nothing pushed, if another was faster. */
static bool luafifo_out(lua_State *L, lua_Integer n, struct luafifo_next *next)
{
	char buf[LUNATIK_SHORTSTRING], *to = buf;
	unsigned long flags;
	struct luafifo *fifo = luafifo_lock(L, &flags);
	bool empty = kfifo_is_empty(&fifo->kfifo);

	*next = luafifo_peek(fifo, n);
	if (next->whole && next->len <= sizeof(buf))
		luafifo_copy(fifo, next, buf);
	guard_drop(&fifo->lock, flags);

	if (!next->whole) {
		if (!empty)
			luaL_error(L, "what the fifo holds is no whole record");
		lua_pushnil(L);
		return true;
	}
	if (next->len <= sizeof(buf)) {
		lua_pushlstring(L, buf, next->len);
		if (luafifo_take(L, next, NULL))
			return true;
	} else {
		to = lunatik_newstring(L, next->len);
		if (luafifo_take(L, next, to))
			return true;
		memset(to, 0, next->len);
	}
	lua_pop(L, 1);
	return false;
}

static size_t luafifo_get(lua_State *L, lua_Integer n)
{
	struct luafifo_next next;

	while (!luafifo_out(L, n, &next))
		lunatik_checkpoint(L);
	return next.len;
}

/* pop(n): what is there, at most n bytes, and how many that are */
static int luafifo_pop(lua_State *L)
{
	lua_Integer n = luaL_checkinteger(L, 2);

	luaL_argcheck(L, n >= 0, 2, "the number of bytes must not be negative");
	lua_pushinteger(L, luafifo_get(L, n));
	return 2;
}

/* poprecord(): the next record, nil if there is none */
static int luafifo_poprecord(lua_State *L)
{
	luafifo_get(L, -1);
	return 1;
}

/* --- the object */

/* Whoever comes later finds it closed. Returns what is to be freed. */
static char *luafifo_empty(lua_State *L, struct luafifo *fifo, size_t *size)
{
	unsigned long flags;
	char *buffer;

	guard_lock(L, &fifo->lock, &flags);
	buffer = fifo->buffer;
	*size = kfifo_size(&fifo->kfifo);
	fifo->buffer = NULL;
	guard_drop(&fifo->lock, flags);
	return buffer;
}

/* close(); one that is closed stays so */
static int luafifo_close(lua_State *L)
{
	size_t size;
	char *buffer;

	/* kfree() may be what a probe has interrupted; it goes with the object else */
	if (lunatik_isready(L) && (lunatik_toruntime(L)->opt & LUNATIK_OPT_HARDIRQ))
		return luaL_error(L, "a fifo cannot be closed with interrupts off");
	buffer = luafifo_empty(L, luafifo_of(L), &size);
	memory_free(&luafifo_memory, buffer, size);
	return 0;
}

static void luafifo_release(void *private)
{
	struct luafifo *fifo = private;

	memory_free(&luafifo_memory, fifo->buffer, kfifo_size(&fifo->kfifo));
}

static const luaL_Reg luafifo_methods[] = {
	{"push", luafifo_push},
	{"pop", luafifo_pop},
	{"pushrecord", luafifo_pushrecord},
	{"poprecord", luafifo_poprecord},
	{"close", luafifo_close},
	{"__close", luafifo_close},
	{NULL, NULL}
};

static const lunatik_class_t luafifo_class = {
	.name = "fifo",
	.methods = luafifo_methods,
	.release = luafifo_release,
	.opt = LUNATIK_OPT_HARDIRQ,
};

/* new(bytes): room for as many, or for the next power of two */
static int luafifo_new(lua_State *L)
{
	lua_Integer bytes = luaL_checkinteger(L, 1);
	struct luafifo *fifo;
	size_t size;

	if (bytes < 1 || bytes > LUAFIFO_MAX)
		return luaL_error(L, "size of a fifo must be from 1 to %d bytes, not %I",
				  LUAFIFO_MAX, (LUAI_UACINT)bytes);
	fifo = lunatik_newobject(L, &luafifo_class, sizeof(*fifo), LUNATIK_OPT_NONE)->private;
	raw_spin_lock_init(&fifo->lock);
	size = max(roundup_pow_of_two(bytes), 2UL);	/* kfifo's least */
	fifo->buffer = memory_alloc(L, &luafifo_memory, size);
	if (!fifo->buffer)
		lunatik_throw(L, -ENOMEM);
	kfifo_init(&fifo->kfifo, fifo->buffer, size);
	return 1;
}

static const luaL_Reg luafifo_lib[] = {
	{"new", luafifo_new},
	{NULL, NULL}
};

LUNATIK_CLASSES(fifo, &luafifo_class);
LUNATIK_NEWLIB(fifo, luafifo_lib, luafifo_classes);

static int __init luafifo_module_init(void)
{
	memory_init(&luafifo_memory);
	return 0;
}

static void __exit luafifo_module_exit(void)
{
}

module_init(luafifo_module_init);
module_exit(luafifo_module_exit);
MODULE_DESCRIPTION("queues for Lua scripts in the kernel");
MODULE_AUTHOR("Lunatik for Debian");
MODULE_VERSION(LUNATIK_VERSION);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_ALIAS("lunatik-fifo");
