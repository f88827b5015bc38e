// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * Script files: all are below /lib/modules/lua, and read whole, in process
 * context, when they are opened.
 */
#include <linux/cred.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/kernel_read_file.h>
#include <linux/sched.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/vmalloc.h>
#include <linux/workqueue.h>

#include "core.h"
#include "../compat.h"
#include "../libc/file.h"

/* The errors that opening a script gives, as a person would say them. */
const char *lunatik_errmsg(int err)
{
	switch (err) {
	case ENOENT:
		return "no such file";
	case EACCES:
	case EPERM:
		return "permission denied";
	case EISDIR:
	case EINVAL:
		return "not a regular file";
	case EFBIG:
		return "larger than the module parameter script_max allows";
	case ENOMEM:
		return "not enough memory";
	case ENAMETOOLONG:
		return "name too long";
	case ENOTDIR:
		return "not a directory";
	case ELOOP:
		return "too many symbolic links";
	default:
		return "input/output error";
	}
}

static bool lunatik_hasdotdot(const char *path)
{
	const char *p = path;

	while ((p = strstr(p, ".."))) {
		bool begins = p == path || p[-1] == '/';
		bool ends = p[2] == '\0' || p[2] == '/';

		if (begins && ends)
			return true;
		p += 2;
	}
	return false;
}

/* What is wrong with the name of a script, or NULL. */
const char *lunatik_checkname(const char *name)
{
	if (!name || !*name)
		return "the name is empty";
	if (strlen(name) >= LUNATIK_NAMELEN)
		return "the name is too long";
	if (*name == '/')
		return "the name must be relative to " LUNATIK_ROOT;
	if (lunatik_hasdotdot(name))
		return "the name must not contain '..'";
	return NULL;
}

int *lunatik_errno(lua_State *L)
{
	return &lunatik_runtimeof(L)->err;
}

static struct workqueue_struct *lunatik_initwq;

int __init lunatik_script_init(void)
{
	lunatik_initwq = alloc_workqueue("lunatik_files", WQ_UNBOUND, 0);
	return lunatik_initwq ? 0 : -ENOMEM;
}

void lunatik_script_exit(void)
{
	destroy_workqueue(lunatik_initwq);
}

struct lunatik_initcall {
	struct work_struct work;
	void (*f)(void *data);
	void *data;
	const struct cred *cred;
};

static void lunatik_initwork(struct work_struct *work)
{
	struct lunatik_initcall *call = container_of(work, struct lunatik_initcall, work);
	const struct cred *old = override_creds(call->cred);

	lunatik_asinit(call->f, call->data);
	revert_creds(old);
}

/*
 * A process may have a root and mounts of its own, and be a user's that calls a device.
 * In a kernel thread a file that is closed is also gone soon, not when it returns to
 * user space.
 */
void lunatik_asinit(void (*f)(void *data), void *data)
{
	struct lunatik_initcall call = { .f = f, .data = data, .cred = current_cred() };

	if (current->flags & PF_KTHREAD) {
		scoped_with_init_fs()
			f(data);
		return;
	}
	INIT_WORK_ONSTACK(&call.work, lunatik_initwork);
	queue_work(lunatik_initwq, &call.work);
	flush_work(&call.work);
	destroy_work_on_stack(&call.work);
}
EXPORT_SYMBOL_GPL(lunatik_asinit);

struct lunatik_reading {
	FILE *file;
	const char *path;
	int ret;
};

/* Security modules are asked as for a module of the kernel: it is code that runs there. */
static int lunatik_readfile(FILE *file, const char *path)
{
	struct file *f = filp_open(path, O_RDONLY | O_NONBLOCK | O_LARGEFILE, 0);
	void *text = NULL;
	ssize_t ret;

	if (IS_ERR(f))
		return PTR_ERR(f);

	if (!S_ISREG(file_inode(f)->i_mode))
		ret = S_ISDIR(file_inode(f)->i_mode) ? -EISDIR : -EINVAL;
	else if (i_size_read(file_inode(f)) == 0)
		ret = 0;	/* kernel_read_file() takes it for an error */
	else
		ret = kernel_read_file(f, 0, &text, lunatik_script_max, NULL, READING_MODULE);
	filp_close(f, NULL);
	if (ret < 0)
		return ret;

	file->text = text;
	file->size = ret;
	return 0;
}

static void lunatik_read(void *data)
{
	struct lunatik_reading *reading = data;

	reading->ret = lunatik_readfile(reading->file, reading->path);
}

FILE *lunatik_fopen(lua_State *L, const char *name)
{
	bool absolute = strncmp(name, LUNATIK_ROOT, strlen(LUNATIK_ROOT)) == 0;
	FILE *file;
	char *path;
	int ret;

	if (!lunatik_maysleep(L))
		luaL_error(L, "cannot open '%s': files can be read only in process context", name);
	if (!absolute) {
		const char *wrong = lunatik_checkname(name);

		if (wrong)
			luaL_error(L, "cannot open '%s': %s", name, wrong);
	} else if (lunatik_hasdotdot(name)) {
		luaL_error(L, "cannot open '%s': the name must not contain '..'", name);
	}

	/* a file system can take all of the reserve for itself */
	if (lunatik_isdeep(lunatik_runtimeof(L)))
		luaL_error(L, "C stack overflow: cannot open '%s'", name);

	file = kzalloc(sizeof(*file), GFP_KERNEL);
	path = kasprintf(GFP_KERNEL, "%s%s", absolute ? "" : LUNATIK_ROOT, name);
	if (file && path) {
		struct lunatik_reading reading = { .file = file, .path = path };

		lunatik_asinit(lunatik_read, &reading);
		ret = reading.ret;
	} else {
		ret = -ENOMEM;
	}
	kfree(path);
	if (ret) {
		kfree(file);
		if (ret == -ENOMEM)	/* the file may well be there: nobody goes on without it */
			lunatik_raisenomemory(L);
		*lunatik_errno(L) = -ret;
		return NULL;
	}
	return file;
}

void lunatik_fclose(FILE *file)
{
	vfree(file->text);
	kfree(file);
}

void lunatik_stdin(lua_State *L)
{
	luaL_error(L, "a script in the kernel has no standard input");
}
