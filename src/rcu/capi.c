// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The C API of luarcu.h, as far as it is not in the files that do the work:
 * updates, and the functions of spec/rcu.txt.
 */
#include <linux/err.h>
#include <linux/module.h>

#include "table.h"

/* --- tables */

lunatik_object_t *luarcu_create_by(unsigned long size, gfp_t gfp, struct module *by)
{
	lunatik_object_t *object;

	if (size < 1 || size > LUARCU_MAXSIZE)
		return ERR_PTR(-EINVAL);
	object = luarcu_create_as(&luarcu_class, size, gfp);
	if (!object)
		return ERR_PTR(-ENOMEM);
	/* the reference is the caller's, who keeps this module by it */
	lunatik_getobject_by(object, by);
	lunatik_putobject(object);
	return object;
}
EXPORT_SYMBOL_GPL(luarcu_create_by);

unsigned long luarcu_count(lunatik_object_t *object)
{
	return luarcu_sum(object->private);
}
EXPORT_SYMBOL_GPL(luarcu_count);

/* What may be stored; Lua's side has its own sentences for it. */
static int luarcu_check(lunatik_object_t *table, const struct luarcu_key *key,
			const struct tvalue *value)
{
	if (key->len > LUARCU_MAXKEY)
		return -EINVAL;
	if (value->type == TVALUE_OBJECT &&
	    (value->object->opt & LUNATIK_OPT_SINGLE || value->object == table))
		return -EINVAL;
	return 0;
}

static int luarcu_change(lunatik_object_t *table, const struct luarcu_key *key,
			 const struct tvalue *value, const struct luarcu_cond *cond, gfp_t gfp)
{
	int ret = luarcu_check(table, key, value);

	return ret ?: luarcu_update(table->private, key, value, cond, gfp);
}

int luarcu_set(lunatik_object_t *table, const struct luarcu_key *key,
	       const struct tvalue *value, gfp_t gfp)
{
	int ret = luarcu_change(table, key, value, NULL, gfp);

	return ret == -ENOENT ? 0 : ret;	/* nil, and it was not there */
}
EXPORT_SYMBOL_GPL(luarcu_set);

int luarcu_insert(lunatik_object_t *table, const struct luarcu_key *key,
		  const struct tvalue *value, gfp_t gfp)
{
	struct luarcu_cond cond = { .absent = true };
	int ret = luarcu_change(table, key, value, &cond, gfp);

	return ret == -ENOENT ? 0 : ret;
}
EXPORT_SYMBOL_GPL(luarcu_insert);

int luarcu_cas(lunatik_object_t *table, const struct luarcu_key *key,
	       const struct tvalue *old, const struct tvalue *value, gfp_t gfp)
{
	struct luarcu_cond cond = { .old = old };
	int ret = luarcu_change(table, key, value, &cond, gfp);

	return ret == -ENOENT ? 0 : ret;	/* nil for nil */
}
EXPORT_SYMBOL_GPL(luarcu_cas);

int luarcu_delete(lunatik_object_t *table, const struct luarcu_key *key)
{
	return luarcu_update(table->private, key, &LUARCU_NIL, NULL, GFP_ATOMIC);
}
EXPORT_SYMBOL_GPL(luarcu_delete);

/* --- spec/rcu.txt */

static struct luarcu_key rcu_key(const char *key, int idx)
{
	return (struct luarcu_key){ .bytes = key, .len = strlen(key), .hash = idx };
}

struct element *rcu_search_element(const char *key, int idx)
{
	struct luarcu_key k = rcu_key(key, idx);

	return luarcu_lookup(luarcu_global()->private, &k);
}
EXPORT_SYMBOL_GPL(rcu_search_element);

void rcu_element_value(const struct element *e, struct tvalue *value)
{
	luarcu_peek(e, value);
}
EXPORT_SYMBOL_GPL(rcu_element_value);

int rcu_add_element(lua_State *L, const char *key, struct tvalue value, int idx)
{
	struct luarcu_key k = rcu_key(key, idx);

	if (idx != rcu_idx(key))	/* nobody would find it */
		return -EINVAL;
	return luarcu_insert(luarcu_global(), &k, &value, L ? lunatik_gfp(L) : GFP_ATOMIC);
}
EXPORT_SYMBOL_GPL(rcu_add_element);

static int rcu_change_element(struct element *e, const struct tvalue *value, int idx)
{
	struct luarcu_key key = { .bytes = e->bytes, .len = e->keylen, .hash = idx };
	struct luarcu_cond cond = { .only = e };

	if ((u32)idx != e->hash)
		return -EINVAL;
	return luarcu_change(luarcu_global(), &key, value, &cond, GFP_ATOMIC);
}

int rcu_delete_element(struct element *e, int idx)
{
	return rcu_change_element(e, &LUARCU_NIL, idx);
}
EXPORT_SYMBOL_GPL(rcu_delete_element);

int rcu_replace_element(lua_State *L, struct element *e, struct tvalue new_value, int idx)
{
	return rcu_change_element(e, &new_value, idx);
}
EXPORT_SYMBOL_GPL(rcu_replace_element);
