// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Lua's allocator: what a runtime holds is counted, and bounded by its quota.
 *
 * A request over the quota, or that the kernel cannot meet, returns NULL: Lua
 * collects garbage, tries once more and raises "not enough memory". No request
 * wakes the OOM killer or warns. A shrink never fails.
 */
#include <linux/mm.h>
#include <linux/slab.h>
#include <linux/string.h>

#include "core.h"

/* In a handler of a hardirq runtime, maybe inside the kernel's allocator. */
static bool lunatik_inhardirq(struct lunatik_runtime *rt)
{
	return rt->arena && rt->level == LUNATIK_LEVEL_HARDIRQ;
}

static void *lunatik_allocate(struct lunatik_runtime *rt, size_t size)
{
	if (lunatik_inhardirq(rt))
		return lunatik_arena_alloc(rt->arena, size);
	size = max(size, sizeof(struct llist_node));	/* for lunatik_freelater() */
	if (rt->level)
		return size <= KMALLOC_MAX_SIZE ?
		       kmalloc(size, GFP_ATOMIC | __GFP_NOWARN) : NULL;
	/* to look for memory elsewhere takes more stack than is left */
	if (LUNATIK_BOUNDED && unlikely(lunatik_isdeep(rt)))
		return size <= KMALLOC_MAX_SIZE ?
		       kmalloc(size, GFP_NOWAIT | __GFP_NOWARN) : NULL;
	return kvmalloc(size, GFP_KERNEL | LUNATIK_GFP);
}

static void lunatik_release_memory(struct lunatik_runtime *rt, void *ptr, size_t size)
{
	if (lunatik_inarena(rt->arena, ptr))
		lunatik_arena_free(rt->arena, ptr, size);
	else if (lunatik_inhardirq(rt) ||
		 (rt->level == LUNATIK_LEVEL_HARDIRQ && is_vmalloc_addr(ptr)))
		lunatik_freelater(ptr);
	else
		kvfree(ptr);
}

/* While Lua allocates a state is not whole; see lunatik_isloading(). */
static void lunatik_setallocating(struct lunatik_runtime *rt, bool allocating)
{
	if (!IS_ENABLED(CONFIG_PREEMPT_COUNT))
		WRITE_ONCE(rt->allocating, allocating);
}

void *lunatik_alloc(void *ud, void *ptr, size_t osize, size_t nsize)
{
	struct lunatik_runtime *rt = ud;
	void *new;

	if (!ptr)
		osize = 0;	/* Lua says there what the block is for */

	if (nsize == 0) {
		rt->memory -= osize;
		if (ptr) {
			lunatik_setallocating(rt, true);
			lunatik_release_memory(rt, ptr, osize);
			lunatik_setallocating(rt, false);
		}
		if (LUNATIK_BOUNDED && unlikely(rt->granted - rt->memory > 2 * LUNATIK_SPARE))
			lunatik_ungrant(rt);
		return NULL;
	}

	/* never more is held than was granted */
	if (LUNATIK_BOUNDED && nsize > osize && nsize - osize > rt->granted - rt->memory &&
	    !lunatik_grant(rt, nsize - osize))
		return NULL;

	if (nsize <= osize && lunatik_inarena(rt->arena, ptr)) {
		lunatik_arena_shrink(rt->arena, ptr, osize, nsize);
		goto keep;
	}
	/* little would be won */
	if (nsize < osize && nsize > osize / 2)
		goto keep;

	lunatik_setallocating(rt, true);
	new = lunatik_allocate(rt, nsize);
	if (new && ptr) {
		memcpy(new, ptr, min(osize, nsize));
		lunatik_release_memory(rt, ptr, osize);
	}
	lunatik_setallocating(rt, false);
	if (!new) {
		if (nsize > osize)
			return NULL;
		goto keep;
	}
	if (!ptr && !rt->L)
		memset(new, 0, nsize);	/* a state in the making knows no runtime */
	ptr = new;
keep:
	rt->memory += nsize - osize;
	if (LUNATIK_BOUNDED && rt->memory > rt->peak)
		rt->peak = rt->memory;
	return ptr;
}

/* Whether the runtime may hold that much more; what it may not is refused. */
static bool lunatik_mayhold(lua_State *L, size_t size)
{
	struct lunatik_runtime *rt = lunatik_runtimeof(L);

	return size <= KMALLOC_MAX_SIZE && rt->memory <= rt->quota &&
	       size <= rt->quota - rt->memory;
}

void *lunatik_malloc(lua_State *L, size_t size)
{
	if (!lunatik_mayhold(L, size))
		return NULL;
	return kmalloc(size, lunatik_gfp(L) | LUNATIK_GFP);
}
EXPORT_SYMBOL_GPL(lunatik_malloc);

void *lunatik_realloc(lua_State *L, void *ptr, size_t size)
{
	if (!lunatik_mayhold(L, size))
		return NULL;
	return krealloc(ptr, size, lunatik_gfp(L) | LUNATIK_GFP);
}
EXPORT_SYMBOL_GPL(lunatik_realloc);
