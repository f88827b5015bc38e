// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The library stack, which measures how much kernel stack something takes,
 * and a file that runs a handler of Lua on a stack of choice.
 *
 *	stack.paint()	fills what is free of the present stack with a pattern
 *	stack.left()	bytes at its end that nobody touched since
 *	stack.used()	bytes from where paint() was called to the deepest touched
 *	stack.now()	bytes from here to the end of the stack
 *	stack.hit(from)	enters the second runtime from right here: see below
 *	stack.cost(what)	has the kernel do it: for paint() and used() around it
 *	stack.box()	an object with a lock; box:call(f) calls f with it held
 *
 * A write to /proc/lunatik-stack of
 *
 *	FROM[:BYTES][,FROM2] WAY [WAY2] [raw]
 *
 * makes a runtime of t/stack/run of the context that FROM allows, and calls
 * handler(WAY) there. FROM2 makes a second one, in which stack.hit() calls
 * handler(WAY2). BYTES of the writer's stack are taken before. With "raw"
 * the handler is not called in protected mode, so its error gets to the log.
 * The line that is read then is "DEPTH|USED|LEFT|MESSAGE".
 *
 *	call		the system call of the writer, process context
 *	softcall	the same, a softirq runtime
 *	thread		a kernel thread, process context
 *	timer, tasklet	softirq
 *	hrtimer, irq_work	hardirq
 *	kprobe		hardirq, in a function that the writer calls
 *	symbol		as FROM2 only, and without stack.hit(): hardirq, by a probe in
 *			the function that the parameter symbol names
 *	symbol-irq	hardirq, by an interrupt that comes when that probe is over
 *
 * The stack of a task has an end that the kernel tells. That of a CPU's
 * interrupts has as many bytes, but where it is no module is told, and it need
 * not be aligned. So who fires notes where he is: a timer or tasklet is called
 * a few hundred bytes below the top, and 16 KB below the next page boundary
 * there is the end.
 */
#include <linux/completion.h>
#include <linux/delay.h>
#include <linux/hrtimer.h>
#include <linux/interrupt.h>
#include <linux/irq_work.h>
#include <linux/irqflags.h>
#include <linux/kprobes.h>
#include <linux/kthread.h>
#include <linux/mm.h>
#include <linux/module.h>
#include <linux/mutex.h>
#include <linux/proc_fs.h>
#include <linux/sched/task_stack.h>
#include <linux/slab.h>
#include <linux/string.h>
#include <linux/timer.h>
#include <linux/uaccess.h>

#include <lunatik.h>

/* where from; the last two, stack.hit() and the like */
enum {
	CALL, SOFTCALL, THREAD, TIMER, TASKLET, HRTIMER, IRQWORK, KPROBE, SYMBOL, SYMBOLIRQ,
	PLACES
};

/* --- what is measured */

#define PATTERN	0x5a5a5a5a5a5a5a5aUL
#define GAP	128		/* below the stack pointer of who paints, who calls nothing */

/* A stack that is painted; one is a task's, the other one of interrupts. */
struct canvas {
	unsigned long low;	/* the first byte that may be written */
	unsigned long high;	/* the end of what was painted */
	unsigned long sp;	/* of who painted */
};

static struct canvas ontask, onirq;
static unsigned long irqtop;	/* of the interrupt stack of the CPU that is in use, or 0 */

static bool within(unsigned long sp, unsigned long end)
{
	return sp > end && sp - end < THREAD_SIZE;
}

static __always_inline unsigned long stackpointer(void)
{
	return (unsigned long)__builtin_frame_address(0);
}

/* The end of the stack that @sp is on; 0 if that is not known. */
static unsigned long stackend(unsigned long sp)
{
	unsigned long end = (unsigned long)end_of_stack(current);

	if (within(sp, end))
		return end;
	end = READ_ONCE(irqtop) - THREAD_SIZE;
	return irqtop && within(sp, end) ? end : 0;
}

static struct canvas *canvasof(unsigned long sp)
{
	return within(sp, (unsigned long)end_of_stack(current)) ? &ontask : &onirq;
}

/*
 * Nothing is called and nothing interrupts while it writes, so what is below
 * the stack pointer is nobody's. The magic number at the end of a task's stack
 * stays. A non-maskable interrupt has a stack of its own.
 */
static noinline bool paint(void)
{
	unsigned long sp = stackpointer(), end = stackend(sp), high, at, flags;
	struct canvas *canvas = canvasof(sp);

	canvas->low = canvas->high = canvas->sp = 0;
	if (!end)
		return false;
	end += 2 * sizeof(long);
	/* the frame address is above this frame, of which nobody knows the size */
#ifdef CONFIG_ARCH_HAS_CURRENT_STACK_POINTER
	high = current_stack_pointer;
#else
	high = sp - 512;
#endif
	high = round_down(high - GAP, sizeof(long));
	if (high <= end || high > sp)
		return false;
	raw_local_irq_save(flags);
	for (at = end; at < high; at += sizeof(long))
		*(volatile unsigned long *)at = PATTERN;
	raw_local_irq_restore(flags);
	canvas->low = end;
	canvas->high = high;
	canvas->sp = sp;
	return true;
}

/* From the end upward: whoever asks, and from how deep, is above it. */
static noinline long left(void)
{
	const struct canvas *canvas = canvasof(stackpointer());
	unsigned long at = canvas->low;

	if (!canvas->high || !within(stackpointer(), canvas->low - 2 * sizeof(long)))
		return -1;
	while (at < canvas->high && *(volatile unsigned long *)at == PATTERN)
		at += sizeof(long);
	return at - canvas->low;
}

static noinline long used(void)
{
	const struct canvas *canvas = canvasof(stackpointer());
	long bytes = left();

	return bytes < 0 ? -1 : canvas->sp - canvas->low - bytes;
}

static int stack_paint(lua_State *L)
{
	lua_pushboolean(L, paint());
	return 1;
}

static int stack_left(lua_State *L)
{
	lua_pushinteger(L, left());
	return 1;
}

static int stack_used(lua_State *L)
{
	lua_pushinteger(L, used());
	return 1;
}

static int stack_now(lua_State *L)
{
	unsigned long sp = stackpointer(), end = stackend(sp);

	lua_pushinteger(L, end ? sp - end : -1);
	return 1;
}

/* --- one write to the file */

struct entry {
	lunatik_object_t *runtime;
	char way[64];
	char message[160];
	int depth;
	int ret;
};

static DEFINE_MUTEX(mutex);
static struct entry outer, inner;
static bool raw;
static long least, taken;
static struct completion done;
static int innerfrom = -1;
static unsigned int hits, entered;
static struct task_struct *armed;	/* while the first runtime runs: the task on the CPU */

static int handler(lua_State *L, struct entry *entry)
{
	lua_getglobal(L, "handler");
	lua_pushstring(L, entry->way);
	if (raw) {
		lua_call(L, 1, 2);
	} else if (lua_pcall(L, 1, 2, 0) != LUA_OK) {
		strscpy(entry->message, lua_tostring(L, -1) ?: "(no message)",
			sizeof(entry->message));
		return -ECANCELED;
	}
	entry->depth = lua_tointeger(L, -2);
	strscpy(entry->message, lua_tostring(L, -1) ?: "(no message)", sizeof(entry->message));
	return 0;
}

static noinline void work(void)
{
	bool painted = paint();

	WRITE_ONCE(armed, current);
	lunatik_run(outer.runtime, handler, outer.ret, &outer);
	WRITE_ONCE(armed, NULL);
	least = painted ? left() : -1;
	taken = painted ? used() : -1;
	WRITE_ONCE(irqtop, 0);
	complete(&done);
}

/* In the second runtime, on top of the first one. */
static noinline void workinside(void)
{
	hits++;
	lunatik_run(inner.runtime, handler, inner.ret, &inner);
	if (inner.ret == 0)
		entered++;
}

/* --- where from */

static noinline void burn(unsigned long downto)
{
	volatile char frame[64];

	frame[0] = 1;
	if ((unsigned long)frame > downto)
		burn(downto);
	else
		work();
	frame[1] = frame[0];
}

/* Called first thing by what interrupts. */
static __always_inline void noteirq(void)
{
	unsigned long sp = stackpointer();

	if (!within(sp, (unsigned long)end_of_stack(current)) && !irqtop)
		WRITE_ONCE(irqtop, PAGE_ALIGN(sp));
}

static void on_irq(void)
{
	noteirq();
	work();
}

static struct timer_list timer;
static struct hrtimer hrtimer;
static struct irq_work irqwork, hitwork;
static bool hitting;

static void on_timer(struct timer_list *unused)
{
	on_irq();
}

static void on_tasklet(unsigned long unused)
{
	on_irq();
}

static void on_hittasklet(unsigned long unused)
{
	workinside();
}

static DECLARE_TASKLET_OLD(tasklet, on_tasklet);
static DECLARE_TASKLET_OLD(hittasklet, on_hittasklet);

static enum hrtimer_restart on_hrtimer(struct hrtimer *unused)
{
	on_irq();
	return HRTIMER_NORESTART;
}

static void on_irqwork(struct irq_work *unused)
{
	on_irq();
}

static void on_hitwork(struct irq_work *unused)
{
	workinside();
	WRITE_ONCE(hitting, false);
}

static int on_thread(void *unused)
{
	work();
	while (!kthread_should_stop())
		usleep_range(100, 1000);
	return 0;
}

static noinline int probed(int i)
{
	barrier();
	return i + 1;
}

static noinline int hitprobed(int i)
{
	barrier();
	return i + 2;
}

static int on_kprobe(struct kprobe *probe, struct pt_regs *regs)
{
	work();
	return 0;
}

static int on_hitkprobe(struct kprobe *probe, struct pt_regs *regs)
{
	workinside();
	return 0;
}

static struct kprobe kprobe = { .pre_handler = on_kprobe };
static struct kprobe hitkprobe = { .pre_handler = on_hitkprobe };

static noinline void burnprobed(unsigned long downto)
{
	volatile char frame[64];

	frame[0] = 1;
	if ((unsigned long)frame > downto)
		burnprobed(downto);
	else
		probed(1);
	frame[1] = frame[0];
}

/*
 * A function of the kernel that the first runtime calls where it is deepest:
 * the second is entered by a probe there, or by an interrupt just after.
 */
static char *symbol = "__kmalloc";
module_param(symbol, charp, 0444);

static int on_symbol(struct kprobe *probe, struct pt_regs *regs)
{
	if (READ_ONCE(armed) != current)
		return 0;
	if (innerfrom == SYMBOL)
		workinside();
	else if (innerfrom == SYMBOLIRQ && !READ_ONCE(hitting))
		irq_work_queue(&hitwork);
	return 0;
}

static struct kprobe symbolkprobe = { .pre_handler = on_symbol };

static const struct place {
	const char *name;
	lunatik_opt_t opt;
} places[PLACES] = {
	[CALL] = {"call", LUNATIK_OPT_NONE},
	[SOFTCALL] = {"softcall", LUNATIK_OPT_SOFTIRQ},
	[THREAD] = {"thread", LUNATIK_OPT_NONE},
	[TIMER] = {"timer", LUNATIK_OPT_SOFTIRQ},
	[TASKLET] = {"tasklet", LUNATIK_OPT_SOFTIRQ},
	[HRTIMER] = {"hrtimer", LUNATIK_OPT_HARDIRQ},
	[IRQWORK] = {"irq_work", LUNATIK_OPT_HARDIRQ},
	[KPROBE] = {"kprobe", LUNATIK_OPT_HARDIRQ},
	[SYMBOL] = {"symbol", LUNATIK_OPT_HARDIRQ},
	[SYMBOLIRQ] = {"symbol-irq", LUNATIK_OPT_HARDIRQ},
};

static int placeof(const char *name)
{
	int i;

	for (i = 0; i < PLACES; i++)
		if (name && strcmp(name, places[i].name) == 0)
			return i;
	return -EINVAL;
}

static int fire(int place, unsigned long bytes)
{
	unsigned long downto = (unsigned long)end_of_stack(current) + THREAD_SIZE - bytes;
	struct task_struct *task = NULL;

	switch (place) {
	case CALL:
	case SOFTCALL:
		burn(bytes ? downto : -1UL);
		break;
	case THREAD:
		task = kthread_run(on_thread, NULL, "stack");
		if (IS_ERR(task))
			return PTR_ERR(task);
		break;
	case TIMER:
		mod_timer(&timer, jiffies + 1);
		break;
	case TASKLET:
		tasklet_schedule(&tasklet);
		break;
	case HRTIMER:
		hrtimer_start(&hrtimer, 1, HRTIMER_MODE_REL_PINNED_HARD);
		break;
	case IRQWORK:
		irq_work_queue(&irqwork);
		break;
	case KPROBE:
		burnprobed(bytes ? downto : -1UL);
		break;
	}
	wait_for_completion(&done);
	if (task)
		kthread_stop(task);
	return 0;
}

/*
 * From a C function that a script calls, as deep as that is. The interrupt of
 * irq_work comes at once. Returns what lunatik_run() said, and how often that
 * was 0.
 */
static int stack_hit(lua_State *L)
{
	if (innerfrom < 0)
		return luaL_error(L, "no second runtime");
	/* what is to interrupt cannot, or would find a lock taken that it waits for */
	if (innerfrom != KPROBE && innerfrom != IRQWORK ? !preemptible() :
	    innerfrom == IRQWORK && irqs_disabled())
		return luaL_error(L, "not from here");
	inner.ret = -ENODATA;
	switch (innerfrom) {
	case CALL:
	case SOFTCALL:
		workinside();
		break;
	case TASKLET:
		local_bh_disable();
		tasklet_schedule(&hittasklet);
		local_bh_enable();
		break;
	case IRQWORK:
		WRITE_ONCE(hitting, true);
		irq_work_queue(&hitwork);
		while (READ_ONCE(hitting))
			cpu_relax();
		break;
	case KPROBE:
		hitprobed(1);
		break;
	}
	lua_pushinteger(L, inner.ret);
	return 1;
}

/* Memory until the allocator had to look for more, of each size. */
static void allocate(gfp_t gfp, bool hold)
{
	void *list = NULL, *block, *next;
	size_t size;
	int i;

	for (size = 64; size <= 8 * PAGE_SIZE; size *= 2) {
		for (i = 0; i < (256 << 10) / size; i++) {
			block = gfp & __GFP_DIRECT_RECLAIM ? kvmalloc(size, gfp) : kmalloc(size, gfp);
			if (!block)
				continue;
			*(void **)block = list;
			list = block;
			if (!hold) {
				list = NULL;
				kvfree(block);
			}
		}
	}
	for (block = list; block; block = next) {
		next = *(void **)block;
		if (gfp & __GFP_DIRECT_RECLAIM)
			kvfree(block);
		else
			kfree(block);
	}
}

static int stack_cost(lua_State *L)
{
	static const char * const whats[] = {
		"nothing", "spin", "nowait", "atomic", "kernel", "free", "log", NULL
	};
	int i;

	switch (luaL_checkoption(L, 1, NULL, whats)) {
	case 1:
		/* whatever interrupts in 300 ms */
		for (i = 0; i < 300; i++)
			mdelay(1);
		break;
	case 2:
		allocate(GFP_NOWAIT | __GFP_NOWARN, true);
		break;
	case 3:
		allocate(GFP_ATOMIC | __GFP_NOWARN, true);
		break;
	case 4:
		if (preemptible())
			allocate(GFP_KERNEL | __GFP_NOWARN | __GFP_RETRY_MAYFAIL, true);
		break;
	case 5:
		allocate(GFP_NOWAIT | __GFP_NOWARN, false);
		break;
	case 6:
		for (i = 0; i < 20; i++)
			pr_err("stack: %s\n", "what a script has to say, of some length or other");
		break;
	}
	return 0;
}

/* --- an object with a lock */

static int box_call(lua_State *L)
{
	lua_settop(L, 2);
	lua_call(L, 0, 0);
	return 0;
}

static const luaL_Reg box_methods[] = {
	{"call", box_call},
	{NULL, NULL}
};

static const lunatik_class_t box_class = {
	.name = "stackbox", .methods = box_methods,
	.opt = LUNATIK_OPT_HARDIRQ | LUNATIK_OPT_MONITOR,
};

static int stack_box(lua_State *L)
{
	lunatik_newobject(L, &box_class, sizeof(long), LUNATIK_OPT_NONE);
	return 1;
}

static const luaL_Reg stack_lib[] = {
	{"paint", stack_paint},
	{"left", stack_left},
	{"used", stack_used},
	{"now", stack_now},
	{"hit", stack_hit},
	{"cost", stack_cost},
	{"box", stack_box},
	{NULL, NULL}
};

LUNATIK_CLASSES(stack, &box_class);
LUNATIK_NEWLIB(stack, stack_lib, luastack_classes);

/* --- the file */

static char answer[256];

static int newruntime(struct entry *entry, int place, const char *way)
{
	lunatik_budget_t budget = { .memory = 8 << 20, .time = 2000 };

	memset(entry, 0, sizeof(*entry));
	strscpy(entry->way, way, sizeof(entry->way));
	return lunatik_newbounded(&entry->runtime, "t/stack/run", places[place].opt, &budget);
}

static int run(char *line)
{
	char *from = strsep(&line, " "), *way = strsep(&line, " "), *way2 = strsep(&line, " ");
	char *second = from, *kb;
	unsigned long bytes = 0;
	int place, ret;

	from = strsep(&second, ",");
	kb = from;
	from = strsep(&kb, ":");
	place = placeof(from);
	innerfrom = second ? placeof(second) : -1;
	raw = (way2 && strcmp(way2, "raw") == 0) || (line && strcmp(line, "raw") == 0);
	if (place < 0 || place >= SYMBOL || !way || (second && innerfrom < 0) || (kb && kstrtoul(kb, 10, &bytes)))
		return -EINVAL;
	irqtop = 0;
	least = taken = -1;
	hits = entered = 0;
	init_completion(&done);
	ret = newruntime(&outer, place, way);
	if (ret)
		return ret;
	if (innerfrom >= 0)
		ret = newruntime(&inner, innerfrom, way2 ?: way);
	if (!ret) {
		ret = fire(place, bytes);
		if (!outer.message[0])
			snprintf(outer.message, sizeof(outer.message), "(error %d)", outer.ret);
		snprintf(answer, sizeof(answer), "%d|%ld|%ld|%.150s|%u of %u %d\n", outer.depth, taken,
			 least, outer.message, entered, hits, inner.ret);
	}
	lunatik_stop(outer.runtime);
	if (inner.runtime)
		lunatik_stop(inner.runtime);
	memset(&inner, 0, sizeof(inner));
	return ret;
}

static ssize_t stack_write(struct file *file, const char __user *from, size_t len, loff_t *off)
{
	char *line;
	int ret;

	line = memdup_user_nul(from, min_t(size_t, len, 200));
	if (IS_ERR(line))
		return PTR_ERR(line);
	mutex_lock(&mutex);
	answer[0] = '\0';
	ret = run(strim(line));
	mutex_unlock(&mutex);
	kfree(line);
	return ret ?: len;
}

static ssize_t stack_read(struct file *file, char __user *to, size_t len, loff_t *off)
{
	return simple_read_from_buffer(to, len, off, answer, strlen(answer));
}

static const struct proc_ops stack_ops = {
	.proc_read = stack_read,
	.proc_write = stack_write,
};

static int __init stack_init(void)
{
	int ret;

	timer_setup(&timer, on_timer, 0);
	hrtimer_init(&hrtimer, CLOCK_MONOTONIC, HRTIMER_MODE_REL_PINNED_HARD);
	hrtimer.function = on_hrtimer;
	init_irq_work(&irqwork, on_irqwork);
	hitwork = IRQ_WORK_INIT_HARD(on_hitwork);
	irqwork = IRQ_WORK_INIT_HARD(on_irqwork);
	kprobe.addr = (void *)probed;
	symbolkprobe.symbol_name = symbol;
	hitkprobe.addr = (void *)hitprobed;
	ret = register_kprobe(&kprobe);
	if (ret)
		return ret;
	ret = register_kprobe(&hitkprobe);
	if (ret)
		goto unregister;
	ret = register_kprobe(&symbolkprobe);
	if (ret)
		goto unregisterhit;
	if (proc_create("lunatik-stack", 0600, NULL, &stack_ops))
		return 0;
	ret = -ENOMEM;
	unregister_kprobe(&symbolkprobe);
unregisterhit:
	unregister_kprobe(&hitkprobe);
unregister:
	unregister_kprobe(&kprobe);
	return ret;
}

static void __exit stack_exit(void)
{
	remove_proc_entry("lunatik-stack", NULL);
	unregister_kprobe(&symbolkprobe);
	unregister_kprobe(&hitkprobe);
	unregister_kprobe(&kprobe);
	del_timer_sync(&timer);
	hrtimer_cancel(&hrtimer);
	tasklet_kill(&tasklet);
	tasklet_kill(&hittasklet);
	irq_work_sync(&irqwork);
	irq_work_sync(&hitwork);
}

module_init(stack_init);
module_exit(stack_exit);
MODULE_DESCRIPTION("Test: kernel stack");
MODULE_LICENSE("Dual MIT/GPL");
