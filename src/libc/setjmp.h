/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/* Lua's errors are jumps: see lunatik_setjmp.h. */
#include <linux/bug.h>

#include <lunatik_setjmp.h>

#ifndef luai_jmpbuf
#define luai_jmpbuf		lunatik_jmpbuf
/* who was on the CPU, an error brings back; a state in the making has none */
#define LUAI_TRY(L, c, a)						\
	do {								\
		lunatik_object_t *object_ = lunatik_toruntime(L);	\
		struct lunatik_runtime *rt_ =				\
			object_ ? object_->private : NULL;		\
		lua_State *running_ = rt_ ? rt_->running : NULL;	\
									\
		if (lunatik_setjmp((c)->b) == 0) { a }			\
		else if (rt_)						\
			WRITE_ONCE(rt_->running, running_);		\
	} while (0);
#define LUAI_THROW(L, c)	do { lunatik_longjmp((c)->b); BUG(); } while (0)
#endif
