// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * /dev/lunatik-fuzz, for tests/guest/fuzz: a program written to it runs in the
 * task that writes, so that KCOV tells that task what of Lua and of ours it
 * reached. Each write is one program: a letter for the context (p, s or h), then
 * the text, which runs in a runtime of its own with a small budget. The write
 * returns its length when the program ended, or how it ended:
 *
 *	ECANCELED	it raised
 *	EINTR		its time was up
 *	ENOMEM		it wanted more memory than it may have
 *	ENOEXEC		it does not parse
 *	EINVAL		there was not even time for the runtime
 *
 * If the kernel panics, or a program is still there after a minute, the log has
 * its text.
 */
#include <linux/fs.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/notifier.h>
#include <linux/string.h>
#include <linux/timer.h>

#include <lunatik.h>
#include <../compat.h>

#define LONGEST	65536	/* bytes of a program */

static unsigned int memory = 1 << 20;
module_param(memory, uint, 0644);
static unsigned int time = 30;
module_param(time, uint, 0644);

static DEFINE_MUTEX(fuzz_lock);		/* one program at a time */
static const char *fuzz_text;		/* that of now */
static lunatik_object_t *fuzz_checker;

static void fuzz_say(void)
{
	const char *text = READ_ONCE(fuzz_text), *end;

	if (!text)
		return;
	pr_emerg("fuzz: the program:\n");
	for (; *text; text = *end ? end + 1 : end) {
		end = strchrnul(text, '\n');
		pr_emerg("fuzz: | %.*s\n", (int)min_t(size_t, end - text, 900), text);
	}
}

static int fuzz_panic(struct notifier_block *block, unsigned long event, void *data)
{
	fuzz_say();
	return NOTIFY_DONE;
}

static struct notifier_block fuzz_notifier = {
	.notifier_call = fuzz_panic,
};

static void fuzz_late(struct timer_list *timer)
{
	pr_err("WARNING: fuzz: a program has not ended in a minute\n");
	fuzz_say();
}

static DEFINE_TIMER(fuzz_timer, fuzz_late);

/* What the script left as the global 'program' runs the text. */
static int fuzz_run(lua_State *L, const char *text, size_t len)
{
	int ret;

	if (lua_getglobal(L, "program") != LUA_TFUNCTION)
		return -EINVAL;
	if (!lua_checkstack(L, 4))
		return -ENOMEM;
	lua_pushlightuserdata(L, (void *)text);
	lua_pushinteger(L, len);
	switch (lua_pcall(L, 2, 1, 0)) {
	case LUA_OK:
		ret = lua_tointeger(L, -1);
		break;
	case LUA_ERRMEM:
		ret = -ENOMEM;
		break;
	default:
		ret = strstr(lua_tostring(L, -1) ?: "", "stopped") ? -EINTR : -ECANCELED;
	}
	return ret;
}

/* fuzz.load(text, len) -> function; nothing if there is no memory to parse it. */
static int luafuzz_load(lua_State *L)
{
	const char *text = lua_touserdata(L, 1);

	if (!lua_islightuserdata(L, 1))
		return luaL_argerror(L, 1, "not a program");
	if (luaL_loadbufferx(L, text, luaL_checkinteger(L, 2), "=fuzz", "t") == LUA_OK)
		return 1;
	return 0;
}

static const luaL_Reg luafuzz_lib[] = {
	{"load", luafuzz_load},
	{NULL, NULL}
};

LUNATIK_NEWLIB(fuzz, luafuzz_lib, NULL);

/* What does not parse needs no runtime of its own. */
static int fuzz_check(lua_State *L, const char *text, size_t len)
{
	switch (luaL_loadbufferx(L, text, len, "=fuzz", "t")) {
	case LUA_OK:
		return 0;
	case LUA_ERRMEM:
		return -ENOMEM;
	default:
		return -ENOEXEC;
	}
}

static ssize_t fuzz_write(struct file *file, const char __user *buf, size_t len, loff_t *off)
{
	lunatik_budget_t budget = {.memory = memory, .time = time};
	lunatik_object_t *runtime;
	lunatik_opt_t opt;
	char *text;
	int ret;

	if (len < 1 || len > LONGEST)
		return -EINVAL;
	text = memdup_user_nul(buf, len);
	if (IS_ERR(text))
		return PTR_ERR(text);
	opt = text[0] == 'h' ? LUNATIK_OPT_HARDIRQ : text[0] == 's' ? LUNATIK_OPT_SOFTIRQ :
		LUNATIK_OPT_NONE;

	mutex_lock(&fuzz_lock);
	WRITE_ONCE(fuzz_text, text);
	mod_timer(&fuzz_timer, jiffies + 60 * HZ);
	lunatik_run(fuzz_checker, fuzz_check, ret, text + 1, len - 1);
	if (ret)
		goto out;
	ret = lunatik_newbounded(&runtime, "t/fuzz/program", opt, &budget);
	if (ret)
		goto out;
	lunatik_run(runtime, fuzz_run, ret, text + 1, len - 1);
	lunatik_stop(runtime);
out:
	timer_delete_sync(&fuzz_timer);
	WRITE_ONCE(fuzz_text, NULL);
	mutex_unlock(&fuzz_lock);
	kfree(text);
	return ret ? ret : len;
}

static const struct file_operations fuzz_fops = {
	.owner = THIS_MODULE,
	.write = fuzz_write,
};

static struct miscdevice fuzz_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "lunatik-fuzz",
	.fops = &fuzz_fops,
	.mode = 0600,
};

static int __init fuzz_init(void)
{
	int ret = lunatik_runtime(&fuzz_checker, "t/fuzz/child", true);

	if (ret)
		return ret;
	ret = misc_register(&fuzz_device);
	if (ret) {
		lunatik_stop(fuzz_checker);
		return ret;
	}
	atomic_notifier_chain_register(&panic_notifier_list, &fuzz_notifier);
	return 0;
}

static void __exit fuzz_exit(void)
{
	atomic_notifier_chain_unregister(&panic_notifier_list, &fuzz_notifier);
	misc_deregister(&fuzz_device);
	lunatik_stop(fuzz_checker);
	timer_delete_sync(&fuzz_timer);
}

module_init(fuzz_init);
module_exit(fuzz_exit);
MODULE_DESCRIPTION("Programs of a fuzzer, run where KCOV sees them");
MODULE_LICENSE("Dual MIT/GPL");
