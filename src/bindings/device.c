// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * device: character devices whose system calls are functions of a script.
 *
 * All devices share one major number and one cdev, which is as long as this
 * module, so a file that is open holds nothing that stopping its device takes
 * away: it has a reference to the object and to the runtime. A stopped device
 * answers ENXIO.
 *
 * What a user passes is copied before the runtime's lock is taken, what a
 * script answers after it is let go: a fault in there can take as long as the
 * user likes.
 */
#include <linux/cdev.h>
#include <linux/ctype.h>
#include <linux/delay.h>
#include <linux/device.h>
#include <linux/fs.h>
#include <linux/idr.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/namei.h>
#include <linux/poll.h>
#include <linux/sched/signal.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uio.h>
#include <linux/workqueue.h>

#include <lunatik.h>
#include <compat.h>

#define LUADEVICE_NAMELEN	64		/* with the ending NUL */
#define LUADEVICE_MINORS	1024
#define LUADEVICE_CHUNK		(64UL << 10)	/* bytes that one call of a script gets at most */
#define LUADEVICE_SMALL		128		/* that need no memory of their own */
#define LUADEVICE_PATIENCE	1000		/* ms that close() waits for the runtime */

/* private of the object */
struct luadevice {
	lunatik_object_t *object;
	lunatik_object_t *runtime;	/* the object's: valid inside, and with a file */
	int minor;			/* or negative: nobody can open it */
	bool stopped;
	char name[LUADEVICE_NAMELEN];
};

/* one that is open; has a reference to the object, and one to its runtime */
struct luadevice_file {
	lunatik_object_t *object;
	struct luadevice *dev;
	struct work_struct closing;
};

static dev_t luadevice_first;
static struct cdev luadevice_cdev;
static struct workqueue_struct *luadevice_wq;
static DEFINE_MUTEX(luadevice_lock);	/* the minors; taken in a runtime's lock, never around it */
static DEFINE_IDR(luadevice_minors);	/* of objects */

static char *luadevice_devnode(devnode_device_t *device, umode_t *mode)
{
	if (mode)
		*mode = (umode_t)(uintptr_t)dev_get_drvdata(device);
	return NULL;
}

static struct class luadevice_nodes = {
	.name = "lunatik",
	.devnode = luadevice_devnode,
};

/* --- calling the script */

/*
 * Pushes the function @op of the driver and the driver. Returns 1, or 0 if it
 * has none; -ENXIO once the device is stopped.
 */
static int luadevice_push(lua_State *L, struct luadevice *dev, const char *op)
{
	if (lunatik_getregistry(L, dev) != LUA_TTABLE)
		return -ENXIO;
	if (lua_getfield(L, -1, op) == LUA_TNIL)
		return 0;
	lua_pushvalue(L, -2);
	lunatik_letanswer(L);
	return 1;
}

/* The offset at index -1, @next if there is none. */
static loff_t luadevice_offset(lua_State *L, struct luadevice *dev, const char *op, loff_t next)
{
	if (lua_isnil(L, -1))
		return next;
	if (lua_type(L, -1) != LUA_TNUMBER || lua_tointeger(L, -1) < 0)
		luaL_error(L, "device '%s': the offset that %s returns must be an integer from 0 on, not %s",
			   dev->name, op, luaL_tolstring(L, -1, NULL));
	return lua_tointeger(L, -1);
}

struct luadevice_io {
	size_t len;	/* asked for, then done */
	loff_t off;
	char *bytes;	/* small, or of kvmalloc() */
	char small[LUADEVICE_SMALL];
};

static char *luadevice_room(struct luadevice_io *io, size_t len)
{
	io->bytes = len <= sizeof(io->small) ? io->small :
		    kvmalloc(len, GFP_KERNEL_ACCOUNT | __GFP_NOWARN);
	return io->bytes;
}

static void luadevice_endio(struct luadevice_io *io)
{
	if (io->bytes != io->small)
		kvfree(io->bytes);
}

static int luadevice_doread(lua_State *L, struct luadevice *dev, struct luadevice_io *io)
{
	int ret = luadevice_push(L, dev, "read");
	const char *bytes;
	size_t len;

	if (ret <= 0)
		return ret ?: -EINVAL;
	lua_pushinteger(L, io->len);
	lua_pushinteger(L, io->off);
	lua_call(L, 3, 2);

	bytes = lua_tolstring(L, -2, &len);
	if (!bytes)
		return luaL_error(L, "device '%s': read must return a string, not a %s value",
				  dev->name, luaL_typename(L, -2));
	io->len = min(len, io->len);
	io->off = luadevice_offset(L, dev, "read", io->off + io->len);
	if (!luadevice_room(io, io->len))
		return -ENOMEM;
	memcpy(io->bytes, bytes, io->len);
	return 0;
}

static int luadevice_dowrite(lua_State *L, struct luadevice *dev, struct luadevice_io *io)
{
	int ret = luadevice_push(L, dev, "write");

	if (ret <= 0)
		return ret ?: -EINVAL;
	lua_pushlstring(L, io->bytes, io->len);
	lua_pushinteger(L, io->off);
	lua_call(L, 3, 2);

	if (!lua_isnil(L, -2)) {
		lua_Integer len = lua_tointeger(L, -2);

		if (lua_type(L, -2) != LUA_TNUMBER || len < 0 || len > io->len)
			return luaL_error(L, "device '%s': write must return how many bytes it took, from 0 to %d, not %s",
					  dev->name, (int)io->len, luaL_tolstring(L, -2, NULL));
		io->len = len;
	}
	io->off = luadevice_offset(L, dev, "write", io->off + io->len);
	return 0;
}

static int luadevice_doopen(lua_State *L, struct luadevice *dev)
{
	int ret = luadevice_push(L, dev, "open");

	if (ret <= 0)
		return ret;
	lua_call(L, 1, 0);
	return 0;
}

static int luadevice_dorelease(lua_State *L, struct luadevice *dev)
{
	int ret = luadevice_push(L, dev, "release");

	if (ret <= 0)
		return ret;
	lua_call(L, 1, 0);
	return 0;
}

/* Who is told EINTR without a signal would try for ever. */
static inline int luadevice_ret(int ret)
{
	return unlikely(ret == -EINTR && !signal_pending(current)) ? -ETIME : ret;
}

/* Calls handler(L, dev, ...) in the runtime; a file that must not wait does not. */
#define luadevice_run(dev, nonblock, handler, ret, ...)				\
do {										\
	lunatik_object_t *luadevice_rt_ = (dev)->runtime;			\
										\
	if (READ_ONCE((dev)->stopped))						\
		(ret) = -ENXIO;							\
	else if (!(nonblock))							\
		lunatik_run(luadevice_rt_, handler, ret, dev, ##__VA_ARGS__);	\
	else if (!lunatik_trylock(luadevice_rt_))				\
		(ret) = -EAGAIN;						\
	else {									\
		lunatik_handle(luadevice_rt_, handler, ret, dev, ##__VA_ARGS__);	\
		lunatik_unlock(luadevice_rt_);					\
	}									\
	(ret) = luadevice_ret(ret);						\
} while (0)

/* --- the system calls */

/* What the file's offset and the length asked for are, if they are any good. */
static int luadevice_setio(struct luadevice_io *io, size_t len, loff_t off)
{
	io->len = min(len, LUADEVICE_CHUNK);
	io->off = off;
	io->bytes = io->small;
	return off < 0 || off > LLONG_MAX - (loff_t)io->len ? -EOVERFLOW : 0;
}

/*
 * What a user passes is at an address, or in an iov_iter: read() and write() cost less by
 * the first, the second is what readv(), io_uring and the kernel itself have.
 */
struct luadevice_user {
	void __user *at;
	struct iov_iter *iter;	/* or NULL */
	bool nonblock;
};

static ssize_t luadevice_readfile(struct file *file, const struct luadevice_user *user,
				  size_t len, loff_t *pos)
{
	struct luadevice_file *opened = file->private_data;
	struct luadevice_io io LUNATIK_UNSET;
	ssize_t ret = luadevice_setio(&io, len, *pos);
	size_t n;

	if (ret)
		return ret;
	luadevice_run(opened->dev, user->nonblock, luadevice_doread, ret, &io);
	if (ret == 0) {
		n = user->iter ? copy_to_iter(io.bytes, io.len, user->iter) :
		    io.len - copy_to_user(user->at, io.bytes, io.len);
		*pos = n == io.len ? io.off : *pos + n;
		ret = n || !io.len ? n : -EFAULT;
	}
	luadevice_endio(&io);
	return ret;
}

static ssize_t luadevice_writefile(struct file *file, const struct luadevice_user *user,
				   size_t len, loff_t *pos)
{
	struct luadevice_file *opened = file->private_data;
	struct luadevice_io io LUNATIK_UNSET;
	ssize_t ret = luadevice_setio(&io, len, *pos);

	if (ret)
		return ret;
	len = io.len;
	if (!luadevice_room(&io, len))
		return -ENOMEM;
	io.len = user->iter ? copy_from_iter(io.bytes, len, user->iter) :
		 len - copy_from_user(io.bytes, user->at, len);
	ret = -EFAULT;
	if (io.len || !len)
		luadevice_run(opened->dev, user->nonblock, luadevice_dowrite, ret, &io);
	if (ret == 0) {
		*pos = io.off;
		ret = io.len;
	}
	luadevice_endio(&io);
	return ret;
}

static ssize_t luadevice_read(struct file *file, char __user *to, size_t len, loff_t *pos)
{
	struct luadevice_user user = { .at = to, .nonblock = file->f_flags & O_NONBLOCK };

	return luadevice_readfile(file, &user, len, pos);
}

static ssize_t luadevice_write(struct file *file, const char __user *from, size_t len,
			       loff_t *pos)
{
	struct luadevice_user user = {
		.at = (void __user *)from, .nonblock = file->f_flags & O_NONBLOCK,
	};

	return luadevice_writefile(file, &user, len, pos);
}

static bool luadevice_nonblock(struct kiocb *iocb)
{
	return iocb->ki_filp->f_flags & O_NONBLOCK || iocb->ki_flags & IOCB_NOWAIT;
}

static ssize_t luadevice_read_iter(struct kiocb *iocb, struct iov_iter *to)
{
	struct luadevice_user user = { .iter = to, .nonblock = luadevice_nonblock(iocb) };

	return luadevice_readfile(iocb->ki_filp, &user, iov_iter_count(to), &iocb->ki_pos);
}

static ssize_t luadevice_write_iter(struct kiocb *iocb, struct iov_iter *from)
{
	struct luadevice_user user = { .iter = from, .nonblock = luadevice_nonblock(iocb) };

	return luadevice_writefile(iocb->ki_filp, &user, iov_iter_count(from), &iocb->ki_pos);
}

/* The device of a minor number, with a reference to it and one to its runtime. */
static lunatik_object_t *luadevice_get(unsigned int minor)
{
	lunatik_object_t *object, *dropped = NULL;
	struct luadevice *dev;

	mutex_lock(&luadevice_lock);
	object = idr_find(&luadevice_minors, minor);
	/* one with a reference was not released by its runtime, whose memory lasts under RCU */
	rcu_read_lock();
	if (object && !lunatik_getobject_maybe(object))
		object = NULL;
	dev = object ? object->private : NULL;
	if (dev && (dev->stopped || !lunatik_getobject_maybe(dev->runtime))) {
		WRITE_ONCE(dev->stopped, true);	/* nobody looks at the runtime once more */
		dropped = object;
		object = NULL;
	}
	rcu_read_unlock();
	mutex_unlock(&luadevice_lock);
	if (dropped)
		lunatik_dropobject(dropped);	/* the last takes the lock */
	return object;
}

/* The object goes first: it needs nothing of the runtime, which may be closed here. */
static void luadevice_put(lunatik_object_t *object)
{
	lunatik_object_t *runtime = ((struct luadevice *)object->private)->runtime;

	lunatik_dropobject(object);
	lunatik_dropobject(runtime);
}

static void luadevice_closelate(struct work_struct *work);

static int luadevice_open(struct inode *inode, struct file *file)
{
	struct luadevice_file *opened = kzalloc(sizeof(*opened), GFP_KERNEL_ACCOUNT);
	int ret = -ENXIO;

	if (!opened)
		return -ENOMEM;
	INIT_WORK(&opened->closing, luadevice_closelate);
	opened->object = luadevice_get(iminor(inode) - MINOR(luadevice_first));
	if (!opened->object)
		goto err_file;
	opened->dev = opened->object->private;
	luadevice_run(opened->dev, file->f_flags & O_NONBLOCK, luadevice_doopen, ret);
	if (ret)
		goto err_object;
	file->private_data = opened;
	return 0;

err_object:
	luadevice_put(opened->object);
err_file:
	kfree(opened);
	return ret;
}

static void luadevice_closed(struct luadevice_file *opened)
{
	luadevice_put(opened->object);
	kfree(opened);
}

/* The runtime was busy when the file was closed. */
static void luadevice_closelate(struct work_struct *work)
{
	struct luadevice_file *opened = container_of(work, struct luadevice_file, closing);
	int ret;

	luadevice_run(opened->dev, false, luadevice_dorelease, ret);
	luadevice_closed(opened);
}

/* Who closes a file is not held up by a script that runs for long, as a thread's may. */
static bool luadevice_waitlock(lunatik_object_t *runtime)
{
	unsigned long late = jiffies + msecs_to_jiffies(LUADEVICE_PATIENCE);

	while (!lunatik_trylock(runtime)) {
		if (time_after(jiffies, late))
			return false;
		usleep_range(100, 1000);
	}
	return true;
}

static int luadevice_close(struct inode *inode, struct file *file)
{
	struct luadevice_file *opened = file->private_data;
	struct luadevice *dev = opened->dev;
	int ret;

	if (!READ_ONCE(dev->stopped)) {
		if (!luadevice_waitlock(dev->runtime)) {
			queue_work(luadevice_wq, &opened->closing);
			return 0;
		}
		lunatik_handle(dev->runtime, luadevice_dorelease, ret, dev);
		lunatik_unlock(dev->runtime);
	}
	luadevice_closed(opened);
	return 0;
}

/* A script has nothing to say when it is ready: a call finds out. */
static __poll_t luadevice_poll(struct file *file, struct poll_table_struct *wait)
{
	struct luadevice_file *opened = file->private_data;

	if (READ_ONCE(opened->dev->stopped))
		return EPOLLERR | EPOLLHUP;
	return EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM;
}

static const struct file_operations luadevice_fops = {
	.owner = THIS_MODULE,
	.open = luadevice_open,
	.read = luadevice_read,
	.write = luadevice_write,
	.read_iter = luadevice_read_iter,
	.write_iter = luadevice_write_iter,
	.llseek = default_llseek,
	.poll = luadevice_poll,
	.release = luadevice_close,
};

/* --- making one */

static bool luadevice_isused(const char *name)
{
	lunatik_object_t *object;
	int minor;

	idr_for_each_entry(&luadevice_minors, object, minor)
		if (strcmp(((struct luadevice *)object->private)->name, name) == 0)
			return true;
	return false;
}

struct luadevice_node {
	const char *name;
	bool exists;
};

static void luadevice_find(void *data)
{
	char path[sizeof("/dev/") + LUADEVICE_NAMELEN];
	struct luadevice_node *node = data;
	struct path found;

	scnprintf(path, sizeof(path), "/dev/%s", node->name);
	node->exists = kern_path(path, 0, &found) == 0;
	if (node->exists)
		path_put(&found);
}

/* Whether something else is there. */
static bool luadevice_exists(const char *name)
{
	struct luadevice_node node = { .name = name };

	lunatik_asinit(luadevice_find, &node);
	return node.exists;
}

static int luadevice_takeminor(struct luadevice *dev)
{
	int ret = -EEXIST;

	mutex_lock(&luadevice_lock);
	if (!luadevice_isused(dev->name)) {
		ret = idr_alloc(&luadevice_minors, dev->object, 0, LUADEVICE_MINORS, GFP_KERNEL);
		if (ret >= 0)
			dev->minor = ret;
	}
	mutex_unlock(&luadevice_lock);
	return min(ret, 0);
}

static void luadevice_freeminor(struct luadevice *dev)
{
	mutex_lock(&luadevice_lock);
	idr_remove(&luadevice_minors, dev->minor);
	dev->minor = -1;
	mutex_unlock(&luadevice_lock);
}

/* From here on it can be opened. */
static int luadevice_publish(struct luadevice *dev, umode_t mode)
{
	struct device *device;
	int ret;

	if (luadevice_exists(dev->name))
		return -EEXIST;
	ret = luadevice_takeminor(dev);
	if (ret)
		return ret;
	device = device_create(&luadevice_nodes, NULL, luadevice_first + dev->minor,
			       (void *)(uintptr_t)mode, "%s", dev->name);
	if (IS_ERR(device)) {
		luadevice_freeminor(dev);
		return PTR_ERR(device);
	}
	return 0;
}

/* Nobody opens it any more; who has it open is answered ENXIO. */
static void luadevice_retire(struct luadevice *dev)
{
	WRITE_ONCE(dev->stopped, true);
	if (dev->minor < 0)
		return;
	device_destroy(&luadevice_nodes, luadevice_first + dev->minor);
	/* a name is in use until its node is gone */
	luadevice_freeminor(dev);
}

/* If the state was closed without the finalizer. */
static void luadevice_release(void *private)
{
	struct luadevice *dev = private;

	if (dev->object)
		luadevice_retire(dev);
}

static int luadevice_gc(lua_State *L)
{
	lunatik_object_t *object = lunatik_toobject(L, 1);

	luadevice_release(object->private);
	return 0;
}

static int luadevice_stop(lua_State *L)
{
	lunatik_object_t *object = lunatik_toobject(L, 1);

	luadevice_release(object->private);
	lunatik_unregisterobject(L, object);
	return 0;
}

static const luaL_Reg luadevice_methods[] = {
	{"stop", luadevice_stop},
	{"__close", luadevice_stop},
	{"__gc", luadevice_gc},
	{NULL, NULL}
};

/* SINGLE, since it belongs to the runtime that answers for it */
static const lunatik_class_t luadevice_class = {
	.name = "device",
	.methods = luadevice_methods,
	.release = luadevice_release,
	.opt = LUNATIK_OPT_SINGLE,
};

/* The name must be one that /dev can have, and nothing more than a name. */
static const char *luadevice_checkname(lua_State *L, int i)
{
	const char *name, *wrong = NULL;
	size_t len, n;

	if (lua_getfield(L, i, "name") != LUA_TSTRING)
		luaL_error(L, "device: name must be a string, not a %s value",
			   luaL_typename(L, -1));
	name = lua_tolstring(L, -1, &len);
	for (n = 0; n < len && !wrong; n++)
		if (!(isascii(name[n]) && isalnum(name[n])) &&
		    !strchr("_-.:+@", name[n] ?: '/'))
			wrong = "may have letters, digits and _ - . : + @ only";
	if (len == 0)
		wrong = "is empty";
	else if (len >= LUADEVICE_NAMELEN)
		wrong = "is too long";
	else if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
		wrong = "must not be . or ..";
	if (wrong)
		luaL_error(L, "device: name '%s' %s", name, wrong);
	return name;
}

static void luadevice_checkdriver(lua_State *L, int i)
{
	static const char * const ops[] = {"open", "read", "write", "release"};
	int n;

	for (n = 0; n < ARRAY_SIZE(ops); n++) {
		int type = lua_getfield(L, i, ops[n]);

		if (type != LUA_TNIL && type != LUA_TFUNCTION)
			luaL_error(L, "device: %s must be a function, not a %s value", ops[n],
				   luaL_typename(L, -1));
		lua_pop(L, 1);
	}
}

/* new{name =, mode =, open =, read =, write =, release =} -> device */
static int luadevice_new(lua_State *L)
{
	lunatik_object_t *object;
	struct luadevice *dev;
	lua_Integer mode;
	const char *name;
	int ret;

	lunatik_checkruntime(L, LUNATIK_OPT_NONE);
	luaL_checktype(L, 1, LUA_TTABLE);
	lua_settop(L, 1);
	mode = lunatik_getintegeror(L, 1, "mode", 0600);
	if (mode & ~(lua_Integer)0777)
		return luaL_error(L, "device: mode must be permissions, from 0 to 511 (0777), not %I",
				  (LUAI_UACINT)mode);
	luadevice_checkdriver(L, 1);
	name = luadevice_checkname(L, 1);

	object = lunatik_newobject(L, &luadevice_class, sizeof(*dev), LUNATIK_OPT_NONE);
	dev = object->private;
	dev->minor = -1;
	dev->object = object;
	dev->runtime = lunatik_toruntime(L);
	strscpy(dev->name, name, sizeof(dev->name));
	/* the runtime keeps it: a script need not */
	lunatik_registerobject(L, 1, object);
	ret = luadevice_publish(dev, mode);
	if (ret) {
		lunatik_unregisterobject(L, object);
		lunatik_throw(L, ret);
	}
	return 1;
}

static const luaL_Reg luadevice_lib[] = {
	{"new", luadevice_new},
	{NULL, NULL}
};

LUNATIK_CLASSES(device, &luadevice_class);
LUNATIK_NEWLIB(device, luadevice_lib, luadevice_classes);

static int __init luadevice_module_init(void)
{
	int ret;

	luadevice_wq = alloc_workqueue("luadevice", WQ_UNBOUND, 0);
	if (!luadevice_wq)
		return -ENOMEM;
	ret = alloc_chrdev_region(&luadevice_first, 0, LUADEVICE_MINORS, "lunatik");
	if (ret)
		goto err_wq;
	ret = class_register(&luadevice_nodes);
	if (ret)
		goto err_region;
	cdev_init(&luadevice_cdev, &luadevice_fops);
	luadevice_cdev.owner = THIS_MODULE;
	ret = cdev_add(&luadevice_cdev, luadevice_first, LUADEVICE_MINORS);
	if (ret)
		goto err_class;
	return 0;

err_class:
	class_unregister(&luadevice_nodes);
err_region:
	unregister_chrdev_region(luadevice_first, LUADEVICE_MINORS);
err_wq:
	destroy_workqueue(luadevice_wq);
	return ret;
}

static void __exit luadevice_module_exit(void)
{
	/* no runtime and no file is left, but what they closed last may be on its way */
	destroy_workqueue(luadevice_wq);
	cdev_del(&luadevice_cdev);
	class_unregister(&luadevice_nodes);
	unregister_chrdev_region(luadevice_first, LUADEVICE_MINORS);
	idr_destroy(&luadevice_minors);
}

module_init(luadevice_module_init);
module_exit(luadevice_module_exit);
MODULE_DESCRIPTION("Character devices by Lunatik's scripts");
MODULE_AUTHOR("Lunatik for Debian");
MODULE_VERSION(LUNATIK_VERSION);
MODULE_LICENSE("Dual MIT/GPL");
MODULE_ALIAS("lunatik-device");
