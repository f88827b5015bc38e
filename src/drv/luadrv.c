// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * /dev/luadrv: scripts written to it run in the kernel.
 *
 * One open file is one session. What is written collects until it is
 * complete, which is at close by the writer, fsync or the first read; then it
 * runs as one script, in a new runtime and a kernel thread of its own; with
 * O_APPEND, in the runtime that the session's first script was given. Who
 * completed it waits for the end and gets the outcome as the result of the
 * call: 0, or
 *
 *	ENOEXEC		it does not parse, or is precompiled
 *	ECANCELED	it raised an error
 *	ENOMEM		memory ran short, the script's quota or the kernel's
 *	EINTR		a fatal signal to who waits, or to the thread
 *	EFBIG		longer than the parameter script_max
 *	EBUSY		as many scripts run as the parameter scripts_max allows
 *
 * What it printed, what it returned and, if it failed, its message are then
 * read from the descriptor. With O_NONBLOCK nobody waits.
 *
 * A session is shared by the open file and the thread, and freed by the last.
 */
#include <linux/atomic.h>
#include <linux/capability.h>
#include <linux/cred.h>
#include <linux/fdtable.h>
#include <linux/fs.h>
#include <linux/kref.h>
#include <linux/kthread.h>
#include <linux/miscdevice.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/poll.h>
#include <linux/sched.h>
#include <linux/sched/signal.h>
#include <linux/sched/task.h>
#include <linux/security.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/uaccess.h>
#include <linux/wait.h>

#include <lunatik_version.h>

#include "luadrv.h"
#include "../compat.h"

static unsigned int script_max = 1 << 20;
module_param(script_max, uint, 0644);
MODULE_PARM_DESC(script_max, "longest script in bytes (default 1 MiB)");

static unsigned int scripts_max = 32;
module_param(scripts_max, uint, 0644);
MODULE_PARM_DESC(scripts_max, "how many scripts may run at the same time (default 32)");

static unsigned int output_max = 1 << 20;
module_param(output_max, uint, 0644);
MODULE_PARM_DESC(output_max, "bytes of a script's output that are kept (default 1 MiB)");

#define LUADRV_MSGLEN	4096	/* bytes of a message that are kept */

static DEFINE_MUTEX(luadrv_interpreter_lock);
static const struct luadrv_interpreter *luadrv_interpreter;
static atomic_t luadrv_scripts = ATOMIC_INIT(0);

/* Bytes that grow up to a limit; what comes beyond is refused. */
struct luadrv_text {
	char *bytes;
	size_t len;
	size_t room;
};

enum luadrv_state {
	LUADRV_WRITING,		/* text collects */
	LUADRV_RUNNING,		/* the thread has text and output */
	LUADRV_DONE,		/* output can be read */
};

struct luadrv_session {
	struct kref kref;
	const struct luadrv_interpreter *interpreter;	/* its module is held */
	bool keep;			/* one runtime for all scripts: O_APPEND at open */
	void *kept;			/* that runtime, once there is one; the thread's */
	struct mutex lock;		/* all but what the thread has */
	wait_queue_head_t wait;
	enum luadrv_state state;	/* the thread makes it DONE */
	struct luadrv_text text;
	struct luadrv_text out;
	int truncated;			/* why output was lost, an errno */
	bool stop;			/* the script has to end */
	int refused;			/* why the text is not to be run, an errno */
	int status;			/* of the last script, an errno */
	bool reported;			/* somebody was told */
	size_t pos;			/* of the next read */
	pid_t opener;			/* its tgid */
	pid_t writer;			/* that of who wrote last */
	char comm[TASK_COMM_LEN];	/* and name, for the log */
	struct task_struct *thread;
};

static void luadrv_clear(struct luadrv_text *text)
{
	kvfree(text->bytes);
	memset(text, 0, sizeof(*text));
}

/* Room for @more bytes. Doubles, so that many small writes cost little. */
static int luadrv_reserve(struct luadrv_text *text, size_t more, size_t max)
{
	size_t room;
	char *bytes;

	if (more > max || text->len > max - more)
		return -EFBIG;
	if (text->len + more <= text->room)
		return 0;

	room = min(max, max3((size_t)512, 2 * text->room, text->len + more));
	bytes = kvmalloc(room, GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL);
	if (!bytes)
		return -ENOMEM;
	if (text->len)
		memcpy(bytes, text->bytes, text->len);
	kvfree(text->bytes);
	text->bytes = bytes;
	text->room = room;
	return 0;
}

static void luadrv_free(struct kref *kref)
{
	struct luadrv_session *s = container_of(kref, struct luadrv_session, kref);

	if (s->kept)
		s->interpreter->close(s->kept);
	luadrv_clear(&s->text);
	luadrv_clear(&s->out);
	if (s->thread)
		put_task_struct(s->thread);
	module_put(s->interpreter->owner);
	kfree(s);
}

static void luadrv_put(struct luadrv_session *s)
{
	kref_put(&s->kref, luadrv_free);
}

/* The script's side: all of this is called in its thread. */

static int luadrv_append(struct luadrv_session *s, const char *line, size_t len, size_t max)
{
	int ret = luadrv_reserve(&s->out, len + 1, max);

	if (ret)
		return ret;
	memcpy(s->out.bytes + s->out.len, line, len);
	s->out.len += len;
	s->out.bytes[s->out.len++] = '\n';
	return 0;
}

static void luadrv_output(void *ud, const char *line, size_t len)
{
	struct luadrv_session *s = ud;

	if (!s->truncated)
		s->truncated = luadrv_append(s, line, len, output_max);
}

/* Why a script failed has room of its own. */
static void luadrv_complain(void *ud, const char *msg, size_t len)
{
	struct luadrv_session *s = ud;

	len = min_t(size_t, len, LUADRV_MSGLEN);
	luadrv_append(s, msg, len, s->out.len + len + 1);
}

static int luadrv_thread(void *data)
{
	struct luadrv_session *s = data;
	char from[TASK_COMM_LEN + 16];
	int status;

	allow_signal(SIGKILL);
	if (READ_ONCE(s->stop))		/* sent before it was allowed */
		send_sig(SIGKILL, current, 1);
	snprintf(from, sizeof(from), "%s[%d]", s->comm, s->writer);
	status = s->interpreter->run(s->text.bytes, s->text.len, from,
				     luadrv_output, luadrv_complain, s,
				     s->keep ? &s->kept : NULL);
	luadrv_clear(&s->text);
	if (s->truncated == -ENOMEM && !status)
		status = -ENOMEM;	/* what is there is not what it printed */
	else if (s->truncated == -EFBIG)
		pr_notice("luadrv: output of %s exceeds output_max, the rest is lost\n", from);

	atomic_dec(&luadrv_scripts);
	mutex_lock(&s->lock);
	s->status = status;
	/* pairs with luadrv_isdone() */
	smp_store_release(&s->state, LUADRV_DONE);
	mutex_unlock(&s->lock);
	wake_up_all(&s->wait);
	luadrv_put(s);
	module_put_and_kthread_exit(0);
	return 0;
}

/* The session's side. */

/* The thread has said that it is done; waits until it has exited, too. */
static void luadrv_join(struct luadrv_session *s)
{
	if (!s->thread)
		return;
	kthread_stop(s->thread);
	put_task_struct(s->thread);
	s->thread = NULL;
}

/* A session that has been answered starts anew. */
static void luadrv_renew(struct luadrv_session *s)
{
	luadrv_clear(&s->text);
	luadrv_clear(&s->out);
	luadrv_join(s);
	s->state = LUADRV_WRITING;
	s->truncated = 0;
	s->stop = false;
	s->refused = 0;
	s->status = 0;
	s->reported = false;
	s->pos = 0;
}

/* An outcome with no script having run. */
static int luadrv_refuse(struct luadrv_session *s, int ret, const char *msg)
{
	luadrv_clear(&s->text);
	luadrv_clear(&s->out);
	luadrv_complain(s, msg, strlen(msg));
	s->state = LUADRV_DONE;
	s->status = ret;
	s->refused = 0;
	return 0;
}

/* Starts what has been written, if anything. Called with the lock. */
static int luadrv_begin(struct luadrv_session *s)
{
	struct task_struct *thread;

	if (s->state != LUADRV_WRITING)
		return 0;
	if (s->refused == -EFBIG)
		return luadrv_refuse(s, -EFBIG, "the script is longer than the parameter script_max of luadrv allows");
	if (s->refused)
		return luadrv_refuse(s, s->refused, "the script could not be read, it was not run");
	if (s->text.len == 0)
		return 0;

	if (atomic_inc_return(&luadrv_scripts) > scripts_max) {
		atomic_dec(&luadrv_scripts);
		return luadrv_refuse(s, -EBUSY, "as many scripts run as the parameter scripts_max of luadrv allows");
	}
	thread = kthread_create(luadrv_thread, s, "luadrv/%d", s->writer);
	if (IS_ERR(thread)) {
		atomic_dec(&luadrv_scripts);
		/* what it may be for want of memory, EAGAIN, means something else here */
		return luadrv_refuse(s, PTR_ERR(thread) == -EINTR ? -EINTR : -ENOMEM, "no kernel thread could be made for the script");
	}

	get_task_struct(thread);
	s->thread = thread;
	s->state = LUADRV_RUNNING;
	kref_get(&s->kref);
	__module_get(THIS_MODULE);
	wake_up_process(thread);
	return 0;
}

static bool luadrv_isdone(struct luadrv_session *s)
{
	/* pairs with luadrv_thread() */
	return smp_load_acquire(&s->state) != LUADRV_RUNNING;
}

/* Whether this process was asked to end, by a signal that it may catch. */
static bool luadrv_askedtoend(void)
{
	static const int asks[] = {SIGINT, SIGTERM, SIGQUIT, SIGHUP};
	bool asked = false;
	int i;

	spin_lock_irq(&current->sighand->siglock);
	for (i = 0; i < ARRAY_SIZE(asks); i++)
		asked |= !sigismember(&current->blocked, asks[i]) &&
			 (sigismember(&current->pending.signal, asks[i]) ||
			  sigismember(&current->signal->shared_pending.signal, asks[i]));
	spin_unlock_irq(&current->sighand->siglock);
	return asked;
}

/*
 * Waits for the script that runs. A fatal signal ends the wait and, by a
 * signal of its own, the script; so does one that a shell or an interpreter
 * catches, for which it looks now and then.
 */
static int luadrv_wait(struct luadrv_session *s)
{
	long ret;

	do {
		ret = wait_event_killable_timeout(s->wait, luadrv_isdone(s), HZ / 10);
		if (ret > 0)
			return 0;
	} while (ret == 0 && !luadrv_askedtoend());

	mutex_lock(&s->lock);
	if (s->state == LUADRV_RUNNING) {
		WRITE_ONCE(s->stop, true);
		send_sig(SIGKILL, s->thread, 1);
	}
	mutex_unlock(&s->lock);
	return -EINTR;
}

/* Begins and waits; then tells the outcome, the first time or each time. */
static int luadrv_finish(struct luadrv_session *s, bool nowait, bool again)
{
	int ret;

	mutex_lock(&s->lock);
	ret = luadrv_begin(s);
	mutex_unlock(&s->lock);
	if (ret)
		return ret;
	if (nowait && !luadrv_isdone(s))
		return -EAGAIN;

	ret = luadrv_wait(s);
	if (ret)
		return ret;

	mutex_lock(&s->lock);
	if (s->state == LUADRV_DONE && (again || !s->reported)) {
		ret = s->status;
		s->reported = true;
	}
	mutex_unlock(&s->lock);
	return ret;
}

/* The interpreter, held; NULL if there is none, or it is on its way out. */
static const struct luadrv_interpreter *luadrv_getinterpreter(void)
{
	const struct luadrv_interpreter *interpreter;

	mutex_lock(&luadrv_interpreter_lock);
	interpreter = luadrv_interpreter;
	if (interpreter && !try_module_get(interpreter->owner))
		interpreter = NULL;
	mutex_unlock(&luadrv_interpreter_lock);
	return interpreter;
}

int luadrv_register(const struct luadrv_interpreter *interpreter)
{
	int ret = 0;

	mutex_lock(&luadrv_interpreter_lock);
	if (luadrv_interpreter)
		ret = -EBUSY;
	else
		luadrv_interpreter = interpreter;
	mutex_unlock(&luadrv_interpreter_lock);
	return ret;
}
EXPORT_SYMBOL_GPL(luadrv_register);

/* No session is left: each holds the interpreter's module. */
void luadrv_unregister(const struct luadrv_interpreter *interpreter)
{
	mutex_lock(&luadrv_interpreter_lock);
	if (luadrv_interpreter == interpreter)
		luadrv_interpreter = NULL;
	mutex_unlock(&luadrv_interpreter_lock);
}
EXPORT_SYMBOL_GPL(luadrv_unregister);

static int luadrv_open(struct inode *inode, struct file *file)
{
	struct luadrv_session *s;
	int ret;

	/* a script can do nearly what a module can */
	if (!capable(CAP_SYS_MODULE))
		return -EPERM;
	ret = security_locked_down(LOCKDOWN_MODULE_SIGNATURE);
	if (ret)
		return ret;

	s = kzalloc(sizeof(*s), GFP_KERNEL);
	if (!s)
		return -ENOMEM;
	s->interpreter = luadrv_getinterpreter();
	if (!s->interpreter) {
		kfree(s);
		return -ENODEV;
	}
	s->opener = current->tgid;
	s->keep = file->f_flags & O_APPEND;
	kref_init(&s->kref);
	mutex_init(&s->lock);
	init_waitqueue_head(&s->wait);
	file->private_data = s;
	return stream_open(inode, file);
}

static ssize_t luadrv_write(struct file *file, const char __user *buf, size_t len, loff_t *off)
{
	struct luadrv_session *s = file->private_data;
	ssize_t ret;

	if (len == 0)
		return 0;
	if (mutex_lock_killable(&s->lock))
		return -EINTR;
	ret = -EBUSY;
	if (s->state == LUADRV_RUNNING)
		goto out;
	if (s->state == LUADRV_DONE)
		luadrv_renew(s);

	s->writer = current->tgid;
	get_task_comm(s->comm, current);

	ret = s->refused;
	if (ret)
		goto out;
	ret = luadrv_reserve(&s->text, len, script_max);
	if (!ret && copy_from_user(s->text.bytes + s->text.len, buf, len))
		ret = -EFAULT;
	if (ret) {
		/* a script with a part missing must not run */
		luadrv_clear(&s->text);
		s->refused = ret;
		goto out;
	}
	s->text.len += len;
	ret = len;
out:
	mutex_unlock(&s->lock);
	return ret;
}

static ssize_t luadrv_read(struct file *file, char __user *buf, size_t len, loff_t *off)
{
	struct luadrv_session *s = file->private_data;
	ssize_t ret;

	ret = luadrv_finish(s, file->f_flags & O_NONBLOCK, false);
	if (ret)
		return ret;

	if (mutex_lock_killable(&s->lock))
		return -EINTR;
	ret = 0;
	if (s->state == LUADRV_DONE) {
		ret = min(len, s->out.len - s->pos);
		if (copy_to_user(buf, s->out.bytes + s->pos, ret))
			ret = -EFAULT;
		else
			s->pos += ret;
	}
	mutex_unlock(&s->lock);
	return ret;
}

static int luadrv_fsync(struct file *file, loff_t start, loff_t end, int datasync)
{
	int ret = luadrv_finish(file->private_data, file->f_flags & O_NONBLOCK, true);

	return ret == -EAGAIN ? 0 : ret;
}

static int luadrv_issame(const void *file, struct file *other, unsigned int fd)
{
	return file == other;
}

/*
 * Whether who opened the file has another descriptor for it; not while it
 * exits. A child closes what it was given, and may not know of the others.
 */
static bool luadrv_isopen(struct luadrv_session *s, struct file *file)
{
	return s->opener == current->tgid && current->files &&
	       iterate_fd(current->files, 0, luadrv_issame, file);
}

/*
 * At each close of a descriptor. The text is complete when its writer closes;
 * not when some other child of the shell ends with a copy, and not when a
 * shell puts back what it redirected for a command of its own.
 */
static int luadrv_flush(struct file *file, fl_owner_t id)
{
	struct luadrv_session *s = file->private_data;
	bool exiting = current->flags & PF_EXITING;
	int ret;

	if (luadrv_isopen(s, file))
		return 0;
	mutex_lock(&s->lock);
	ret = s->writer != current->tgid;
	if (!ret && s->state == LUADRV_WRITING && exiting && (current->exit_code & 0x7f)) {
		/* killed while it wrote: what is there is a piece */
		luadrv_renew(s);
		ret = 1;
	}
	mutex_unlock(&s->lock);
	if (ret)
		return 0;

	/* who exits cannot be woken by a signal, so the script runs on alone */
	ret = luadrv_finish(s, exiting || (file->f_flags & O_NONBLOCK), false);
	return ret == -EAGAIN ? 0 : ret;
}

static __poll_t luadrv_poll(struct file *file, poll_table *wait)
{
	struct luadrv_session *s = file->private_data;

	poll_wait(file, &s->wait, wait);
	if (!luadrv_isdone(s))
		return 0;
	return EPOLLIN | EPOLLRDNORM | EPOLLOUT | EPOLLWRNORM;
}

/*
 * The last close. Text that is still here was its writer's to complete. When
 * it returns nothing of a script that is done holds a module any more.
 */
static int luadrv_release(struct inode *inode, struct file *file)
{
	struct luadrv_session *s = file->private_data;

	if (luadrv_isdone(s))
		luadrv_join(s);
	luadrv_put(s);
	return 0;
}

static const struct file_operations luadrv_fops = {
	.owner = THIS_MODULE,
	.open = luadrv_open,
	.write = luadrv_write,
	.read = luadrv_read,
	.fsync = luadrv_fsync,
	.flush = luadrv_flush,
	.poll = luadrv_poll,
	.release = luadrv_release,
};

static struct miscdevice luadrv_device = {
	.minor = MISC_DYNAMIC_MINOR,
	.name = "luadrv",
	.fops = &luadrv_fops,
	.mode = 0600,
};

module_misc_device(luadrv_device);
MODULE_DESCRIPTION("/dev/luadrv: Lua scripts run in the kernel");
MODULE_AUTHOR("Lunatik for Debian");
MODULE_VERSION(LUNATIK_VERSION);
/* who loads the device alone wants it to work */
MODULE_SOFTDEP("post: lunatik");
MODULE_LICENSE("Dual MIT/GPL");
