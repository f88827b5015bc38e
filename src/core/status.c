// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * What runtimes have done and hold: /proc/lunatik for root, status() for
 * scripts. Read while others are inside, so the figures of one runtime need
 * not be of the same moment.
 */
#include <linux/list.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/seq_file.h>

#include "core.h"

static DEFINE_MUTEX(status_lock);
static LIST_HEAD(status_all);

void lunatik_status_add(struct lunatik_runtime *rt)
{
	mutex_lock(&status_lock);
	list_add_tail(&rt->all, &status_all);
	mutex_unlock(&status_lock);
}

void lunatik_status_del(struct lunatik_runtime *rt)
{
	mutex_lock(&status_lock);
	list_del(&rt->all);
	mutex_unlock(&status_lock);
}

static u64 status_time(struct lunatik_runtime *rt)
{
	u64 since = READ_ONCE(rt->entered), now = ktime_get_mono_fast_ns();

	return READ_ONCE(rt->inside) + (since && now > since ? now - since : 0);
}

static void *status_start(struct seq_file *m, loff_t *pos)
{
	mutex_lock(&status_lock);
	return seq_list_start_head(&status_all, *pos);
}

static void *status_next(struct seq_file *m, void *v, loff_t *pos)
{
	return seq_list_next(v, &status_all, pos);
}

static void status_stop(struct seq_file *m, void *v)
{
	mutex_unlock(&status_lock);
}

static int status_show(struct seq_file *m, void *v)
{
	struct lunatik_runtime *rt;

	if (v == &status_all) {
		seq_puts(m, "context memory peak quota entries errors nomemory notime nostack stopped time_ns name\n");
		return 0;
	}
	rt = list_entry(v, struct lunatik_runtime, all);
	seq_printf(m, "%s %zu %zu %zu %llu %llu %llu %llu %llu %llu %llu ",
		   lunatik_contextname(rt->object->opt), READ_ONCE(rt->memory),
		   READ_ONCE(rt->peak), rt->quota, READ_ONCE(rt->entries),
		   READ_ONCE(rt->errors), READ_ONCE(rt->nomemory), READ_ONCE(rt->notime),
		   READ_ONCE(rt->nostack), READ_ONCE(rt->stopped), status_time(rt));
	seq_escape(m, rt->name, " \t\n\\");
	seq_putc(m, '\n');
	return 0;
}

static const struct seq_operations status_ops = {
	.start = status_start,
	.next = status_next,
	.stop = status_stop,
	.show = status_show,
};

int lunatik_status_init(void)
{
	return proc_create_seq("lunatik", 0400, NULL, &status_ops) ? 0 : -ENOMEM;
}

void lunatik_status_exit(void)
{
	remove_proc_entry("lunatik", NULL);
}

static void status_field(lua_State *L, const char *name, lua_Integer value)
{
	lua_pushinteger(L, value);
	lua_setfield(L, -2, name);
}

static int status_push(lua_State *L, struct lunatik_runtime *rt)
{
	lua_createtable(L, 0, 13);
	lua_pushstring(L, rt->name);
	lua_setfield(L, -2, "name");
	lua_pushstring(L, lunatik_contextname(rt->object->opt));
	lua_setfield(L, -2, "context");
	status_field(L, "memory", READ_ONCE(rt->memory));
	status_field(L, "peak", READ_ONCE(rt->peak));
	status_field(L, "quota", rt->quota);
	status_field(L, "limit", lunatik_timelimit(rt));
	status_field(L, "entries", READ_ONCE(rt->entries));
	status_field(L, "errors", READ_ONCE(rt->errors));
	status_field(L, "nomemory", READ_ONCE(rt->nomemory));
	status_field(L, "notime", READ_ONCE(rt->notime));
	status_field(L, "nostack", READ_ONCE(rt->nostack));
	status_field(L, "stopped", READ_ONCE(rt->stopped));
	status_field(L, "time", status_time(rt));
	return 1;
}

/* lunatik.status() -> table of the runtime that asks */
int lunatik_status(lua_State *L)
{
	return status_push(L, lunatik_runtimeof(L));
}

/* runtime:status() -> table of that one */
int lunatik_runtime_status(lua_State *L)
{
	lunatik_object_t *runtime = lunatik_toobject(L, 1);

	return status_push(L, runtime->private);
}
