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

static void *lunatik_allocate(struct lunatik_runtime *rt, size_t size)
{
	gfp_t gfp = rt->gfp | __GFP_NOWARN;

	if (!rt->maysleep)
		return size <= KMALLOC_MAX_SIZE ? kmalloc(size, gfp) : NULL;
	return kvmalloc(size, gfp | __GFP_RETRY_MAYFAIL);
}

void *lunatik_alloc(void *ud, void *ptr, size_t osize, size_t nsize)
{
	struct lunatik_runtime *rt = ud;
	void *new;

	if (!ptr)
		osize = 0;	/* Lua says there what the block is for */

	if (nsize == 0) {
		rt->memory -= osize;
		kvfree(ptr);
		return NULL;
	}

	if (nsize > osize &&
	    (rt->memory > rt->quota || nsize - osize > rt->quota - rt->memory))
		return NULL;

	/* little would be won */
	if (nsize < osize && nsize > osize / 2)
		goto keep;

	new = lunatik_allocate(rt, nsize);
	if (!new) {
		if (nsize > osize)
			return NULL;
		goto keep;
	}
	if (ptr) {
		memcpy(new, ptr, min(osize, nsize));
		kvfree(ptr);
	}
	ptr = new;
keep:
	rt->memory += nsize - osize;
	return ptr;
}
