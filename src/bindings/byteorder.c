// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * byteorder: integers of 16, 32 and 64 bits between the byte order of this machine, h, and
 * that of networks, n, which is be, or le. Nothing here sleeps: it is for every context.
 *
 * Of an argument the lower bits count, as when C stores it in so many. Results of 16 and
 * 32 bits are not negative; those of 64 have all the bits that an integer of Lua has.
 */
#include <linux/kernel.h>
#include <linux/module.h>
#include <linux/types.h>
#include <asm/byteorder.h>

#include <lunatik.h>

#define LUABYTEORDER(name, T, convert)					\
static int luabyteorder_##name(lua_State *L)				\
{									\
	T value = (T)luaL_checkinteger(L, 1);				\
									\
	lua_pushinteger(L, (__force T)convert(value));			\
	return 1;							\
}

/* to an order and from it is the same exchange of bytes, or none */
LUABYTEORDER(be16, u16, cpu_to_be16)
LUABYTEORDER(be32, u32, cpu_to_be32)
LUABYTEORDER(be64, u64, cpu_to_be64)
LUABYTEORDER(le16, u16, cpu_to_le16)
LUABYTEORDER(le32, u32, cpu_to_le32)
LUABYTEORDER(le64, u64, cpu_to_le64)

/* both that name of a conversion from an order which people write */
static const luaL_Reg luabyteorder_lib[] = {
	{"hton16", luabyteorder_be16},
	{"hton32", luabyteorder_be32},
	{"hton64", luabyteorder_be64},
	{"ntoh16", luabyteorder_be16},
	{"ntoh32", luabyteorder_be32},
	{"ntoh64", luabyteorder_be64},
	{"htobe16", luabyteorder_be16},
	{"htobe32", luabyteorder_be32},
	{"htobe64", luabyteorder_be64},
	{"be16toh", luabyteorder_be16},
	{"be32toh", luabyteorder_be32},
	{"be64toh", luabyteorder_be64},
	{"betoh16", luabyteorder_be16},
	{"betoh32", luabyteorder_be32},
	{"betoh64", luabyteorder_be64},
	{"htole16", luabyteorder_le16},
	{"htole32", luabyteorder_le32},
	{"htole64", luabyteorder_le64},
	{"le16toh", luabyteorder_le16},
	{"le32toh", luabyteorder_le32},
	{"le64toh", luabyteorder_le64},
	{"letoh16", luabyteorder_le16},
	{"letoh32", luabyteorder_le32},
	{"letoh64", luabyteorder_le64},
	{NULL, NULL}
};

LUNATIK_NEWLIB(byteorder, luabyteorder_lib, NULL);

MODULE_DESCRIPTION("byte order, for Lua scripts in the kernel");
MODULE_AUTHOR("Lunatik for Debian");
MODULE_VERSION(LUNATIK_VERSION);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_ALIAS("lunatik-byteorder");
