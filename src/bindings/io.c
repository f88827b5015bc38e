// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * io: files, as Lua's own library has them, in process context.
 *
 *	local io = require "io"
 *	local f = assert(io.open("/proc/loadavg"))
 *	print(f:read("n", "l"))
 *	f:close()
 *
 * A file stays in its runtime, so it has no lock. But any allocation of Lua's may run a
 * finalizer, which may read, seek or close the very file: so what a struct luaio says is
 * looked at anew after each.
 */
#include <linux/ctype.h>
#include <linux/err.h>
#include <linux/fs.h>
#include <linux/module.h>
#include <linux/overflow.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

#include <lunatik.h>
#include <compat.h>

#define LUAIO_BUFFER	4096		/* bytes that are read at a time */
#define LUAIO_PIECE	512		/* and moved on into a string of Lua's */
#define LUAIO_WRITE	(64 << 10)	/* written at a time */
#define LUAIO_DIGITS	100		/* of a number that is read, with sign and 0x */

struct luaio {
	struct file *file;	/* NULL once it is closed */
	loff_t pos;		/* where the file is read or written next */
	char *buffer;		/* NULL if it is not open for reading */
	size_t start, end;	/* what is in it and was not handed on */
	int err;		/* of a read that failed, or 0 */
};

static unsigned int luaio_files = 1024;
module_param_named(files, luaio_files, uint, 0644);
MODULE_PARM_DESC(files, "files that all scripts together may have open (default 1024)");

static atomic_t luaio_open = ATOMIC_INIT(0);
static const lunatik_class_t luaio_class;

/* --- what goes wrong */

/* As Lua's library: nil, a message that begins with @name unless it is NULL, the number. */
static int luaio_failed(lua_State *L, const char *name, int ret)
{
	/* to be done again, which the caller cannot know */
	int error = ret == -ERESTARTSYS ? EINTR : -ret;
	const char *message = lunatik_errname(error) ?: "unknown error";

	lua_pushnil(L);
	if (name)
		lua_pushfstring(L, "%s: %s", name, message);
	else
		lua_pushstring(L, message);
	lua_pushinteger(L, error);
	return 3;
}

/* A file system takes more stack than Lua leaves. */
static void luaio_checkstack(lua_State *L)
{
	unsigned long left = (unsigned long)__builtin_frame_address(0) -
			     (unsigned long)end_of_stack(current);

	if (left < THREAD_SIZE / 2)
		luaL_error(L, "C stack overflow: no file is reached from that deep");
}

/* The file at index 1, open. */
static struct luaio *luaio_check(lua_State *L)
{
	struct luaio *io = lunatik_toobject(L, 1)->private;

	if (!io->file)
		luaL_error(L, "attempt to use a closed file");
	return io;
}

/* --- opening and closing */

struct luaio_closing {
	struct work_struct work;
	struct file *file;
	int ret;
};

static void luaio_closework(struct work_struct *work)
{
	struct luaio_closing *closing = container_of(work, struct luaio_closing, work);

	closing->ret = filp_close(closing->file, NULL);
}

/*
 * A process frees its files when it leaves the kernel, and a script may open and close any
 * number before that: a kernel thread closes them, which frees them soon.
 */
static int luaio_closefile(struct luaio *io)
{
	struct luaio_closing closing = { .file = io->file };

	io->file = NULL;
	kfree(io->buffer);
	io->buffer = NULL;
	io->start = io->end;
	INIT_WORK_ONSTACK(&closing.work, luaio_closework);
	schedule_work(&closing.work);
	flush_work(&closing.work);
	destroy_work_on_stack(&closing.work);
	atomic_dec(&luaio_open);
	return closing.ret;
}

static void luaio_release(void *private)
{
	struct luaio *io = private;

	if (io->file)
		luaio_closefile(io);
}

/* The flags for a mode such as "r+b"; raises for others. */
static int luaio_checkmode(lua_State *L, int i)
{
	size_t len;
	const char *mode = luaL_optlstring(L, i, "r", &len);
	const char *p = mode;
	int flags;

	switch (*p++) {
	case 'r':
		flags = 0;
		break;
	case 'w':
		flags = O_CREAT | O_TRUNC;
		break;
	case 'a':
		flags = O_CREAT | O_APPEND;
		break;
	default:
		return luaL_argerror(L, i, "invalid mode");
	}
	if (*p == '+') {
		flags |= O_RDWR;
		p++;
	} else {
		flags |= mode[0] == 'r' ? O_RDONLY : O_WRONLY;
	}
	if (*p == 'b')
		p++;
	luaL_argcheck(L, p == mode + len, i, "invalid mode");
	return flags;
}

static const char *luaio_checkpath(lua_State *L, int i)
{
	size_t len;
	const char *path = luaL_checklstring(L, i, &len);

	luaL_argcheck(L, strlen(path) == len, i, "no name of a file");
	return path;
}

static bool luaio_count(void)
{
	if (atomic_inc_return(&luaio_open) <= READ_ONCE(luaio_files))
		return true;
	atomic_dec(&luaio_open);
	return false;
}

struct luaio_opening {
	const char *path;
	int flags;
	struct file *file;
};

/* Does not wait for another process, as a FIFO would. */
static void luaio_doopen(void *data)
{
	struct luaio_opening *opening = data;
	struct file *file = filp_open(opening->path, opening->flags | O_NONBLOCK | O_LARGEFILE |
				      O_NOCTTY, 0666);

	if (!IS_ERR(file) && S_ISDIR(file_inode(file)->i_mode)) {
		filp_close(file, NULL);
		file = ERR_PTR(-EISDIR);
	}
	opening->file = file;
}

static int luaio_openfile(struct luaio *io, const char *path, int flags)
{
	/* there is no directory that a script is in */
	char *absolute = *path && *path != '/' ? kasprintf(GFP_KERNEL, "/%s", path) : NULL;
	struct luaio_opening opening = { .path = absolute ?: path, .flags = flags };

	if (!*path)
		return -ENOENT;
	if (*path != '/' && !absolute)
		return -ENOMEM;
	lunatik_asinit(luaio_doopen, &opening);
	kfree(absolute);
	if (IS_ERR(opening.file))
		return PTR_ERR(opening.file);
	io->file = opening.file;
	return 0;
}

/* Pushes the file, and returns 0; or nothing, and a negative errno. */
static int luaio_push(lua_State *L, const char *path, int flags)
{
	struct luaio *io;
	int ret;

	luaio_checkstack(L);
	io = lunatik_newobject(L, &luaio_class, sizeof(*io), LUNATIK_OPT_NONE)->private;
	if (!luaio_count()) {
		lua_gc(L, LUA_GCCOLLECT);	/* of those that were dropped */
		if (!luaio_count()) {
			lua_pop(L, 1);
			return -EMFILE;
		}
	}
	ret = luaio_openfile(io, path, flags);
	if (ret) {
		atomic_dec(&luaio_open);
		lua_pop(L, 1);
		return ret;
	}
	if (io->file->f_mode & FMODE_READ) {
		io->buffer = kmalloc(LUAIO_BUFFER, GFP_KERNEL);
		if (!io->buffer)
			lunatik_throw(L, -ENOMEM);
	}
	return 0;
}

/* open(path[, mode]): the file, or nil, a message and an errno */
static int luaio_lib_open(lua_State *L)
{
	const char *path = luaio_checkpath(L, 1);
	int ret = luaio_push(L, path, luaio_checkmode(L, 2));

	return ret ? luaio_failed(L, path, ret) : 1;
}

/* type(x): "file", "closed file", or nil for what is none */
static int luaio_lib_type(lua_State *L)
{
	lunatik_object_t *object;

	luaL_checkany(L, 1);
	object = lunatik_toobject(L, 1);
	if (!object || object->class != &luaio_class)
		lua_pushnil(L);
	else
		lua_pushstring(L, ((struct luaio *)object->private)->file ? "file" : "closed file");
	return 1;
}

/* close(): true, or nil, a message and an errno; it is closed in any case */
static int luaio_close(lua_State *L)
{
	struct luaio *io = luaio_check(L);
	int ret;

	luaio_checkstack(L);
	ret = luaio_closefile(io);
	if (ret)
		return luaio_failed(L, NULL, ret);
	lua_pushboolean(L, true);
	return 1;
}

static int luaio_toclose(lua_State *L)
{
	struct luaio *io = lunatik_toobject(L, 1)->private;

	if (io->file)
		luaio_closefile(io);
	return 0;
}

static int luaio_tostring(lua_State *L)
{
	struct luaio *io = lunatik_toobject(L, 1)->private;

	if (io->file)
		lua_pushfstring(L, "file (%p)", io);
	else
		lua_pushliteral(L, "file (closed)");
	return 1;
}

/*
 * kernel_read() and kernel_write() refuse, and log, what has functions for processes
 * as well, as /dev/zero: these take whatever has functions for the kernel.
 */
static ssize_t luaio_readfile(struct luaio *io)
{
	struct kvec vec = { .iov_base = io->buffer, .iov_len = LUAIO_BUFFER };
	struct iov_iter iter;

	iov_iter_kvec(&iter, ITER_DEST, &vec, 1, vec.iov_len);
	return vfs_iter_read(io->file, &iter, &io->pos, 0);
}

static ssize_t luaio_writefile(struct luaio *io, const char *from, size_t len)
{
	struct kvec vec = { .iov_base = (void *)from, .iov_len = len };
	const struct file_operations *ops = io->file->f_op;
	struct iov_iter iter;

	if (!ops->write_iter)
		return -EINVAL;
	if (!ops->write)
		return kernel_write(io->file, from, len, &io->pos);
	if (S_ISREG(file_inode(io->file)->i_mode))
		return -EINVAL;	/* may be frozen, which only kernel_write() looks at */
	iov_iter_kvec(&iter, ITER_SOURCE, &vec, 1, len);
	return vfs_iter_write(io->file, &iter, &io->pos, 0);
}

/* --- reading */

/*
 * Whether there is more in the buffer, which is filled if it is empty; false at the end,
 * or with io->err. Allocates nothing of Lua's.
 */
static bool luaio_fill(lua_State *L, struct luaio *io)
{
	ssize_t ret;

	if (!io->file)
		luaL_error(L, "the file was closed while it was read");
	if (io->start < io->end)
		return true;
	lunatik_checkpoint(L);
	if (!io->buffer) {
		io->err = -EBADF;
		return false;
	}
	ret = luaio_readfile(io);
	io->start = 0;
	io->end = max_t(ssize_t, ret, 0);
	io->err = min_t(ssize_t, ret, 0);
	return ret > 0;
}

/* Pushes a string of @max bytes at most, and no more than a line if @line says so. */
static bool luaio_readbytes(lua_State *L, struct luaio *io, size_t max, bool line, bool chop)
{
	size_t n, done = 0;
	bool found = false;
	luaL_Buffer b;

	luaL_buffinit(L, &b);
	while (done < max && !found) {
		char *to = luaL_prepbuffsize(&b, LUAIO_PIECE);
		const char *from, *newline;

		if (!luaio_fill(L, io))
			break;
		from = io->buffer + io->start;
		n = min3(io->end - io->start, (size_t)LUAIO_PIECE, max - done);
		newline = line ? memchr(from, '\n', n) : NULL;
		if (newline) {
			n = newline - from + 1;
			found = true;
		}
		memcpy(to, from, n);
		io->start += n;
		done += n;
		luaL_addsize(&b, n - (found && chop));
	}
	luaL_pushresult(&b);
	return done > 0;
}

/* The next byte, -1 at the end. */
static int luaio_peek(lua_State *L, struct luaio *io)
{
	return luaio_fill(L, io) ? (unsigned char)io->buffer[io->start] : -1;
}

struct luaio_digits {
	struct luaio *io;
	size_t n;
	char text[LUAIO_DIGITS + 1];
};

/* Takes the next byte if it is one of @set. */
static bool luaio_accept(lua_State *L, struct luaio_digits *d, const char *set)
{
	int c = luaio_peek(L, d->io);

	if (c <= 0 || d->n == LUAIO_DIGITS || !strchr(set, c))
		return false;
	d->text[d->n++] = c;
	d->io->start++;
	return true;
}

/* Pushes the number that the file goes on with; false, and nil, if it does not. */
static bool luaio_readnumber(lua_State *L, struct luaio *io)
{
	struct luaio_digits d = { .io = io };
	const char *digits = "0123456789";
	int c;

	while ((c = luaio_peek(L, io)) >= 0 && isspace(c))
		io->start++;
	luaio_accept(L, &d, "+-");
	if (luaio_accept(L, &d, "0") && luaio_accept(L, &d, "xX"))
		digits = "0123456789abcdefABCDEF";
	while (luaio_accept(L, &d, digits))
		;
	d.text[d.n] = '\0';
	if (lua_stringtonumber(L, d.text))
		return true;
	lua_pushnil(L);
	return false;
}

/* Pushes what the format at index @i asks for; false if there is no such thing. */
static bool luaio_readformat(lua_State *L, struct luaio *io, int i)
{
	const char *format;

	if (lua_type(L, i) == LUA_TNUMBER) {
		lua_Integer n = luaL_checkinteger(L, i);

		luaL_argcheck(L, n >= 0, i, "the number of bytes must not be negative");
		if (n > 0)
			return luaio_readbytes(L, io, n, false, false);
		lua_pushliteral(L, "");
		return luaio_fill(L, io);
	}
	format = luaL_checkstring(L, i);
	if (*format == '*')	/* as older versions of Lua want it */
		format++;
	switch (*format) {
	case 'n':
		return luaio_readnumber(L, io);
	case 'l':
		return luaio_readbytes(L, io, SIZE_MAX, true, true);
	case 'L':
		return luaio_readbytes(L, io, SIZE_MAX, true, false);
	case 'a':
		luaio_readbytes(L, io, SIZE_MAX, false, false);
		return true;
	}
	return luaL_argerror(L, i, "invalid format");
}

/* Reads by the formats from index @first to the top; returns how many results there are. */
static int luaio_readall(lua_State *L, struct luaio *io, int first)
{
	int i, last = lua_gettop(L);
	bool ok = true;

	luaio_checkstack(L);
	io->err = 0;
	if (last < first) {
		ok = luaio_readbytes(L, io, SIZE_MAX, true, true);
	} else {
		luaL_checkstack(L, last - first + LUA_MINSTACK, "too many arguments");
		for (i = first; i <= last && ok; i++)
			ok = luaio_readformat(L, io, i);
	}
	if (io->err)
		return luaio_failed(L, NULL, io->err);
	if (!ok) {
		lua_pop(L, 1);
		lua_pushnil(L);
	}
	return lua_gettop(L) - max(last, first - 1);
}

/* read(...): what the formats say; nil at the end; nil, a message, an errno */
static int luaio_read(lua_State *L)
{
	return luaio_readall(L, luaio_check(L), 2);
}

/*
 * What lines() returns. Upvalues: the file, whether to close it at the end, how many
 * formats, and these.
 */
static int luaio_nextline(lua_State *L)
{
	lunatik_object_t *object = lunatik_toobject(L, lua_upvalueindex(1));
	int i, results, formats = lua_tointeger(L, lua_upvalueindex(3));
	struct luaio *io = object->private;

	if (!io->file)
		return luaL_error(L, "file is already closed");
	lua_settop(L, 0);
	luaL_checkstack(L, formats + LUA_MINSTACK, "too many arguments");
	for (i = 1; i <= formats; i++)
		lua_pushvalue(L, lua_upvalueindex(3 + i));
	results = luaio_readall(L, io, 1);
	if (lua_toboolean(L, -results))
		return results;
	if (results > 1)	/* nil and a message */
		return luaL_error(L, "%s", lua_tostring(L, -results + 1));
	if (lua_toboolean(L, lua_upvalueindex(2)) && io->file)
		luaio_closefile(io);
	return 0;
}

/* Pushes it for the file on top, which it pops, and the formats from index 2 to there. */
static void luaio_pushlines(lua_State *L, bool toclose)
{
	int formats = lua_gettop(L) - 2;

	luaL_argcheck(L, formats <= 250, 252, "too many arguments");
	formats = max(formats, 0);
	lua_insert(L, 2);
	lua_pushboolean(L, toclose);
	lua_insert(L, 3);
	lua_pushinteger(L, formats);
	lua_insert(L, 4);
	lua_pushcclosure(L, luaio_nextline, 3 + formats);
}

/* file:lines(...) */
static int luaio_lines(lua_State *L)
{
	luaio_check(L);
	lua_pushvalue(L, 1);
	luaio_pushlines(L, false);
	return 1;
}

/* lines(path, ...): raises if it cannot be opened, closes it at the end of the loop */
static int luaio_lib_lines(lua_State *L)
{
	const char *path = luaio_checkpath(L, 1);
	int ret = luaio_push(L, path, O_RDONLY);

	if (ret) {
		luaio_failed(L, path, ret);
		return luaL_error(L, "%s", lua_tostring(L, -2));
	}
	lua_pushvalue(L, -1);
	lua_replace(L, 1);		/* the path is not wanted any more */
	luaio_pushlines(L, true);
	lua_pushnil(L);
	lua_pushnil(L);
	lua_pushvalue(L, 1);
	return 4;
}

/* --- writing and the position */

/* What was read ahead was not asked for: the file goes on where the script is. */
static void luaio_forget(struct luaio *io)
{
	io->pos -= io->end - io->start;
	io->start = io->end;
}

/* Writes the string at index @i. Returns 0 or a negative errno. */
static int luaio_writestring(lua_State *L, int i)
{
	size_t len, done = 0;
	const char *s = luaL_checklstring(L, i, &len);

	while (done < len) {
		struct luaio *io = luaio_check(L);
		ssize_t ret;

		if (!(io->file->f_mode & FMODE_WRITE))
			return -EBADF;
		if (io->file->f_mode & FMODE_LSEEK)	/* a stream has no place to go back to */
			luaio_forget(io);
		ret = luaio_writefile(io, s + done, min_t(size_t, len - done, LUAIO_WRITE));
		if (ret <= 0)
			return ret ?: -EIO;
		done += ret;
		lunatik_checkpoint(L);
	}
	return 0;
}

/* write(...): the file, or nil, a message and an errno */
static int luaio_write(lua_State *L)
{
	int i, ret, last = lua_gettop(L);

	luaio_checkstack(L);
	luaio_check(L);
	for (i = 2; i <= last; i++) {
		ret = luaio_writestring(L, i);
		if (ret)
			return luaio_failed(L, NULL, ret);
	}
	lua_settop(L, 1);
	return 1;
}

/* flush(): nothing is kept back, so there is nothing to do */
static int luaio_flush(lua_State *L)
{
	luaio_check(L);
	lua_settop(L, 1);
	return 1;
}

/* seek([whence[, offset]]): where the file is then, or nil, a message and an errno */
static int luaio_seek(lua_State *L)
{
	static const char * const whences[] = {"set", "cur", "end", NULL};
	int whence = luaL_checkoption(L, 2, "cur", whences);
	lua_Integer offset = luaL_optinteger(L, 3, 0);
	struct luaio *io = luaio_check(L);
	loff_t pos;

	luaio_checkstack(L);
	if (whence == SEEK_CUR) {
		whence = SEEK_SET;
		if (check_add_overflow(io->pos - (loff_t)(io->end - io->start), (loff_t)offset,
				       &pos))
			return luaio_failed(L, NULL, -EINVAL);
		offset = pos;
	}
	pos = vfs_llseek(io->file, offset, whence);
	if (pos < 0)
		return luaio_failed(L, NULL, pos);
	luaio_forget(io);
	io->pos = pos;
	lua_pushinteger(L, pos);
	return 1;
}

static const luaL_Reg luaio_methods[] = {
	{"read", luaio_read},
	{"write", luaio_write},
	{"lines", luaio_lines},
	{"flush", luaio_flush},
	{"seek", luaio_seek},
	{"close", luaio_close},
	{"__close", luaio_toclose},
	{"__tostring", luaio_tostring},
	{NULL, NULL}
};

static const lunatik_class_t luaio_class = {
	.name = "file",
	.methods = luaio_methods,
	.release = luaio_release,
	.opt = LUNATIK_OPT_SINGLE,
};

static const luaL_Reg luaio_lib[] = {
	{"open", luaio_lib_open},
	{"lines", luaio_lib_lines},
	{"type", luaio_lib_type},
	{NULL, NULL}
};

LUNATIK_CLASSES(io, &luaio_class);
LUNATIK_NEWLIB(io, luaio_lib, luaio_classes);

MODULE_DESCRIPTION("files for Lua scripts in the kernel");
MODULE_AUTHOR("Lunatik for Debian");
MODULE_VERSION(LUNATIK_VERSION);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_ALIAS("lunatik-io");
