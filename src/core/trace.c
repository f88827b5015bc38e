// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Trace events. Called when they are on; where nobody looks, what they cost is
 * a jump that is not taken.
 */
#include <linux/ctype.h>
#include <linux/kprobes.h>

#include "core.h"

/*
 * The first line of a message, nothing in it that would steer a terminal. Not
 * used where the kernel has no trace events.
 */
static void __maybe_unused lunatik_traceline(char *line, const char *msg, size_t size)
{
	size_t i = 0;

	for (; i < size - 1 && msg[i] && msg[i] != '\n'; i++)
		line[i] = iscntrl(msg[i]) ? '?' : msg[i];
	memset(line + i, 0, size - i);
}

#define CREATE_TRACE_POINTS
#include "trace.h"

void lunatik_traceenter(struct lunatik_runtime *rt)
{
	trace_lunatik_enter(rt);
}
NOKPROBE_SYMBOL(lunatik_traceenter);

void lunatik_traceexit(struct lunatik_runtime *rt, u64 time)
{
	trace_lunatik_exit(rt, time);
}
NOKPROBE_SYMBOL(lunatik_traceexit);

void lunatik_traceerror(struct lunatik_runtime *rt, const char *msg)
{
	trace_lunatik_error(rt, msg ?: "(error object is not a string)");
}
