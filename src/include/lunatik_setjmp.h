/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * Non-local jumps, for errors raised in Lua.
 *
 * The jump is a plain return to a saved address, so it needs no landing mark
 * for IBT and is covered by return thunks. It is not marked noreturn on
 * purpose: objtool sees an ordinary function that returns, and callers end
 * with BUG(), which it knows.
 */
#ifndef LUNATIK_SETJMP_H
#define LUNATIK_SETJMP_H

/* callee-saved registers, stack pointer, return address, and shadow stack if any */
#ifdef CONFIG_X86_64
#define LUNATIK_JMPBUF	8
#else
#define LUNATIK_JMPBUF	14
#endif

typedef unsigned long lunatik_jmpbuf[LUNATIK_JMPBUF];

#if defined(CONFIG_X86_64) || defined(CONFIG_ARM64)

int lunatik_setjmp(unsigned long *env) __attribute__((returns_twice));
void lunatik_longjmp(unsigned long *env);

#else

#define lunatik_setjmp(env)	__builtin_setjmp((void **)(env))
#define lunatik_longjmp(env)	__builtin_longjmp((void **)(env), 1)

#endif

#endif
