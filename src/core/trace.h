/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The events of /sys/kernel/tracing/events/lunatik. core.h has what decides
 * whether they are on: files that have Lua's macros do not include this one.
 */
#undef TRACE_SYSTEM
#define TRACE_SYSTEM lunatik

#if !defined(LUNATIK_TRACE_H) || defined(TRACE_HEADER_MULTI_READ)
#define LUNATIK_TRACE_H

#include <linux/string.h>
#include <linux/tracepoint.h>

#include "core.h"

/* Somebody comes in, who is not inside already. */
TRACE_EVENT(lunatik_enter,
	TP_PROTO(const struct lunatik_runtime *rt),
	TP_ARGS(rt),
	TP_STRUCT__entry(
		__field(u64, entries)
		__field(u8, level)
		__array(char, name, LUNATIK_NAMELEN)
	),
	TP_fast_assign(
		__entry->entries = rt->entries;
		__entry->level = rt->level;
		memcpy(__entry->name, rt->name, LUNATIK_NAMELEN);
	),
	TP_printk("name=%s context=%s entries=%llu", __entry->name,
		  __print_symbolic(__entry->level, { LUNATIK_LEVEL_PROCESS, "process" },
				   { LUNATIK_LEVEL_SOFTIRQ, "softirq" },
				   { LUNATIK_LEVEL_HARDIRQ, "hardirq" }),
		  __entry->entries)
);

/* And leaves, after that many nanoseconds, with what Lua holds then. */
TRACE_EVENT(lunatik_exit,
	TP_PROTO(const struct lunatik_runtime *rt, u64 time),
	TP_ARGS(rt, time),
	TP_STRUCT__entry(
		__field(u64, time)
		__field(size_t, memory)
		__array(char, name, LUNATIK_NAMELEN)
	),
	TP_fast_assign(
		__entry->time = time;
		__entry->memory = rt->memory;
		memcpy(__entry->name, rt->name, LUNATIK_NAMELEN);
	),
	TP_printk("name=%s time_ns=%llu memory=%zu", __entry->name, __entry->time,
		  __entry->memory)
);

#define LUNATIK_TRACEMSG	128	/* bytes of a message, with its NUL */

/* An error ended a script or a handler: each that is counted as one. */
TRACE_EVENT(lunatik_error,
	TP_PROTO(const struct lunatik_runtime *rt, const char *msg),
	TP_ARGS(rt, msg),
	TP_STRUCT__entry(
		__array(char, name, LUNATIK_NAMELEN)
		__array(char, msg, LUNATIK_TRACEMSG)
	),
	TP_fast_assign(
		memcpy(__entry->name, rt->name, LUNATIK_NAMELEN);
		lunatik_traceline(__entry->msg, msg, LUNATIK_TRACEMSG);
	),
	TP_printk("name=%s msg=%s", __entry->name, __entry->msg)
);

#endif

#undef TRACE_INCLUDE_PATH
#define TRACE_INCLUDE_PATH .
#undef TRACE_INCLUDE_FILE
#define TRACE_INCLUDE_FILE trace
#include <trace/define_trace.h>
