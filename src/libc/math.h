/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The mathematics that is left when a number is an integer: these stand where
 * Lua's code for floats still has to compile, and never run.
 */
#ifndef LUNATIK_MATH_H
#define LUNATIK_MATH_H

#define HUGE_VAL	LLONG_MAX
#define floor(x)	(x)
#define fabs(x)		((x) < 0 ? -(x) : (x))
#define fmod(a, b)	((void)(b), (a))
#define frexp(x, e)	(*(e) = 0, (x))
#define ldexp(x, e)	((void)(e), (x))

#endif
