/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * luadata.h: a binding lends scripts memory of its own, such as a packet, for as long as
 * one call takes. What scripts make of it is in data(3lua).
 */
#ifndef LUADATA_H
#define LUADATA_H

#include <lunatik.h>

#define LUADATA_READONLY	(1 << 0)	/* set methods raise */

/*
 * Pushes a data object without memory and returns it. @opt: LUNATIK_OPT_SINGLE for one
 * that stays in its runtime, as what is lent to a hook should; else LUNATIK_OPT_NONE.
 * Context: that of the runtime. Raises without memory.
 */
lunatik_object_t *luadata_new(lua_State *L, lunatik_opt_t opt);

/*
 * From now on the object stands for @size bytes at @bytes, which stay there until
 * luadata_takeback() or another luadata_lend(). @flags: LUADATA_READONLY or 0. Scripts
 * cannot resize it.
 * Context: any; of a SINGLE object, inside its runtime, or with the runtime's lock.
 * Returns 0; -EINVAL for an object that a script has made by data.new(), which has memory
 * of its own; -EBUSY if this is a probe inside of one of its methods on this CPU.
 */
int __must_check luadata_lend(lunatik_object_t *object, void *bytes, size_t size,
			      unsigned int flags);

/*
 * From now on it has no bytes: nobody reads or writes them after this, and who tries
 * gets an error. Context: as luadata_lend(). Returns as that.
 */
int luadata_takeback(lunatik_object_t *object);

/* The data object at index @ix of the stack; raises for anything else. Context: any. */
lunatik_object_t *luadata_check(lua_State *L, int ix);

#endif
