/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Memory of objects, which no runtime's quota counts since an object may outlive the
 * runtime that made it: a binding has a limit for all of its objects together. Lua sees
 * none of it, so its collector is told, and runs before a script is refused.
 */
#ifndef LUNATIK_BINDINGS_MEMORY_H
#define LUNATIK_BINDINGS_MEMORY_H

#include <linux/atomic.h>
#include <linux/mm.h>
#include <linux/slab.h>

#include <lunatik.h>

struct memory {
	atomic_long_t held;
	unsigned long limit;	/* bytes; 0 until memory_init() */
};

/* A 16th part of the machine's memory, if the parameter does not say. */
static inline void memory_init(struct memory *memory)
{
	if (!memory->limit)
		memory->limit = totalram_pages() / 16 << PAGE_SHIFT;
}

static inline bool memory_charge(struct memory *memory, size_t size)
{
	if (atomic_long_add_return(size, &memory->held) <= READ_ONCE(memory->limit))
		return true;
	atomic_long_sub(size, &memory->held);
	return false;
}

/* Gives back what memory_alloc() returned, or NULL. Context: any. */
static inline void memory_free(struct memory *memory, void *ptr, size_t size)
{
	if (!ptr)
		return;
	kfree(ptr);
	atomic_long_sub(size, &memory->held);
}

/*
 * Zeroed memory, no more than the runtime of @L may still hold; NULL without.
 * Context: P, S: a handler of a hardirq runtime may have interrupted the allocator.
 */
static inline void *memory_alloc(lua_State *L, struct memory *memory, size_t size)
{
	void *ptr;

	if (lunatik_isready(L) && (lunatik_toruntime(L)->opt & LUNATIK_OPT_HARDIRQ))
		luaL_error(L, "no memory can be had with interrupts off, make the object when the script is loaded");
	if (lunatik_maysleep(L) && lua_gc(L, LUA_GCISRUNNING))
		lua_gc(L, LUA_GCSTEP, (int)(size >> 10) + 1);	/* kB; 0 is a step */
	if (!memory_charge(memory, size)) {
		if (!lunatik_maysleep(L))
			return NULL;
		lua_gc(L, LUA_GCCOLLECT);
		if (!memory_charge(memory, size))
			return NULL;
	}
	ptr = lunatik_malloc(L, size);
	if (!ptr) {
		atomic_long_sub(size, &memory->held);
		return NULL;
	}
	return memset(ptr, 0, size);
}

#endif
