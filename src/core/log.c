// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* What scripts write to the kernel log. */
#include <linux/ctype.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "core.h"

#define LUNATIK_LOGPIECE	224	/* bytes of a line that are logged at once */
#define LUNATIK_LOGMAX		256	/* pieces of one text */
/* what one runtime may log */
#define LUNATIK_LOGTIME		(5 * HZ)
#define LUNATIK_LOGPRINTS	1000	/* pieces of what it prints, in that time */
#define LUNATIK_LOGERRORS	10	/* errors */

static void lunatik_logpiece(const char *level, const char *text, size_t len)
{
	char piece[LUNATIK_LOGPIECE];
	size_t i;

	/* nothing that would steer a terminal, or forge a line of the log */
	for (i = 0; i < len; i++)
		piece[i] = iscntrl(text[i]) && text[i] != '\t' ? '?' : text[i];
	printk("%slunatik: %.*s\n", level, (int)len, piece);
}

/*
 * Logs a text line by line, long lines in pieces, and not without end; what
 * @limit has no room for is left out, and counted by it.
 */
static void lunatik_loglines(struct ratelimit_state *limit, const char *level,
			     const char *text, size_t len)
{
	const char *end = text + len;
	int pieces = 0;

	do {
		const char *eol = memchr(text, '\n', end - text) ?: end;

		do {
			size_t piece = min_t(size_t, eol - text, LUNATIK_LOGPIECE);

			if (++pieces > LUNATIK_LOGMAX) {
				printk("%slunatik: (%zu bytes more)\n", level, end - text);
				return;
			}

			if (!limit || ___ratelimit(limit, "lunatik: print"))
				lunatik_logpiece(level, text, piece);
			text += piece;
		} while (text < eol);
		text = eol + 1;
	} while (text < end);
}

/* What the script of a runtime prints. */
void lunatik_log(struct lunatik_runtime *rt, const char *level, const char *text, size_t len)
{
	lunatik_loglines(&rt->prints, level, text, len);
}

/* Why a script or a handler of a runtime failed, whole or not at all. */
void lunatik_logerror(struct lunatik_runtime *rt, const char *what, const char *text, size_t len)
{
	if (!___ratelimit(&rt->complaints, "lunatik: error"))
		return;
	pr_err("lunatik: %s: %s\n", rt->name, what);
	lunatik_loglines(NULL, KERN_ERR, text, len);
}

void lunatik_initlog(struct lunatik_runtime *rt)
{
	ratelimit_state_init(&rt->prints, LUNATIK_LOGTIME, LUNATIK_LOGPRINTS);
	ratelimit_state_init(&rt->complaints, LUNATIK_LOGTIME, LUNATIK_LOGERRORS);
}

/* Lua's warnings come in parts. */
void lunatik_warn(void *ud, const char *msg, int tocont)
{
	struct lunatik_runtime *rt = ud;

	rt->warnlen += scnprintf(rt->warning + rt->warnlen,
				 sizeof(rt->warning) - rt->warnlen, "%s", msg);
	if (tocont)
		return;
	lunatik_log(rt, KERN_NOTICE, rt->warning, rt->warnlen);
	rt->warnlen = 0;
}
