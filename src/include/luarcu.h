/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * luarcu.h: what the RCU binding stores. The C functions for other modules
 * are to come; see spec/rcu.txt.
 */
#ifndef LUARCU_H
#define LUARCU_H

#include <lunatik.h>

/* buckets of a table for which nobody says; and at most */
#ifndef LUARCU_SIZE
#define LUARCU_SIZE		256
#endif
#define LUARCU_MAXSIZE		(1 << 20)
#define LUARCU_MAXKEY		(1 << 20)	/* it is compared with interrupts off */

enum tvalue_type {
	TVALUE_NIL,
	TVALUE_BOOLEAN,
	TVALUE_INTEGER,
	TVALUE_STRING,
	TVALUE_OBJECT,
};

/* A value of a table. The bytes of a string belong to the caller. */
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

#endif
