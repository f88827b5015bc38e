/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * luarcu.h: the RCU table, for modules that read and write it from C.
 *
 * A table maps keys, which are bytes with a length, to values. Readers take no
 * lock; writers of different buckets do not meet; no update waits for a grace
 * period. See luarcu(7) for what a reader may assume.
 *
 * A table is a Lunatik object: it is counted, lunatik_cloneobject() hands it
 * to a script, lunatik_putobject() gives it back.
 *
 * Contexts, as in lunatik.h: P process, may sleep; S also softirq; H also
 * hardirq. Every function here may be called in all of them, unless it says
 * otherwise, with @gfp for what the caller may do: GFP_KERNEL or GFP_ATOMIC.
 * Where interrupts are off an element comes from a reserve that is filled
 * beforehand, so that a probe inside the allocator may write; it holds at most
 * LUARCU_RESERVED bytes of key and string together.
 */
#ifndef LUARCU_H
#define LUARCU_H

#include <linux/string.h>

#include <lunatik.h>

/* entries that a table is made for, if nobody says; and at most */
#ifndef LUARCU_SIZE
#define LUARCU_SIZE		256
#endif
#define LUARCU_MAXSIZE		(1 << 20)
#define LUARCU_MAXKEY		(1 << 20)	/* bytes; it is compared with interrupts off */
#define LUARCU_RESERVED		184	/* a slab of 256 bytes, all told */

enum tvalue_type {
	TVALUE_NIL,
	TVALUE_BOOLEAN,
	TVALUE_INTEGER,
	TVALUE_STRING,
	TVALUE_OBJECT,
};

/*
 * A value. The bytes of a string belong to whoever made the value. An object
 * in a value that was read comes with a reference if the function says so.
 * Spec: rcu, "struct tvalue".
 */
struct tvalue {
	enum tvalue_type type;
	union {
		bool boolean;
		s64 integer;
		struct {
			const char *bytes;
			size_t len;
		} string;
		lunatik_object_t *object;
	};
};

#define LUARCU_NIL \
	((struct tvalue){ .type = TVALUE_NIL })
#define LUARCU_BOOLEAN(b) \
	((struct tvalue){ .type = TVALUE_BOOLEAN, .boolean = (b) })
#define LUARCU_INTEGER(n) \
	((struct tvalue){ .type = TVALUE_INTEGER, .integer = (n) })
#define LUARCU_STRING(s, l) \
	((struct tvalue){ .type = TVALUE_STRING, .string = { .bytes = (s), .len = (l) } })
#define LUARCU_OBJECT(o) \
	((struct tvalue){ .type = TVALUE_OBJECT, .object = (o) })

/* A key and its hash. luarcu_key() makes one; Lua has the hash already. */
struct luarcu_key {
	const char *bytes;
	size_t len;
	u32 hash;
};

static inline struct luarcu_key luarcu_key(const char *bytes, size_t len)
{
	return (struct luarcu_key){ bytes, len, lunatik_hashbytes(bytes, len) };
}

/* --- tables of a module's own */

/*
 * A new table, for about @size entries; it grows, and shrinks not below that.
 * The caller has the one reference. Returns ERR_PTR(-EINVAL) for a size of 0 or
 * over LUARCU_MAXSIZE, ERR_PTR(-ENOMEM) without memory. Spec: ours.
 */
lunatik_object_t *luarcu_create_by(unsigned long size, gfp_t gfp, struct module *by);

static inline lunatik_object_t *luarcu_create(unsigned long size, gfp_t gfp)
{
	return luarcu_create_by(size, gfp, THIS_MODULE);
}

/*
 * The table at stack index @i; raises if it is none.
 * Context: that of the runtime. Spec: ours.
 */
lunatik_object_t *luarcu_checktable(lua_State *L, int i);

/*
 * The global table, which scripts see as rcu. No reference is taken: it lives
 * as long as luarcu.ko is loaded. Spec: ours.
 */
lunatik_object_t *luarcu_global(void);

/*
 * Gets the value of a key: 0, or -ENOENT with @value nil. A string is copied to
 * @buf; if its @size bytes are too few, -ENOSPC, with the length that is wanted
 * in @value. An object comes with a reference, the caller's. Spec: ours.
 */
int luarcu_get_by(lunatik_object_t *table, const struct luarcu_key *key,
	struct tvalue *value, char *buf, size_t size, struct module *by);

static inline int luarcu_get(lunatik_object_t *table, const struct luarcu_key *key,
	struct tvalue *value, char *buf, size_t size)
{
	return luarcu_get_by(table, key, value, buf, size, THIS_MODULE);
}

/*
 * Sets the value of a key, whether it is there or not; nil deletes it. The
 * string is copied, of an object one more reference is taken. Returns 0;
 * -ENOMEM without memory; -EINVAL for a key over LUARCU_MAXKEY bytes, an object
 * that is SINGLE, or the table itself; -EBUSY in a probe that has hit who holds
 * the same lock. Spec: ours.
 */
int luarcu_set(lunatik_object_t *table, const struct luarcu_key *key,
	const struct tvalue *value, gfp_t gfp);

/* The same if the key is not there; else returns -EEXIST. Spec: ours. */
int luarcu_insert(lunatik_object_t *table, const struct luarcu_key *key,
	const struct tvalue *value, gfp_t gfp);

/*
 * The same if the value is @old, as Lua compares; else returns -EAGAIN. Nil as @old
 * means that the key is not there. Spec: ours.
 */
int luarcu_cas(lunatik_object_t *table, const struct luarcu_key *key,
	const struct tvalue *old, const struct tvalue *value, gfp_t gfp);

/* Deletes a key: 0, -ENOENT, or -EBUSY as luarcu_set(). Spec: ours. */
int luarcu_delete(lunatik_object_t *table, const struct luarcu_key *key);

/*
 * Adds @n to the integer of a key, which counts as 0 if it is not there, and
 * wraps around. @result, if not NULL, gets the sum. Nothing is allocated for a
 * key that is there. Returns 0; -EINVAL if the value is no integer; -ENOMEM;
 * -EBUSY as luarcu_set(). Spec: ours.
 */
int luarcu_add(lunatik_object_t *table, const struct luarcu_key *key, s64 n,
	s64 *result, gfp_t gfp);

/* How many entries there are; of a table in use, a moment ago. Spec: ours. */
unsigned long luarcu_count(lunatik_object_t *table);

/*
 * Calls fn(key, value, arg) for each entry, in no order, inside
 * rcu_read_lock(): it must not sleep; key and value are valid in it only. An
 * object comes without a reference: lunatik_getobject_maybe() takes one. It may
 * change the table, as may everybody else: an entry that is there throughout is
 * seen exactly once, others once or not at all. Returns 0, or what @fn
 * returned if that was not 0, which ends the walk. Spec: ours.
 */
int luarcu_foreach(lunatik_object_t *table,
	int (*fn)(const struct luarcu_key *key, const struct tvalue *value, void *arg),
	void *arg);

/* --- the functions of spec/rcu.txt, on the global table */

struct element;

/* What these take as @idx: the hash of a key that ends with NUL. Spec: rcu, "idx". */
static inline int rcu_idx(const char *key)
{
	return lunatik_hashbytes(key, strlen(key));
}

/*
 * The element of @key, or NULL. It is valid until rcu_read_unlock().
 * Context: inside rcu_read_lock(). Spec: rcu, "rcu_search_element".
 */
struct element *rcu_search_element(const char *key, int idx);

/*
 * The value of an element. The bytes of a string are valid as long as the
 * element; an object comes without a reference: lunatik_getobject_maybe()
 * takes one. Context: inside rcu_read_lock(). Spec: ours.
 */
void rcu_element_value(const struct element *e, struct tvalue *value);

/*
 * Adds a key. Memory is allocated as the runtime of @L may, or with GFP_ATOMIC
 * if @L is NULL. Returns 0; -EEXIST if the key is there; -EINVAL if @idx is not
 * that of the key; else as luarcu_set(). Context: any. Spec: rcu,
 * "rcu_add_element".
 */
int rcu_add_element(lua_State *L, const char *key, struct tvalue value, int idx);

/*
 * Deletes an element. Returns 0; -ENOENT if it is not in the table any more;
 * -EINVAL if @idx is not that of its key; -EBUSY as luarcu_set().
 * Context: inside rcu_read_lock(). Spec: rcu, "rcu_delete_element".
 */
int rcu_delete_element(struct element *e, int idx);

/*
 * Replaces the value of an element, in one step for readers; nil deletes it.
 * The table may have another element in its place then. Memory is allocated
 * with GFP_ATOMIC, since the caller is inside rcu_read_lock(); @L may be NULL.
 * Returns as rcu_delete_element(), or as luarcu_set().
 * Context: inside rcu_read_lock(). Spec: rcu, "rcu_replace_element".
 */
int rcu_replace_element(lua_State *L, struct element *e, struct tvalue new_value, int idx);

#endif
