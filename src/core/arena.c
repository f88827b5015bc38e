// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The memory of a hardirq runtime: a piece of its own, from which its handlers
 * allocate. They may run in a probe inside the kernel's allocator, so they do
 * not call it.
 *
 * A buddy allocator. Blocks are powers of two times ARENA_BLOCK bytes, at
 * multiples of their size; a free one is on the list of its order. The size
 * of a block in use is not kept: Lua knows it. The runtime's lock is held.
 */
#include <linux/list.h>
#include <linux/log2.h>
#include <linux/mm.h>

#include "core.h"

#define ARENA_BLOCK	32	/* holds a list_head */
#define ARENA_ORDERS	20

struct lunatik_arena {
	void *memory;
	size_t blocks;			/* a power of two */
	struct list_head free[ARENA_ORDERS];
	u8 order[];			/* of the free block that begins there, plus 1 */
};

static unsigned int arena_order(size_t size)
{
	return size <= ARENA_BLOCK ? 0 : order_base_2(DIV_ROUND_UP(size, ARENA_BLOCK));
}

static size_t arena_index(struct lunatik_arena *arena, const void *ptr)
{
	return (ptr - arena->memory) / ARENA_BLOCK;
}

static struct list_head *arena_at(struct lunatik_arena *arena, size_t index)
{
	return arena->memory + index * ARENA_BLOCK;
}

static void arena_insert(struct lunatik_arena *arena, size_t index, unsigned int order)
{
	list_add(arena_at(arena, index), &arena->free[order]);
	arena->order[index] = order + 1;
}

static void arena_remove(struct lunatik_arena *arena, size_t index)
{
	list_del(arena_at(arena, index));
	arena->order[index] = 0;
}

bool lunatik_inarena(struct lunatik_arena *arena, const void *ptr)
{
	return arena && ptr >= arena->memory &&
	       ptr < arena->memory + arena->blocks * ARENA_BLOCK;
}

void *lunatik_arena_alloc(struct lunatik_arena *arena, size_t size)
{
	unsigned int want = arena_order(size), order = want;
	size_t index;

	if (size > arena->blocks * ARENA_BLOCK)
		return NULL;
	while (order < ARENA_ORDERS && list_empty(&arena->free[order]))
		order++;
	if (order == ARENA_ORDERS)
		return NULL;

	index = arena_index(arena, arena->free[order].next);
	arena_remove(arena, index);
	while (order > want) {		/* the upper halves stay free */
		order--;
		arena_insert(arena, index + (1ul << order), order);
	}
	return arena_at(arena, index);
}

void lunatik_arena_free(struct lunatik_arena *arena, void *ptr, size_t size)
{
	unsigned int order = arena_order(size);
	size_t index = arena_index(arena, ptr);

	while (1ul << order < arena->blocks) {
		size_t buddy = index ^ (1ul << order);

		if (arena->order[buddy] != order + 1)
			break;
		arena_remove(arena, buddy);
		index &= ~(1ul << order);
		order++;
	}
	arena_insert(arena, index, order);
}

/* A block that stays where it is gives back its end. */
void lunatik_arena_shrink(struct lunatik_arena *arena, void *ptr, size_t from, size_t to)
{
	unsigned int order = arena_order(from), end = arena_order(to);
	size_t index = arena_index(arena, ptr);

	while (order > end) {
		order--;
		arena_insert(arena, index + (1ul << order), order);
	}
}

struct lunatik_arena *lunatik_arena_create(size_t size)
{
	size_t blocks = rounddown_pow_of_two(max_t(size_t, size / ARENA_BLOCK, 1));
	struct lunatik_arena *arena;
	int i;

	blocks = min_t(size_t, blocks, 1ul << (ARENA_ORDERS - 1));
	arena = kvzalloc(struct_size(arena, order, blocks), GFP_KERNEL | LUNATIK_GFP);
	if (!arena)
		return NULL;
	arena->blocks = blocks;
	arena->memory = kvzalloc(blocks * ARENA_BLOCK, GFP_KERNEL | LUNATIK_GFP);
	if (!arena->memory) {
		kvfree(arena);
		return NULL;
	}
	for (i = 0; i < ARENA_ORDERS; i++)
		INIT_LIST_HEAD(&arena->free[i]);
	arena_insert(arena, 0, ilog2(blocks));
	return arena;
}

void lunatik_arena_destroy(struct lunatik_arena *arena)
{
	if (!arena)
		return;
	kvfree(arena->memory);
	kvfree(arena);
}
