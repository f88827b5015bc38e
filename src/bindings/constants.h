/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Tables of the kernel's constants, each by its name in the kernel without what
 * the names of its kind begin with: S_IRUGO is stat.IRUGO. A table is made when a
 * script first uses it, and is the same wherever it is reached from.
 */
#ifndef LUALINUX_CONSTANTS_H
#define LUALINUX_CONSTANTS_H

#include <linux/module.h>

#include <lunatik.h>

struct lualinux_constant {
	const char *name;	/* or NULL, the last */
	lua_Integer value;
};

struct lualinux_table {
	const char *name;
	const struct lualinux_constant *constants;	/* or NULL */
	const struct lualinux_table * const *tables;	/* in it, or NULL */
};

extern const struct lualinux_table lualinux_root;

const struct lualinux_table *lualinux_findtable(const struct lualinux_table *in, const char *name);
void lualinux_pushtable(lua_State *L, const struct lualinux_table *table);

/* What require "NAME" finds, with '_' for '.'; open(L) pushes it. */
#define LUALINUX_LIB(libname, open_)					\
extern const struct lunatik_lib lunatik_lib_##libname;			\
const struct lunatik_lib lunatik_lib_##libname = {			\
	.open = open_,							\
	.owner = THIS_MODULE,						\
};									\
EXPORT_SYMBOL_GPL(lunatik_lib_##libname);				\
MODULE_ALIAS("lunatik-" #libname)

#endif
