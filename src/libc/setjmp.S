/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * int lunatik_setjmp(unsigned long *env)
 * void lunatik_longjmp(unsigned long *env)
 *
 * lunatik_longjmp() makes the lunatik_setjmp() that filled env return again,
 * with 1. Both run on one stack, in one context; interrupt state, preemption
 * and locks are the caller's business.
 */
#include <linux/linkage.h>

#ifdef CONFIG_X86_64

#ifndef RET	/* before 5.17 */
#define RET ret
#endif

#ifndef ENDBR	/* before 5.18 */
#define ENDBR
#endif

/* what is exported may be called indirectly; SYM_FUNC_START says so in 6.12, in 7.2 not */
SYM_FUNC_START(lunatik_setjmp)
	ENDBR
	movq	(%rsp), %rdx		/* where to return */
	movq	%rbx, (%rdi)
	movq	%rbp, 8(%rdi)
	movq	%r12, 16(%rdi)
	movq	%r13, 24(%rdi)
	movq	%r14, 32(%rdi)
	movq	%r15, 40(%rdi)
	movq	%rsp, 48(%rdi)
	movq	%rdx, 56(%rdi)
	xorl	%eax, %eax
	RET
SYM_FUNC_END(lunatik_setjmp)

SYM_FUNC_START(lunatik_longjmp)
	ENDBR
	movq	56(%rdi), %rdx
	movq	(%rdi), %rbx
	movq	8(%rdi), %rbp
	movq	16(%rdi), %r12
	movq	24(%rdi), %r13
	movq	32(%rdi), %r14
	movq	40(%rdi), %r15
	movl	$1, %eax
	movq	48(%rdi), %rsp
	movq	%rdx, (%rsp)		/* the slot was reused since */
	RET
SYM_FUNC_END(lunatik_longjmp)

#endif /* CONFIG_X86_64 */

#ifdef CONFIG_ARM64

SYM_FUNC_START(lunatik_setjmp)
	stp	x19, x20, [x0]
	stp	x21, x22, [x0, #16]
	stp	x23, x24, [x0, #32]
	stp	x25, x26, [x0, #48]
	stp	x27, x28, [x0, #64]
	stp	x29, x30, [x0, #80]
	mov	x1, sp
	str	x1, [x0, #96]
#ifdef CONFIG_SHADOW_CALL_STACK
	str	x18, [x0, #104]
#endif
	mov	w0, #0
	ret
SYM_FUNC_END(lunatik_setjmp)

SYM_FUNC_START(lunatik_longjmp)
	ldp	x19, x20, [x0]
	ldp	x21, x22, [x0, #16]
	ldp	x23, x24, [x0, #32]
	ldp	x25, x26, [x0, #48]
	ldp	x27, x28, [x0, #64]
	ldp	x29, x30, [x0, #80]
	ldr	x1, [x0, #96]
	mov	sp, x1
#ifdef CONFIG_SHADOW_CALL_STACK
	ldr	x18, [x0, #104]
#endif
	mov	w0, #1
	ret
SYM_FUNC_END(lunatik_longjmp)

#endif /* CONFIG_ARM64 */
