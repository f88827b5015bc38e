// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The driver of the C API's document: mydevice_init(), l_read() and
 * mydevice_read() are its text. What it leaves out is added here: the device,
 * whose open gives the runtime to each file, and the way out.
 *
 * The document's script answers "42" wherever the file is, so a reader that
 * waits for the end, as cat does, reads for ever. That is for the script to
 * say: one that returns "" ends the file.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/minmax.h>
#include <linux/module.h>
#include <linux/uaccess.h>

#include <lunatik.h>

static lunatik_object_t *runtime;

static int __init mydevice_init(void)
{
	return lunatik_runtime(&runtime, "mydevice", true);
}

static int l_read(lua_State *L, char *buf, size_t len, loff_t *off)
{
	size_t llen;
	const char *lbuf;

	lua_getglobal(L, "myread");
	lua_pushinteger(L, len);
	lua_pushinteger(L, *off);
	if (lua_pcall(L, 2, 2, 0) != LUA_OK) { /* calls myread(len, off) */
		pr_err("%s\n", lua_tostring(L, -1));
		return -ECANCELED;
	}

	lbuf = lua_tolstring(L, -2, &llen);
	llen = min(len, llen);
	if (copy_to_user(buf, lbuf, llen) != 0)
		return -EFAULT;

	*off = (loff_t)luaL_optinteger(L, -1, *off + llen);
	return (ssize_t)llen;
}

static ssize_t mydevice_read(struct file *f, char *buf, size_t len, loff_t *off)
{
	ssize_t ret;
	lunatik_object_t *runtime = (lunatik_object_t *)f->private_data;

	lunatik_run(runtime, l_read, ret, buf, len, off);
	return ret;
}

/* --- what the document leaves out */

static int mydevice_open(struct inode *inode, struct file *f)
{
	f->private_data = runtime;
	return 0;
}

static const struct file_operations mydevice_fops = {
	.owner = THIS_MODULE,
	.open = mydevice_open,
	.read = mydevice_read,
};

static struct miscdevice mydevice = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "mydevice",
	.fops = &mydevice_fops,
};

static int __init mydevice_load(void)
{
	int ret = mydevice_init();

	if (ret)
		return ret;
	ret = misc_register(&mydevice);
	if (ret)
		lunatik_stop(runtime);
	return ret;
}

static void __exit mydevice_exit(void)
{
	misc_deregister(&mydevice);
	lunatik_stop(runtime);
}

module_init(mydevice_load);
module_exit(mydevice_exit);
MODULE_DESCRIPTION("The example of Lunatik's C API");
MODULE_LICENSE("Dual MIT/GPL");
