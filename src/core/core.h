/* SPDX-License-Identifier: MIT OR GPL-2.0-only */
/*
 * What the files of lunatik.ko, and luadrv.ko, know of a runtime. Binding
 * modules see lunatik.h alone.
 */
#ifndef LUNATIK_CORE_H
#define LUNATIK_CORE_H

#include <linux/atomic.h>
#include <linux/bug.h>
#include <linux/completion.h>
#include <linux/hrtimer.h>
#include <linux/kthread.h>
#include <linux/list.h>
#include <linux/ratelimit.h>
#include <linux/sched/signal.h>
#include <linux/smp.h>
#include <linux/tracepoint-defs.h>

#include <lunatik.h>

#include "../drv/luadrv.h"

/* bench/overhead.sh measures what limits cost against a build that has none */
#ifdef LUNATIK_UNBOUNDED
#define LUNATIK_BOUNDED	0
#else
#define LUNATIK_BOUNDED	1
#endif

#define LUNATIK_NAMELEN	128	/* of a script, with the ending NUL */

/*
 * object->private of a runtime. What is not marked otherwise is guarded by
 * the object's lock, or belongs to the one who creates or closes it.
 */
struct lunatik_runtime {
	lunatik_object_t *object;
	lua_State *L;			/* NULL before it is ready and once stopped */
	bool ready;			/* the script has run to its end */
	bool allocating;		/* Lua waits for memory: nobody can enter */
	bool closing;			/* somebody closes the state, or has */
	atomic_t leaving;		/* wait to close it: nobody else comes in */
	bool overflow;			/* the kernel stack ran short in this entry */
	u8 level;			/* LUNATIK_LEVEL_*, at this moment */
	u8 monitors;			/* that methods hold, one inside the other */
	struct module *by;		/* who stops it before it is gone, or NULL */
	struct lunatik_arena *arena;	/* of a hardirq runtime */
	size_t memory;			/* bytes that Lua holds */
	size_t peak;			/* and has held at most */
	size_t granted;			/* may hold without asking, see budget.c */
	size_t quota;			/* and at most */
	size_t charged;			/* has beside that */
	unsigned int time;		/* ms for an entry; 0 is as the parameters have it */
	int err;			/* what Lua takes for errno */

	/* the entry that is going on, see lunatik_enter() */
	unsigned long stack_soft;	/* below it: "C stack overflow" */
	unsigned long stack_hard;	/* below it: the same, with no handler called */
	unsigned long stack_parser;	/* below it a text is nested too deep */
	lua_State *running;		/* the coroutine that is on the CPU */
	struct lunatik_call *call;	/* on the stack of who is inside */
	struct task_struct *task;	/* who is inside, read by the timer */
	struct task_struct *thread;	/* whose entry has no limit of time, see thread.c */
	atomic_t threaded;		/* a thread runs its function, or will */

	/* asking the script to do something, see interrupt.c */
	struct hrtimer timer;
	atomic_t ticking;		/* the timer is or will be pending */
	call_single_data_t csd;		/* when the script is on another CPU */
	atomic_t kicked;		/* csd is in use */
	unsigned int ticks;		/* of the timer that hit this entry */
	unsigned int looked;		/* at entries of weak tables, in this collection */
	unsigned long asked;		/* jiffies when its thread was seen asked to stop, or 0 */
	bool late;			/* it took too long: why it has to end */
	unsigned int spent;		/* since the last look at the clock */
	unsigned int looks;		/* at it in this entry */
	u64 since;			/* the first of them, or 0 */
	bool due;			/* the script has to look at what is asked */
	bool stop;			/* it has to end */

	/* accounts, see status.c; an entry inside another one is a part of that */
	struct list_head all;		/* of all runtimes */
	unsigned int depth;		/* of entries, one inside the other */
	u64 entered;			/* when the outermost one began, or 0 */
	u64 inside;			/* ns in those that have ended */
	u64 entries;
	u64 errors;			/* that ended a script or a handler */
	u64 nomemory;			/* of all errors, those for want of memory */
	u64 nostack;			/* of kernel stack */
	u64 notime;			/* entries that took too long */
	u64 stopped;			/* that somebody ended */

	struct ratelimit_state prints;	/* see log.c */
	struct ratelimit_state complaints;
	luadrv_output_t print;		/* also gets what the script prints */
	void *print_ud;
	struct lunatik_chunk *chunk;	/* what it was made for, see chunk.c */
	struct list_head modules;	/* struct lunatik_module, held until closed */
	struct list_head made;		/* of the runtimes that a module made */
	struct completion closed;
	lunatik_object_t *waiting;	/* for its lock, see lunatik_lockwait() */

	/* the script as a coroutine, for resume(); NULL when it has ended */
	lua_State *script;
	size_t warnlen;			/* of a warning that is not complete */
	char warning[160];
	char name[LUNATIK_NAMELEN];
};

/*
 * What code in a runtime may do at a moment. A runtime has a level of its own
 * once it is ready; a method that holds a spinlock is for a while at that of
 * the lock.
 */
enum {
	LUNATIK_LEVEL_PROCESS,		/* may sleep */
	LUNATIK_LEVEL_SOFTIRQ,		/* bottom halves are off */
	LUNATIK_LEVEL_HARDIRQ,		/* interrupts are off */
};

/*
 * Whether the lock turns interrupts off. Under PREEMPT_RT nothing does: a method could
 * not allocate then. No hardirq runtime is made there, so none is waited for.
 */
static inline bool lunatik_israw(lunatik_opt_t opt)
{
	return opt & LUNATIK_OPT_HARDIRQ && !IS_ENABLED(CONFIG_PREEMPT_RT);
}

static inline u8 lunatik_level(lunatik_opt_t opt)
{
	return lunatik_israw(opt) ? LUNATIK_LEVEL_HARDIRQ :
	       opt & LUNATIK_OPT_ATOMIC ? LUNATIK_LEVEL_SOFTIRQ : LUNATIK_LEVEL_PROCESS;
}

/* The same of the option itself, whatever its lock is: what a context is called by. */
static inline u8 lunatik_context(lunatik_opt_t opt)
{
	return opt & LUNATIK_OPT_HARDIRQ ? LUNATIK_LEVEL_HARDIRQ :
	       opt & LUNATIK_OPT_ATOMIC ? LUNATIK_LEVEL_SOFTIRQ : LUNATIK_LEVEL_PROCESS;
}

/* with each allocation: neither the OOM killer nor a warning for a script's sake */
#define LUNATIK_GFP	(__GFP_NOWARN | __GFP_RETRY_MAYFAIL)
#define LUNATIK_SPARE	(256UL << 10)	/* granted, and kept when it is freed */
#define LUNATIK_LOOK	64	/* spent from one look at the clock to the next */

/* module parameters */
extern unsigned int lunatik_hardirq_memory;
extern unsigned int lunatik_script_max;

/* runtime.c */
extern const lunatik_class_t lunatik_runtime_class;

static inline struct lunatik_runtime *lunatik_runtimeof(lua_State *L)
{
	return lunatik_toruntime(L)->private;
}

int lunatik_create(lunatik_object_t **pruntime, const char *name, lunatik_opt_t opt,
		   const lunatik_budget_t *budget, struct module *by);
int lunatik_abandon(lunatik_object_t *runtime, int ret);
int lunatik_publish(lunatik_object_t *runtime);
int lunatik_load(lunatik_object_t **pruntime, const char *script, lunatik_opt_t opt,
		 const lunatik_budget_t *budget, struct module *by, char *msg, size_t size);
void lunatik_closeof(struct module *by);
void lunatik_stopfrom(lua_State *L, lunatik_object_t *runtime);
void lunatik_lockwait(lua_State *L, lunatik_object_t *object);
int lunatik_trywait(lua_State *L, lunatik_object_t *object);
bool lunatik_isloading(struct lunatik_runtime *rt);
int lunatik_pcall(lua_State *L, int nargs, int nresults);
int lunatik_errno_of(lua_State *L, int status);
void lunatik_keep(lua_State *L, struct module *module);
void lunatik_keepgot(lua_State *L, struct module *module);
const char *lunatik_contextname(lunatik_opt_t opt);
lunatik_opt_t lunatik_checkcontextname(lua_State *L, int i);

/* budget.c */
void lunatik_budget_init(void);
const char *lunatik_checkbudget(const lunatik_budget_t *budget, lunatik_opt_t opt);
void lunatik_setbudget(struct lunatik_runtime *rt, const lunatik_budget_t *budget);
unsigned int lunatik_timelimit(struct lunatik_runtime *rt);
bool lunatik_grant(struct lunatik_runtime *rt, size_t more);
bool lunatik_take(size_t size);
void lunatik_give(size_t size);
bool lunatik_charge(struct lunatik_runtime *rt, size_t size);
void lunatik_ungrant(struct lunatik_runtime *rt);
void lunatik_ungrantall(struct lunatik_runtime *rt);

/* status.c */
int lunatik_status_init(void);
void lunatik_status_exit(void);
void lunatik_status_add(struct lunatik_runtime *rt);
void lunatik_status_del(struct lunatik_runtime *rt);
int lunatik_status(lua_State *L);
int lunatik_runtime_status(lua_State *L);

/* trace.c, when the event is on; the message may be NULL */
DECLARE_TRACEPOINT(lunatik_enter);
DECLARE_TRACEPOINT(lunatik_exit);
DECLARE_TRACEPOINT(lunatik_error);
void lunatik_traceenter(struct lunatik_runtime *rt);
void lunatik_traceexit(struct lunatik_runtime *rt, u64 time);
void lunatik_traceerror(struct lunatik_runtime *rt, const char *msg);

/* An error has ended a script or a handler; its message, or NULL if it is no string. */
static inline void lunatik_counterror(struct lunatik_runtime *rt, const char *msg)
{
	rt->errors++;
	if (tracepoint_enabled(lunatik_error))
		lunatik_traceerror(rt, msg);
}

/* resume.c */
int lunatik_resume(lua_State *L);
int lunatik_startscript(lua_State *L, const char *path, char *copy, size_t size);

/* Whether the task has to end. A kernel thread is asked to, or gets a signal that it allows. */
static inline bool lunatik_istaskover(void)
{
	if (current->flags & PF_KTHREAD)
		return kthread_should_stop() || signal_pending(current);
	return fatal_signal_pending(current);
}

/* vm.c, in the unit of lua.c */
void lunatik_arm(struct lunatik_runtime *rt);
struct lunatik_box *lunatik_tobox(lua_State *L, int i);
int lunatik_method(lua_State *L);
int lunatik_index(lua_State *L);
int lunatik_newindex(lua_State *L);
int lunatik_monitor(lua_State *L, lunatik_object_t *object, lua_CFunction method);
int lunatik_protect(lua_State *L, void (*f)(lua_State *L, void *ud), void *ud);
int lunatik_protectat(lua_State *L, lunatik_opt_t opt, void (*f)(lua_State *L, void *ud), void *ud);
void lunatik_raise(lua_State *L, int status);
void lunatik_raisenomemory(lua_State *L);
unsigned int lunatik_makeseed(void);
int lunatik_formatpointer(char *buf, size_t size, const char *format, const void *p);
void lunatik_makeroom(lua_State *L);
void lunatik_startgc(lua_State *L);
int lunatik_rep(lua_State *L);
int lunatik_find(lua_State *L);

/*
 * What the userdata of an object holds. The mark tells it from every other
 * module's.
 */
struct lunatik_box {
	lunatik_object_t *object;	/* NULL until it is whole */
	const void *mark;
	void *key;			/* where the registry has its options */
};

extern const char lunatik_mark;

/* object.c */
lunatik_object_t **lunatik_newslot(lua_State *L, const lunatik_class_t *class);
void lunatik_pushclass(lua_State *L, const lunatik_class_t *class);
void lunatik_release(lunatik_object_t *object);
void lunatik_freebox(struct lunatik_runtime *rt, void *memory, size_t len, bool maysleep);
void lunatik_checkcontext(lua_State *L, const lunatik_class_t *class, lunatik_opt_t opt);
void lunatik_lockalways(lunatik_object_t *object);
bool lunatik_trylong(lunatik_object_t *object, bool maysleep);

/* later.c */
int lunatik_later_init(void);
void lunatik_later_exit(void);
void lunatik_initworks(lunatik_object_t *object);
void lunatik_releaselater(lunatik_object_t *object);
void lunatik_freelater(void *memory);

/* arena.c */
struct lunatik_arena *lunatik_arena_create(size_t size);
void lunatik_arena_destroy(struct lunatik_arena *arena);
void *lunatik_arena_alloc(struct lunatik_arena *arena, size_t size);
void lunatik_arena_free(struct lunatik_arena *arena, void *ptr, size_t size);
void lunatik_arena_shrink(struct lunatik_arena *arena, void *ptr, size_t from, size_t to);
bool lunatik_inarena(struct lunatik_arena *arena, const void *ptr);

/* alloc.c */
void *lunatik_alloc(void *ud, void *ptr, size_t osize, size_t nsize);

/* script.c */
int lunatik_script_init(void);
void lunatik_script_exit(void);
const char *lunatik_checkname(const char *name);
const char *lunatik_errmsg(int err);

/* libraries: baselib.c, lib.c, mathlib.c, package.c, runner.c */
int lunatik_openlunatik(lua_State *L);
const lunatik_budget_t *lunatik_checkbudgetarg(lua_State *L, int i, lunatik_opt_t opt,
					       lunatik_budget_t *budget);
int lunatik_openlibs(lua_State *L);
const char *lunatik_pushline(lua_State *L, size_t *len);
int lunatik_openmath(lua_State *L);
int lunatik_openpackage(lua_State *L);
int lunatik_openrunner(lua_State *L);
int lunatik_announce(const char *kind, const char *name, lunatik_object_t *object);
void lunatik_warn(void *ud, const char *msg, int tocont);

/* stack.c */
void lunatik_stack_init(void);
void lunatik_stack_exit(void);
bool lunatik_stacklook(void);
void lunatik_stacklimits(struct lunatik_runtime *rt);

/* Whether only what Lua itself does should still be done. */
static __always_inline bool lunatik_isdeep(struct lunatik_runtime *rt)
{
	return (unsigned long)__builtin_frame_address(0) < rt->stack_soft;
}

/* runner.c */
void lunatik_forget(void);
int lunatik_announceall(struct lunatik_global *global);

/* interrupt.c */
void lunatik_interrupt_init(struct lunatik_runtime *rt);
void lunatik_interrupt_exit(struct lunatik_runtime *rt);
void lunatik_interrupt_enter(struct lunatik_runtime *rt);
void lunatik_interrupt(struct lunatik_runtime *rt);
void lunatik_attend(lua_State *L, unsigned int cost);

/* chunk.c */
extern const struct luadrv_interpreter lunatik_interpreter;

/* log.c */
void lunatik_initlog(struct lunatik_runtime *rt);
void lunatik_log(struct lunatik_runtime *rt, const char *level, const char *text, size_t len);
void lunatik_logerror(struct lunatik_runtime *rt, const char *what, const char *text, size_t len);

/*
 * These never return, and nothing says so: Lua declares them as it does, and a module
 * that only links to them would end in the middle of nowhere, as objtool sees it. It looks
 * at lunatik.ko as a whole where the kernel has IBT, and warns of code behind such a call.
 */
#define lunatik_never(call)		({ call; BUG(); 0; })
#define lunatik_throw(L, ret)		lunatik_never(lunatik_throw(L, ret))
#ifndef LUA_CORE
#define lunatik_lua_error(L)		lunatik_never(lunatik_lua_error(L))
#define lunatik_luaL_error(...)		lunatik_never(lunatik_luaL_error(__VA_ARGS__))
#define lunatik_luaL_argerror(...)	lunatik_never(lunatik_luaL_argerror(__VA_ARGS__))
#define lunatik_luaL_typeerror(...)	lunatik_never(lunatik_luaL_typeerror(__VA_ARGS__))
#define lunatik_raise(L, status)	lunatik_never(lunatik_raise(L, status))
#define lunatik_raisenomemory(L)	lunatik_never(lunatik_raisenomemory(L))
#endif

#endif
