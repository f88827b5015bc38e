/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
#ifndef FAIL_ARM_H
#define FAIL_ARM_H

#include <lunatik.h>

/* The n-th allocation of the kernel's by this task fails from here on; 0: none. */
void fail_nth(unsigned int n);

/* How many were left until it; 0: it failed. Ends that. */
unsigned int fail_left(void);

/* -EOPNOTSUPP where the kernel cannot be told to. */
int fail_init_nth(void);
void fail_exit_nth(void);

/* stands before the allocator of a runtime: the n-th fails, and the next or all */
struct hook {
	lua_Alloc alloc;
	void *ud;
	unsigned int n, seen;
	bool forever;
};

int hook_set(lua_State *L, struct hook *hook);
int hook_unset(lua_State *L, struct hook *hook);

/* what nobody may leave behind */
struct held {
	int preempt, rcu, locks;
	bool irqs;
};

struct held held(void);
bool isheld(struct held before);

#endif
