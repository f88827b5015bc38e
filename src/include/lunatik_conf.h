/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Lua's configuration for the kernel: it takes the place of Lua's luaconf.h,
 * guard and all, so that Lua's own files need no change.
 *
 * The one decision here is that a number is a 64-bit integer. lua_Number is
 * the same type as lua_Integer, core/lua.c turns every value that Lua would
 * tag as a float into an integer, and what cannot be done with integers is an
 * error. See DESIGN.md, section 3.
 */
#ifndef LUNATIK_CONF_H
#define LUNATIK_CONF_H

#define luaconf_h

#include <linux/kernel.h>
#include <linux/limits.h>
#include <linux/types.h>
#include <linux/compiler.h>

#define LUAI_IS32INT		1

/* numbers */
#define LUA_INT_INT		1
#define LUA_INT_LONG		2
#define LUA_INT_LONGLONG	3
#define LUA_FLOAT_FLOAT		1
#define LUA_FLOAT_DOUBLE	2
#define LUA_FLOAT_LONGDOUBLE	3
#define LUA_INT_TYPE		LUA_INT_LONGLONG
#define LUA_FLOAT_TYPE		LUA_FLOAT_DOUBLE

#define LUA_INTEGER		long long
#define LUA_INTEGER_FRMLEN	"ll"
#define LUA_INTEGER_FMT		"%" LUA_INTEGER_FRMLEN "d"
#define LUA_UNSIGNED		unsigned LUA_INTEGER
#define LUA_MAXINTEGER		LLONG_MAX
#define LUA_MININTEGER		LLONG_MIN
#define LUA_MAXUNSIGNED		ULLONG_MAX
#define LUAI_UACINT		LUA_INTEGER
#define lua_integer2str(s, sz, n)	l_sprintf((s), sz, LUA_INTEGER_FMT, (LUAI_UACINT)(n))

#define LUA_NUMBER		LUA_INTEGER
#define LUA_NUMBER_FRMLEN	LUA_INTEGER_FRMLEN
#define LUA_NUMBER_FMT		LUA_INTEGER_FMT
#define LUAI_UACNUMBER		LUA_NUMBER
#define LUAI_NUMFFORMAT		LUA_NUMBER_FMT
#define l_floatatt(n)		(LUNATIK_NUM_##n)
#define LUNATIK_NUM_MANT_DIG	64
#define LUNATIK_NUM_MAX_10_EXP	19
#define LUNATIK_NUM_DIG		18
#define l_mathop(op)		(lua_Number)op
#define l_floor(x)		(x)
#define lua_numbertointeger(n, p)	(*(p) = (n), 1)
#define lua_number2str(s, sz, n)	l_sprintf((s), sz, LUA_NUMBER_FMT, (LUAI_UACNUMBER)(n))
#define lua_number2strx(L, b, sz, f, n)	((void)(L), (void)(f), lua_number2str(b, sz, n))
/* nothing that is not an integer reads as a number */
#define lua_str2number(s, p)	(*(p) = (char *)(s), (lua_Number)0)
#define lua_strx2number(s, p)	lua_str2number(s, p)
#define lua_getlocaledecpoint()	'.'

#define l_sprintf(s, sz, f, i)	\
	_Generic((i), const void *: lunatik_formatpointer, default: snprintf)(s, sz, f, i)
#define lua_pointer2str(b, sz, p)	lunatik_formatpointer(b, sz, "%p", p)

/* marks on functions */
#define LUA_API			extern
#define LUALIB_API		LUA_API
#define LUAMOD_API		LUA_API
#define LUAI_FUNC		extern
#define LUAI_DDEC(dec)		LUAI_FUNC dec
#define LUAI_DDEF

#define luai_likely(x)		likely(x)
#define luai_unlikely(x)	unlikely(x)
#define l_likely(x)		luai_likely(x)
#define l_unlikely(x)		luai_unlikely(x)

/* where scripts are */
#define LUA_VDIR		LUA_VERSION_MAJOR "." LUA_VERSION_MINOR
#define LUA_PATH_SEP		";"
#define LUA_PATH_MARK		"?"
#define LUA_EXEC_DIR		"!"
#define LUA_DIRSEP		"/"
#define LUNATIK_ROOT		"/lib/modules/lua/"
#define LUA_PATH_DEFAULT	LUNATIK_ROOT "?.lua;" LUNATIK_ROOT "?/init.lua"
#define LUA_CPATH_DEFAULT	""

/* sizes */
#define LUA_KCONTEXT		ptrdiff_t
#define LUA_EXTRASPACE		(sizeof(void *))
#define LUA_IDSIZE		60
/* slots of a Lua stack: 3.2 MB, which the memory quota usually bounds first */
#define LUAI_MAXSTACK		200000
/* a luaL_Buffer lives on the kernel stack */
#define LUAL_BUFFERSIZE		256
#define LUAI_MAXALIGN		lua_Number n; void *s; lua_Integer i; long l

#endif
