/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What luadrv.ko asks of the interpreter.
 *
 * The device knows no Lua, and lunatik.ko depends on it, not the other way
 * round: so that loading lunatik brings the device, and unloading takes it
 * away, by nothing but their dependency.
 */
#ifndef LUADRV_H
#define LUADRV_H

#include <linux/module.h>

/* takes a piece of what a script puts out, which gets a newline after it */
typedef void (*luadrv_output_t)(void *ud, const char *text, size_t len);

/*
 * @run: runs @text as one script, tells @output what it prints and returns,
 *	and @complain why it failed; returns 0 or an errno of luadrv.c's
 *	table. @from says in the kernel log whose script it is. Called in a
 *	kernel thread, which a SIGKILL asks to end the script. With @kept the
 *	script runs in the runtime that is *@kept, made if that is NULL, and it
 *	stays when the script has ended.
 * @close: the end of such a runtime; its finalizers run. May sleep.
 */
struct luadrv_interpreter {
	struct module *owner;
	int (*run)(const char *text, size_t len, const char *from,
		   luadrv_output_t output, luadrv_output_t complain, void *ud,
		   void **kept);
	void (*close)(void *kept);
};

/* One at a time; returns -EBUSY if there is one. Context: process. */
int luadrv_register(const struct luadrv_interpreter *interpreter);
void luadrv_unregister(const struct luadrv_interpreter *interpreter);

#endif
