// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * data: a piece of memory that scripts read and write as integers and strings.
 *
 *	local d = require("data").new(16)
 *	d:setuint32(0, 7)
 *	d:setstring(4, "text")
 *
 * It is for every context. One that runtimes may share has a lock, which is held for a
 * copy of LUADATA_PIECE bytes at most; one that is private to its runtime needs none. All
 * that can raise comes before or after.
 */
#include <linux/build_bug.h>
#include <linux/module.h>
#include <linux/string.h>
#include <net/checksum.h>

#include <luadata.h>

#include "guard.h"
#include "memory.h"

#define LUADATA_MAX	(1 << 20)	/* bytes of one object; no more than kmalloc() gives */
#define LUADATA_PIECE	(64 << 10)	/* bytes that are copied with interrupts off */

struct luadata {
	raw_spinlock_t lock;	/* unless the object is SINGLE */
	char *bytes;
	size_t size;		/* that scripts see */
	size_t capacity;	/* of our own; 0 if the bytes are lent */
	bool lent;
	bool readonly;
};

static struct memory luadata_memory;
module_param_named(memory, luadata_memory.limit, ulong, 0644);
MODULE_PARM_DESC(memory, "bytes that all data objects may hold (default a 16th of memory)");

/* --- its bytes */

static bool luadata_islocked(const lunatik_object_t *object)
{
	return !(object->opt & LUNATIK_OPT_SINGLE);
}

/* To sparse one without a lock has it as well. */
static struct luadata *luadata_lock(lua_State *L, lunatik_object_t *object, unsigned long *flags)
	__acquires(&data->lock)
{
	struct luadata *data = object->private;

	if (luadata_islocked(object))
		guard_lock(L, &data->lock, flags);
	else
		__acquire(&data->lock);
	return data;
}

/* Returns whether it was taken. */
static inline bool luadata_take(lunatik_object_t *object, unsigned long *flags)
{
	struct luadata *data = object->private;

	if (luadata_islocked(object))
		return guard_take(&data->lock, flags);
	__acquire(&data->lock);
	return true;
}

static void luadata_unlock(lunatik_object_t *object, unsigned long flags)
	__releases(&data->lock)
{
	struct luadata *data = object->private;

	if (luadata_islocked(object))
		guard_drop(&data->lock, flags);
	else
		__release(&data->lock);
}

static bool luadata_isin(const struct luadata *data, lua_Integer offset, size_t len)
{
	return offset >= 0 && offset <= data->size && len <= data->size - offset;
}

static noinline void luadata_raiseout(lua_State *L, lua_Integer offset, size_t len, size_t size)
{
	luaL_error(L, "out of bounds: %I bytes at offset %I of %I", (LUAI_UACINT)len,
		   (LUAI_UACINT)offset, (LUAI_UACINT)size);
}

/* Copies @len bytes out of the object at index 1; raises if it does not have them all. */
static __always_inline void luadata_read(lua_State *L, lua_Integer offset, void *to, size_t len)
{
	lunatik_object_t *object = lunatik_toobject(L, 1);
	unsigned long flags = 0;
	struct luadata *data = luadata_lock(L, object, &flags);
	size_t size = data->size;
	bool inside = luadata_isin(data, offset, len);

	if (likely(inside))
		memcpy(to, data->bytes + offset, len);
	luadata_unlock(object, flags);
	if (unlikely(!inside))
		luadata_raiseout(L, offset, len, size);
}

/* The same into it; with @from NULL it only looks whether that would do. */
static __always_inline void luadata_write(lua_State *L, lua_Integer offset, const void *from,
					  size_t len)
{
	lunatik_object_t *object = lunatik_toobject(L, 1);
	unsigned long flags = 0;
	struct luadata *data = luadata_lock(L, object, &flags);
	size_t size = data->size;
	bool inside = luadata_isin(data, offset, len), readonly = data->readonly;

	if (likely(inside && !readonly && from))
		memcpy(data->bytes + offset, from, len);
	luadata_unlock(object, flags);
	if (unlikely(readonly))
		luaL_error(L, "the data is read-only");
	if (unlikely(!inside))
		luadata_raiseout(L, offset, len, size);
}

static size_t luadata_size(lua_State *L)
{
	lunatik_object_t *object = lunatik_toobject(L, 1);
	unsigned long flags = 0;
	size_t size = luadata_lock(L, object, &flags)->size;

	luadata_unlock(object, flags);
	return size;
}

/* The length at index @i, by default all from @offset on, which is in the data then. */
static size_t luadata_optlength(lua_State *L, int i, lua_Integer offset)
{
	lua_Integer len;

	if (lua_isnoneornil(L, i)) {
		size_t size = luadata_size(L);

		if (offset < 0 || offset > size)
			luadata_raiseout(L, offset, 0, size);
		return size - offset;
	}
	len = luaL_checkinteger(L, i);
	luaL_argcheck(L, len >= 0, i, "length must not be negative");
	return len;
}

/* --- integers: of any alignment, in the byte order of the host */

/* A value that does not fit loses its upper bits, as it does when C stores it. */
#define LUADATA_INTEGER(name, T)					\
static int luadata_get##name(lua_State *L)				\
{									\
	T value;							\
									\
	luadata_read(L, luaL_checkinteger(L, 2), &value, sizeof(value)); \
	lua_pushinteger(L, value);					\
	return 1;							\
}									\
									\
static int luadata_set##name(lua_State *L)				\
{									\
	T value = (T)luaL_checkinteger(L, 3);				\
									\
	luadata_write(L, luaL_checkinteger(L, 2), &value, sizeof(value)); \
	return 0;							\
}

LUADATA_INTEGER(byte, u8)
LUADATA_INTEGER(int8, s8)
LUADATA_INTEGER(uint8, u8)
LUADATA_INTEGER(int16, s16)
LUADATA_INTEGER(uint16, u16)
LUADATA_INTEGER(int32, s32)
LUADATA_INTEGER(uint32, u32)
LUADATA_INTEGER(int64, s64)
LUADATA_INTEGER(number, lua_Integer)

/* --- strings */

/* Copies them all to @to, in pieces; 0, -ERANGE if they are not all there, -EBUSY. */
static int luadata_copyout(lunatik_object_t *object, lua_Integer offset, char *to, size_t len)
{
	struct luadata *data = object->private;
	size_t done, n;
	bool inside;

	for (done = 0; done < len; done += n) {
		unsigned long flags = 0;

		n = min_t(size_t, len - done, LUADATA_PIECE);
		if (!luadata_take(object, &flags))
			return -EBUSY;
		inside = luadata_isin(data, offset, len);
		if (inside)
			memcpy(to + done, data->bytes + offset + done, n);
		luadata_unlock(object, flags);
		if (!inside)
			return -ERANGE;
	}
	return 0;
}

static void luadata_pushstring(lua_State *L, lua_Integer offset, size_t len)
{
	char buf[LUNATIK_SHORTSTRING], *to;
	size_t size;
	int ret;

	if (len <= sizeof(buf)) {
		luadata_read(L, offset, buf, len);
		lua_pushlstring(L, buf, len);
		return;
	}
	/* room is made only for what is there; that may run a finalizer */
	size = luadata_size(L);
	if (offset < 0 || offset > size || len > size - offset)
		luadata_raiseout(L, offset, len, size);
	to = lunatik_newstring(L, len);
	ret = luadata_copyout(lunatik_toobject(L, 1), offset, to, len);
	if (ret) {
		memset(to, 0, len);
		luaL_error(L, ret == -EBUSY ? GUARD_BUSY : "the data was resized while it was read");
	}
}

/* getstring(offset[, length]) */
static int luadata_getstring(lua_State *L)
{
	lua_Integer offset = luaL_checkinteger(L, 2);

	luadata_pushstring(L, offset, luadata_optlength(L, 3, offset));
	return 1;
}

/* setstring(offset, string) */
static int luadata_setstring(lua_State *L)
{
	lua_Integer offset = luaL_checkinteger(L, 2);
	size_t done, len, n;
	const char *from = luaL_checklstring(L, 3, &len);

	luadata_write(L, offset, NULL, len);	/* all of it fits, or nothing is written */
	for (done = 0; done < len; done += n) {
		n = min_t(size_t, len - done, LUADATA_PIECE);
		luadata_write(L, offset + done, from + done, n);
	}
	return 0;
}

static int luadata_tostring(lua_State *L)
{
	luadata_pushstring(L, 0, luadata_size(L));
	return 1;
}

static int luadata_len(lua_State *L)
{
	lua_pushinteger(L, luadata_size(L));
	return 1;
}

/* checksum([offset[, length]]): that of the Internet, as it is stored by setuint16() */
static int luadata_checksum(lua_State *L)
{
	lunatik_object_t *object = lunatik_toobject(L, 1);
	lua_Integer offset = luaL_optinteger(L, 2, 0);
	size_t done, n, len = luadata_optlength(L, 3, offset);
	__wsum sum = 0;

	BUILD_BUG_ON(LUADATA_PIECE % 2 != 0);
	for (done = 0; done < len || done == 0; done += n) {
		unsigned long flags = 0;
		struct luadata *data = luadata_lock(L, object, &flags);
		size_t size = data->size;
		bool inside = luadata_isin(data, offset, len);

		n = min_t(size_t, len - done, LUADATA_PIECE);
		if (inside)
			sum = csum_partial(data->bytes + offset + done, n, sum);
		luadata_unlock(object, flags);
		if (!inside)
			luadata_raiseout(L, offset, len, size);
		if (n == 0)
			break;
	}
	lua_pushinteger(L, (__force u16)csum_fold(sum));
	return 1;
}

/* --- its size */

/* Whether @data can have @size bytes where they are; then it does. What is new is zero. */
static bool luadata_fit(struct luadata *data, size_t size)
{
	if (data->lent || size > data->capacity)
		return false;
	if (size > data->size)
		memset(data->bytes + data->size, 0, size - data->size);
	data->size = size;
	return true;
}

/* Gives it @bytes, which are more than it has, for what it had, which is to be freed. */
static char *luadata_move(struct luadata *data, char *bytes, size_t *size)
{
	char *old = data->bytes;

	if (data->size > 0)
		memcpy(bytes, old, data->size);
	data->bytes = bytes;
	data->size = *size;
	swap(data->capacity, *size);
	return old;
}

static size_t luadata_checksize(lua_State *L, int i)
{
	lua_Integer size = luaL_checkinteger(L, i);

	if (size < 0 || size > LUADATA_MAX)
		luaL_error(L, "size of data must be from 0 to %d, not %I", LUADATA_MAX,
			   (LUAI_UACINT)size);
	return size;
}

/* resize(size) */
static int luadata_resize(lua_State *L)
{
	lunatik_object_t *object = lunatik_toobject(L, 1);
	size_t size = luadata_checksize(L, 2);
	unsigned long flags = 0;
	struct luadata *data = luadata_lock(L, object, &flags);
	bool lent = data->lent, done = luadata_fit(data, size);
	char *bytes;

	luadata_unlock(object, flags);
	if (lent)
		luaL_error(L, "the data is lent to the script, it cannot be resized");
	if (done)
		return 0;

	bytes = memory_alloc(L, &luadata_memory, size);
	if (!bytes)
		lunatik_throw(L, -ENOMEM);
	if (!luadata_take(object, &flags)) {
		memory_free(&luadata_memory, bytes, size);
		lunatik_throw(L, -EBUSY);
		__acquire(&data->lock);	/* for sparse: nothing comes back to here */
	}
	/* it may have grown meanwhile */
	if (!luadata_fit(data, size))
		bytes = luadata_move(data, bytes, &size);
	luadata_unlock(object, flags);
	memory_free(&luadata_memory, bytes, size);
	return 0;
}

static void luadata_release(void *private)
{
	struct luadata *data = private;

	if (!data->lent)
		memory_free(&luadata_memory, data->bytes, data->capacity);
}

static const luaL_Reg luadata_methods[] = {
	{"getbyte", luadata_getbyte},
	{"setbyte", luadata_setbyte},
	{"getint8", luadata_getint8},
	{"setint8", luadata_setint8},
	{"getuint8", luadata_getuint8},
	{"setuint8", luadata_setuint8},
	{"getint16", luadata_getint16},
	{"setint16", luadata_setint16},
	{"getuint16", luadata_getuint16},
	{"setuint16", luadata_setuint16},
	{"getint32", luadata_getint32},
	{"setint32", luadata_setint32},
	{"getuint32", luadata_getuint32},
	{"setuint32", luadata_setuint32},
	{"getint64", luadata_getint64},
	{"setint64", luadata_setint64},
	{"getnumber", luadata_getnumber},
	{"setnumber", luadata_setnumber},
	{"getstring", luadata_getstring},
	{"setstring", luadata_setstring},
	{"checksum", luadata_checksum},
	{"resize", luadata_resize},
	{"__len", luadata_len},
	{"__tostring", luadata_tostring},
	{NULL, NULL}
};

static const lunatik_class_t luadata_class = {
	.name = "data",
	.methods = luadata_methods,
	.release = luadata_release,
	.opt = LUNATIK_OPT_HARDIRQ,
};

/* --- for other bindings */

lunatik_object_t *luadata_new(lua_State *L, lunatik_opt_t opt)
{
	lunatik_object_t *object = lunatik_newobject(L, &luadata_class, sizeof(struct luadata),
						     opt & LUNATIK_OPT_SINGLE);
	struct luadata *data = object->private;

	raw_spin_lock_init(&data->lock);
	data->lent = true;
	return object;
}
EXPORT_SYMBOL_GPL(luadata_new);

int luadata_lend(lunatik_object_t *object, void *bytes, size_t size, unsigned int flags)
{
	struct luadata *data = object->private;
	unsigned long irqflags = 0;

	if (!data->lent)
		return -EINVAL;
	if (!luadata_take(object, &irqflags))
		return -EBUSY;
	data->bytes = bytes;
	data->size = size;
	data->readonly = flags & LUADATA_READONLY;
	luadata_unlock(object, irqflags);
	return 0;
}
EXPORT_SYMBOL_GPL(luadata_lend);

int luadata_takeback(lunatik_object_t *object)
{
	return luadata_lend(object, NULL, 0, 0);
}
EXPORT_SYMBOL_GPL(luadata_takeback);

lunatik_object_t *luadata_check(lua_State *L, int ix)
{
	return lunatik_checkclass(L, ix, &luadata_class);
}
EXPORT_SYMBOL_GPL(luadata_check);

/* --- the library */

/* new(size[, "shared"|"single"]) */
static int luadata_lib_new(lua_State *L)
{
	static const char * const options[] = {"shared", "single", NULL};
	static const lunatik_opt_t opts[] = {LUNATIK_OPT_NONE, LUNATIK_OPT_SINGLE};
	size_t size = luadata_checksize(L, 1);
	lunatik_opt_t opt = opts[luaL_checkoption(L, 2, "shared", options)];
	struct luadata *data = luadata_new(L, opt)->private;

	data->lent = false;
	if (size == 0)
		return 1;
	data->bytes = memory_alloc(L, &luadata_memory, size);
	if (!data->bytes)
		lunatik_throw(L, -ENOMEM);
	data->size = size;
	data->capacity = size;
	return 1;
}

static const luaL_Reg luadata_lib[] = {
	{"new", luadata_lib_new},
	{NULL, NULL}
};

LUNATIK_CLASSES(data, &luadata_class);
LUNATIK_NEWLIB(data, luadata_lib, luadata_classes);

static int __init luadata_module_init(void)
{
	memory_init(&luadata_memory);
	return 0;
}

static void __exit luadata_module_exit(void)
{
}

module_init(luadata_module_init);
module_exit(luadata_module_exit);
MODULE_DESCRIPTION("memory for Lua scripts in the kernel");
MODULE_AUTHOR("Lunatik for Debian");
MODULE_VERSION(LUNATIK_VERSION);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_ALIAS("lunatik-data");
