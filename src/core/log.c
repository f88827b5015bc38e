// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* What scripts write to the kernel log. */
#include <linux/ctype.h>
#include <linux/printk.h>
#include <linux/string.h>

#include "core.h"

#define LUNATIK_LOGPIECE	224	/* bytes of a line that are logged at once */
#define LUNATIK_LOGMAX		256	/* pieces of one text */

static void lunatik_logpiece(const char *level, const char *text, size_t len)
{
	char piece[LUNATIK_LOGPIECE];
	size_t i;

	/* nothing that would steer a terminal, or forge a line of the log */
	for (i = 0; i < len; i++)
		piece[i] = iscntrl(text[i]) && text[i] != '\t' ? '?' : text[i];
	printk("%slunatik: %.*s\n", level, (int)len, piece);
}

/* Logs a text line by line, long lines in pieces, and not without end. */
void lunatik_log(const char *level, const char *text, size_t len)
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

			lunatik_logpiece(level, text, piece);
			text += piece;
		} while (text < eol);
		text = eol + 1;
	} while (text < end);
}

/* Lua's warnings come in parts. */
void lunatik_warn(void *ud, const char *msg, int tocont)
{
	struct lunatik_runtime *rt = ud;

	rt->warnlen += scnprintf(rt->warning + rt->warnlen,
				 sizeof(rt->warning) - rt->warnlen, "%s", msg);
	if (tocont)
		return;
	lunatik_log(KERN_NOTICE, rt->warning, rt->warnlen);
	rt->warnlen = 0;
}
