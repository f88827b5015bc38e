/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * The stdio calls that lauxlib.c makes to load a script: a file is read whole
 * when it is opened, see core/script.c.
 */
#ifndef LUNATIK_FILE_H
#define LUNATIK_FILE_H

#include <linux/minmax.h>
#include <linux/string.h>

#include <lunatik.h>

#define EOF	(-1)
#define BUFSIZ	256	/* of a buffer on the kernel stack */

struct lunatik_file {
	size_t size;
	size_t pos;
	bool eof;
	char *text;
};

FILE *lunatik_fopen(lua_State *L, const char *name);
void lunatik_stdin(lua_State *L);
void lunatik_fclose(FILE *file);
int *lunatik_errno(lua_State *L);

#define fclose(f)	lunatik_fclose(f)

static inline FILE *lunatik_freopen(FILE *file)
{
	file->pos = 0;
	file->eof = false;
	return file;
}

static inline int getc(FILE *file)
{
	if (file->pos < file->size)
		return (unsigned char)file->text[file->pos++];
	file->eof = true;
	return EOF;
}

static inline size_t lunatik_fread(void *to, size_t len, FILE *file)
{
	len = min(len, file->size - file->pos);
	memcpy(to, file->text + file->pos, len);
	file->pos += len;
	if (file->pos == file->size)
		file->eof = true;
	return len;
}

#define fread(to, size, n, f)	lunatik_fread(to, n, f)
#define feof(f)			((f)->eof)
#define ferror(f)		((void)(f), 0)

/* lauxlib.c and lbaselib.c name these in functions that are replaced */
#undef lua_writestring
#undef lua_writeline
#undef lua_writestringerror
#define lua_writestring(s, l)		((void)(s), (void)(l))
#define lua_writeline()			((void)0)
#define lua_writestringerror(s, p)	pr_warn(s, p)

#endif
