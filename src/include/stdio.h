/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * lauxlib.h names FILE in one structure. A kernel module has no streams; the
 * few calls that Lua's own sources make are in libc/file.h.
 */
#ifndef LUNATIK_STDIO_H
#define LUNATIK_STDIO_H

typedef struct lunatik_file FILE;

#endif
