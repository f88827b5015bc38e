// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * The part of Lunatik that needs Lua's internals: entering a state from C,
 * errors that nobody caught, the end of the kernel stack, and the way in for
 * the timer. Compiled as the end of lua.c.
 */

#if LUA_VERSION_RELEASE_NUM >= 50406
#define stk(L, field)	((L)->field.p)
#else
#define stk(L, field)	((L)->field)
#endif

/*
 * Called by luaE_checkcstack() and around it when the kernel stack runs
 * short, or did in this entry. Between the soft and the hard limit one error
 * is raised, and its message handler may run; below the hard limit the error
 * is raised without calling a handler.
 */
static noinline u32 lunatik_lowstack(lua_State *L, struct lunatik_runtime *rt, unsigned long sp)
{
	if (sp > rt->stack_soft) {
		rt->overflow = false;
		return LUNATIK_MAXLEVELS;
	}
	if (sp > rt->stack_hard)
		return rt->overflow ? LUNATIK_NOLIMIT : getCcalls(L);
	L->errfunc = 0;
	return getCcalls(L);
}

static l_noret lunatik_nofloat(lua_State *L)
{
	luaG_runerror(L, "no floating-point numbers in the kernel");
}

static const char *lunatik_badnumber(const char *s)
{
	bool hex = s[0] == '0' && (s[1] == 'x' || s[1] == 'X');
	size_t digits = strspn(s, "0123456789");

	if (!hex && digits > 0 && s[digits] == '\0')
		return "integer out of range";
	if (strpbrk(s, hex ? ".pP" : ".eE"))
		return "numbers are integers in the kernel, malformed number";
	return "malformed number";
}

/* by squaring; wraps around as every integer operation of Lua does */
static lua_Integer lunatik_pow(lua_State *L, lua_Integer base, lua_Integer exp)
{
	lua_Unsigned b = l_castS2U(base), r = 1;

	if (exp < 0)
		luaG_runerror(L, "attempt to raise to a negative power");
	for (; exp > 0; exp >>= 1) {
		if (exp & 1)
			r *= b;
		b *= b;
	}
	return l_castU2S(r);
}

/* Precompiled chunks are refused: a malformed one can do anything. */
LClosure *luaU_undump(lua_State *L, ZIO *Z, const char *name)
{
	luaO_pushfstring(L, "%s: precompiled chunks are refused, load the source",
			 *name == '@' || *name == '=' ? name + 1 : name);
	luaD_throw(L, LUA_ERRSYNTAX);
	return NULL;
}

int luaU_dump(lua_State *L, const Proto *f, lua_Writer w, void *data, int strip)
{
	luaG_runerror(L, "precompiled chunks are refused, so none are made");
	return 1;
}

static Udata *lunatik_newudata(lua_State *L, size_t size, int nuvalue)
{
	Udata *u = luaS_newudata(L, size, nuvalue);

	memset(getudatamem(u), 0, size);
	return u;
}

/* The collector frees a userdata; the main thread tells whose it is. */
static void lunatik_freeuserdata(lua_State *L, void *o)
{
	Udata *u = gco2u(obj2gco(o));
	struct lunatik_runtime *rt = lunatik_runtimeof(L);

	lunatik_freebox(rt, getudatamem(u), u->len,
			lunatik_maysleep(L) && !lunatik_isdeep(rt));
}

/*
 * Makes the script stop at its next instruction and call lunatik_hook(). Runs
 * on the CPU of the script, which is interrupted: it writes only what a
 * signal handler of a program may, see lua_sethook(). What it reads was written
 * there, before or after the instruction that is interrupted: either will do.
 */
void lunatik_arm(struct lunatik_runtime *rt)
{
	lua_State *L = READ_ONCE(rt->running);
	CallInfo *ci;

	if (!L)
		return;
	WRITE_ONCE(rt->due, true);
	L->hookmask |= LUA_MASKCOUNT;
	L->hookcount = 1;
	/* the writes it races with are of this CPU */
	for (ci = data_race(L->ci); ci; ci = data_race(ci->previous))
		if (data_race(isLua(ci)))	/* as are these */
			ci->u.l.trap = 1;
}

/*
 * Where no timer can interrupt the script it is counted what it does: that
 * costs each instruction a little. Every COUNT of them, and at each poll of a
 * library, lunatik_attend() is called.
 */
static void lunatik_count(lua_State *L)
{
	WRITE_ONCE(lunatik_runtimeof(L)->due, true);
	/* one that is counted goes on from where it is */
	if (L->basehookcount != LUNATIK_COUNT || !(L->hookmask & LUA_MASKCOUNT))
		L->hookcount = LUNATIK_COUNT;
	L->basehookcount = LUNATIK_COUNT;
	L->hookmask |= LUA_MASKCOUNT;
}

static bool lunatik_iscounted(struct lunatik_runtime *rt)
{
	return rt->level == LUNATIK_LEVEL_HARDIRQ;
}

/* What the timer asked for, or the count. May raise. */
static void lunatik_polled(lua_State *L, unsigned int cost)
{
	struct lunatik_runtime *rt = lunatik_runtimeof(L);

	WRITE_ONCE(rt->due, lunatik_iscounted(rt));
	lunatik_attend(L, cost);
	if (unlikely(READ_ONCE(rt->stop))) {
		lunatik_arm(rt);
		if (READ_ONCE(rt->late))
			luaG_runerror(L, "stopped: more than %d ms", (int)lunatik_timelimit(rt));
		luaG_runerror(L, "stopped");
	}
}

/* In place of luaD_hook() where the interpreter counts and follows lines. */
static void lunatik_hook(lua_State *L, int event, int line, int from, int n)
{
	if (event == LUA_HOOKCOUNT) {
		bool counted = lunatik_iscounted(lunatik_runtimeof(L));

		if (!counted && (L->basehookcount == 0 || !L->hook)) {
			/* not a hook of the script's own */
			L->hookmask &= ~LUA_MASKCOUNT;
			L->basehookcount = 0;
		}
		lunatik_polled(L, LUNATIK_LOOK);
		if (counted || L->basehookcount == 0)
			return;
	}
	luaD_hook(L, event, line, from, n);
}

/*
 * A script that has to end does not go on by catching the error: wherever it
 * is caught, the next instruction raises it again.
 */
static void lunatik_rearm(struct lunatik_runtime *rt)
{
	if (unlikely(READ_ONCE(rt->stop)))
		lunatik_arm(rt);
}

/* Another thread of the runtime is on the CPU; returns the one that was. */
static lua_State *lunatik_switch(lua_State *L)
{
	struct lunatik_runtime *rt = lunatik_runtimeof(L);
	lua_State *before = rt->running;

	WRITE_ONCE(rt->running, L);
	if (lunatik_iscounted(rt))
		lunatik_count(L);
	lunatik_rearm(rt);
	return before;
}

static void lunatik_switchback(lua_State *L, lua_State *before)
{
	struct lunatik_runtime *rt = lunatik_runtimeof(L);

	WRITE_ONCE(rt->running, before);
	lunatik_rearm(rt);
}

LUA_API int lua_resume(lua_State *L, lua_State *from, int narg, int *nres)
{
	lua_State *before = lunatik_switch(L);
	int status = lunatik_rawresume(L, from, narg, nres);

	lunatik_switchback(L, before);
	return status;
}

LUA_API int lua_resetthread(lua_State *L)
{
	lua_State *before = lunatik_switch(L);
	int status = lunatik_rawresetthread(L);

	lunatik_switchback(L, before);
	return status;
}

#if LUA_VERSION_RELEASE_NUM >= 50406
LUA_API int lua_closethread(lua_State *L, lua_State *from)
{
	lua_State *before = lunatik_switch(L);
	int status = lunatik_rawclosethread(L, from);

	lunatik_switchback(L, before);
	return status;
}
#endif

/* The error on top of the stack, if it is a string, or NULL. */
static const char *lunatik_message(lua_State *L)
{
	const TValue *o = s2v(stk(L, top) - 1);

	return ttisstring(o) ? getstr(tsvalue(o)) : NULL;
}

/* An error that got as far as who entered the runtime is one of the runtime. */
LUA_API int lua_pcallk(lua_State *L, int nargs, int nresults, int errfunc,
		       lua_KContext ctx, lua_KFunction k)
{
	int status = lunatik_rawpcallk(L, nargs, nresults, errfunc, ctx, k);

	if (unlikely(status > LUA_YIELD) && L->ci == &L->base_ci)
		lunatik_counterror(lunatik_runtimeof(L), lunatik_message(L));
	return status;
}

/* The kernel's looks for the end of @s first, which for each of many takes long. */
static const char *lunatik_strstr(lua_State *L, const char *s, const char *p)
{
	size_t len = strlen(p);

	lunatik_poll(L);
	if (len == 0)
		return s;
	for (s = strchr(s, *p); s; s = strchr(s + 1, *p))
		if (strncmp(s, p, len) == 0)
			return s;
	return NULL;
}

/* A long loop of a library that is not Lua's: see lunatik.h. */
void lunatik_checkpoint(lua_State *L)
{
	lunatik_poll(L);
}
EXPORT_SYMBOL_GPL(lunatik_checkpoint);

/* Who sleeps is not on a CPU, where the timer would find it: it looks itself. */
void lunatik_checkstop(lua_State *L)
{
	lunatik_polled(L, 1);
}
EXPORT_SYMBOL_GPL(lunatik_checkstop);

/*
 * Calls f(L, ud) in the present frame; if that raises, the stack is as before
 * but for the message on top, and its status is returned. To be raised again
 * by lunatik_raise(), after what is held was let go. lua_pcall() would not do:
 * the script's hooks would see a function, and could call it themselves.
 */
int lunatik_protect(lua_State *L, void (*f)(lua_State *L, void *ud), void *ud)
{
	return luaD_pcall(L, f, ud, savestack(L, stk(L, top)), L->errfunc);
}

void lunatik_raise(lua_State *L, int status)
{
	luaD_throw(L, status);
}

/* "not enough memory", for want of the kernel's rather than of Lua's own. */
void lunatik_raisenomemory(lua_State *L)
{
	luaM_error(L);
}

static void lunatik_pushaux(lua_State *L, void *object)
{
	lunatik_cloneobject(L, object);
}

void lunatik_pushobject_by(lua_State *L, lunatik_object_t *object, struct module *by)
{
	int status = lunatik_protect(L, lunatik_pushaux, object);

	lunatik_putobject_by(object, by);
	if (status != LUA_OK)
		lunatik_raise(L, status);
}
EXPORT_SYMBOL_GPL(lunatik_pushobject_by);

struct lunatik_monitored {
	lua_CFunction method;
	int nresults;
};

static void lunatik_callmonitored(lua_State *L, void *ud)
{
	struct lunatik_monitored *call = ud;

	call->nresults = call->method(L);
}

/* Takes the lock, or raises where waiting for it might never end. */
static void lunatik_takemonitor(lua_State *L, struct lunatik_runtime *rt,
				lunatik_object_t *object)
{
	int ret = 0;

	if (READ_ONCE(object->holder) == get_current() ||
	    (rt->monitors > 0 && !lunatik_trylong(object, lunatik_maysleep(L))))
		luaG_runerror(L, "'%s' object is in use, and who uses it may be waiting for this one",
			      object->class->name);
	if (rt->monitors == 0)
		ret = lunatik_lock(object);
	if (ret)
		lunatik_throw(L, ret);
}

/*
 * lunatik_protect() while a lock is held that allows no more than @opt does:
 * no finalizer runs, which could ask for any other lock, nothing yields, and
 * an end comes in time.
 */
int lunatik_protectat(lua_State *L, lunatik_opt_t opt, void (*f)(lua_State *L, void *ud), void *ud)
{
	struct lunatik_runtime *rt = lunatik_runtimeof(L);
	int hookmask = L->hookmask, basehookcount = L->basehookcount;
	u8 level = rt->level, gcstp = G(L)->gcstp;
	unsigned int ticks = READ_ONCE(rt->ticks);
	int status;

	rt->level = max(level, lunatik_level(opt));
	if (rt->level != level) {
		WRITE_ONCE(rt->ticks, 0);
		rt->spent = 0;
		rt->since = 0;
	}
	G(L)->gcstp |= GCSTPGC;
	L->nCcalls += 0x10000;		/* as luaD_callnoyield() */
	if (rt->level != level && lunatik_iscounted(rt))
		lunatik_count(L);

	status = lunatik_protect(L, f, ud);

	L->nCcalls -= 0x10000;
	G(L)->gcstp = gcstp;
	if (rt->level != level) {
		rt->level = level;
		WRITE_ONCE(rt->ticks, rt->ticks + ticks);
		L->basehookcount = basehookcount;
		L->hookcount = basehookcount;
		L->hookmask = hookmask;
	}
	lunatik_rearm(rt);
	return status;
}

/* Calls a method with the object's lock held. */
int lunatik_monitor(lua_State *L, lunatik_object_t *object, lua_CFunction method)
{
	struct lunatik_runtime *rt = lunatik_runtimeof(L);
	struct lunatik_monitored call = { .method = method };
	int status;

	/* from a method of the same object, further out in this runtime */
	if (READ_ONCE(object->holder) == get_current() && object->inside == rt)
		return method(L);

	lunatik_takemonitor(L, rt, object);
	/* the method may take its userdata off the stack, where it may be alone */
	kref_get(&object->kref);
	object->inside = rt;
	rt->monitors++;

	status = lunatik_protectat(L, object->opt, lunatik_callmonitored, &call);

	rt->monitors--;
	object->inside = NULL;
	lunatik_unlock(object);
	lunatik_putobject_by(object, object->owner);
	if (status != LUA_OK)
		lunatik_raise(L, status);
	return call.nresults;
}

/* --- objects, on the way of each call of a method */

const char lunatik_mark;

/* all of ours have no user values, so the memory is at one place */
static __always_inline struct lunatik_box *lunatik_boxin(const Udata *u)
{
	return (struct lunatik_box *)((char *)u + udatamemoffset(0));
}

static __always_inline struct lunatik_box *lunatik_boxof(const TValue *o)
{
	struct lunatik_box *box;

	if (!ttisfulluserdata(o) || uvalue(o)->len != sizeof(*box) || uvalue(o)->nuvalue != 0)
		return NULL;
	box = lunatik_boxin(uvalue(o));
	return box->mark == &lunatik_mark ? box : NULL;
}

struct lunatik_box *lunatik_tobox(lua_State *L, int i)
{
	return lunatik_boxof(index2value(L, i));
}

lunatik_object_t *lunatik_toobject(lua_State *L, int i)
{
	struct lunatik_box *box = lunatik_boxof(index2value(L, i));

	return box ? box->object : NULL;
}
EXPORT_SYMBOL_GPL(lunatik_toobject);

/* The object of a method that is to be had at once, of a class for all contexts. */
static __always_inline lunatik_object_t *lunatik_quickly(lua_State *L, const TValue *o,
							 const lunatik_class_t *class)
{
	struct lunatik_box *box = lunatik_boxof(o);
	lunatik_object_t *object;

	if (!box)
		return NULL;
	object = box->object;
	return object && object->class == class &&
	       (object->opt & (LUNATIK_OPT_HARDIRQ | LUNATIK_OPT_MONITOR)) ==
	       LUNATIK_OPT_HARDIRQ ? object : NULL;
}

static int lunatik_callmethod(lua_State *L, lunatik_object_t *object, lua_CFunction method)
{
	if (object->opt & LUNATIK_OPT_MONITOR)
		return lunatik_monitor(L, object, method);
	return method(L);
}

static noinline int lunatik_slowmethod(lua_State *L, const luaL_Reg *method,
				       const lunatik_class_t *class, bool binary)
{
	lunatik_object_t *object = binary ? lunatik_toobject(L, 1) : NULL;

	if (!object || object->class != class)
		object = lunatik_checkclass(L, binary ? 2 : 1, class);
	else
		lunatik_checkcontext(L, class, object->opt);

	/* the object's own box keeps it, whatever the method does */
	if (strcmp(method->name, "__gc") == 0)
		return method->func(L);
	return lunatik_callmethod(L, object, method->func);
}

/*
 * What a script calls in place of each method of a class. Upvalues: the
 * luaL_Reg of the method, its class, and whether either operand may be the
 * object. None of it is of use to who gets at them with the debug library.
 */
int lunatik_method(lua_State *L)
{
	const StkId func = stk(L->ci, func);
	const CClosure *self = clCvalue(s2v(func));
	const luaL_Reg *method = pvalue(&self->upvalue[0]);
	const lunatik_class_t *class = pvalue(&self->upvalue[1]);

	if (likely(stk(L, top) > func + 1 && lunatik_quickly(L, s2v(func + 1), class)))
		return method->func(L);
	return lunatik_slowmethod(L, method, class, ttistrue(&self->upvalue[2]));
}

/* The same for class->index and newindex. Upvalue: the class. */
static __always_inline const lunatik_class_t *lunatik_classof(lua_State *L)
{
	return pvalue(&clCvalue(s2v(stk(L->ci, func)))->upvalue[0]);
}

static int lunatik_plainindex(lua_State *L)
{
	const lunatik_class_t *class = lunatik_classof(L);
	lunatik_index_t index = lua_gettop(L) > 2 ? class->newindex : class->index;
	size_t len = 0;
	u32 hash = 0;
	const char *key = lunatik_tokey(L, 2, &len, &hash);

	return index(L, lunatik_checkclass(L, 1, class), key, len, hash);
}

static noinline int lunatik_slowindex(lua_State *L, int nargs)
{
	lua_settop(L, nargs);
	return lunatik_callmethod(L, lunatik_checkclass(L, 1, lunatik_classof(L)),
				  lunatik_plainindex);
}

static __always_inline int lunatik_quickindex(lua_State *L, lunatik_index_t index, int nargs)
{
	const StkId func = stk(L->ci, func);
	const TValue *k = s2v(func + 2);
	lunatik_object_t *object;

	if (unlikely(stk(L, top) != func + 1 + nargs || !ttisshrstring(k)))
		return lunatik_slowindex(L, nargs);
	object = lunatik_quickly(L, s2v(func + 1), lunatik_classof(L));
	if (unlikely(!object))
		return lunatik_slowindex(L, nargs);
	return index(L, object, getstr(tsvalue(k)), tsvalue(k)->shrlen, tsvalue(k)->hash);
}

int lunatik_index(lua_State *L)
{
	return lunatik_quickindex(L, lunatik_classof(L)->index, 2);
}

int lunatik_newindex(lua_State *L)
{
	return lunatik_quickindex(L, lunatik_classof(L)->newindex, 3);
}

/* A local variable that the debug library may see: not what a C function has. */
static const char *lunatik_getlocal(lua_State *L, const lua_Debug *ar, int n)
{
	if (ar && !isLua(ar->i_ci))
		return NULL;
	return lua_getlocal(L, ar, n);
}

/* One that it may set: not the state of a loop, which is trusted to be whole. */
static const char *lunatik_setlocal(lua_State *L, const lua_Debug *ar, int n)
{
	const char *name = lunatik_getlocal(L, ar, n);

	if (!name)
		return NULL;
	lua_pop(L, 1);
	if (name[0] == '(' && strcmp(name, "(vararg)") != 0)
		return NULL;
	return lua_setlocal(L, ar, n);
}

static int lunatik_setmetatable(lua_State *L, int i)
{
	if (lua_isuserdata(L, i))	/* a light one with a metatable passes for a full one */
		luaL_error(L, "a userdata keeps its metatable");
	return lua_setmetatable(L, i);
}

/*
 * An error that is raised in a coroutine that does not run, for want of
 * memory, would leave by the main one, and go past whoever holds a lock.
 */
static int lunatik_getinfo(lua_State *L, lua_State *L1, const char *what, lua_Debug *ar)
{
	if (L1 != L && strchr(what, 'L'))
		luaL_error(L, "option 'L' is for functions of the running coroutine");
	return lua_getinfo(L1, what, ar);
}

static void lunatik_sethook(lua_State *L, lua_State *L1, lua_Hook f, int mask, int count)
{
	if (lunatik_iscounted(lunatik_runtimeof(L)))
		luaL_error(L, "no hook can be set while interrupts are off");
	lua_sethook(L1, f, mask, count);
}

/* Room for what the libraries have, which would grow step by step. May raise. */
void lunatik_makeroom(lua_State *L)
{
	Table *registry = hvalue(&G(L)->l_registry);

	luaH_resize(L, hvalue(&registry->array[LUA_RIDX_GLOBALS - 1]), 0, 64);
	luaH_resize(L, registry, LUA_RIDX_LAST, 8);
	luaS_resize(L, 256);
}

/* Goes on to collect, as after a collection that found all there is in use. */
void lunatik_startgc(lua_State *L)
{
	lua_gc(L, LUA_GCRESTART);
	luaE_setdebt(G(L), -(l_mem)gettotalbytes(G(L)));
}

static void lunatik_beginentry(struct lunatik_runtime *rt)
{
	rt->entries++;
	WRITE_ONCE(rt->ticks, 0);
	rt->spent = 0;
	rt->since = 0;
	rt->asked = 0;
	WRITE_ONCE(rt->entered, ktime_get_mono_fast_ns());	/* safe in a probe as well */
	if (tracepoint_enabled(lunatik_enter))
		lunatik_traceenter(rt);
}
NOKPROBE_SYMBOL(lunatik_beginentry);

static void lunatik_endentry(struct lunatik_runtime *rt)
{
	u64 time = ktime_get_mono_fast_ns() - rt->entered;

	WRITE_ONCE(rt->inside, rt->inside + time);
	WRITE_ONCE(rt->entered, 0);
	if (tracepoint_enabled(lunatik_exit))
		lunatik_traceexit(rt, time);
	if (unlikely(READ_ONCE(rt->stop))) {
		if (!rt->late)
			rt->stopped++;
		WRITE_ONCE(rt->late, false);
		WRITE_ONCE(rt->stop, false);
	}
}
NOKPROBE_SYMBOL(lunatik_endentry);

/*
 * Begins an entry into the state: notes what lunatik_leave() restores, sets
 * the point that an uncaught error returns to, and measures the kernel stack.
 * The caller holds the lock, or is the only one who knows the runtime.
 */
lua_State *lunatik_enter(lunatik_object_t *object, struct lunatik_call *call)
{
	struct lunatik_runtime *rt = object->private;
	lua_State *L = rt->L;

	BUILD_BUG_ON(sizeof(struct lua_longjmp) != sizeof(call->recovery));
	BUILD_BUG_ON(offsetof(struct lua_longjmp, b) !=
		     offsetof(struct lunatik_recovery, env));
	BUILD_BUG_ON(offsetof(struct lua_longjmp, status) !=
		     offsetof(struct lunatik_recovery, status));

	if (!L || !(rt->ready || lunatik_isloading(rt)))
		return NULL;
	/* they may be many, and who wants to close it only one */
	if (unlikely(atomic_read(&rt->leaving)) && rt->depth == 0)
		return NULL;
	if (LUNATIK_BOUNDED && rt->depth++ == 0)
		lunatik_beginentry(rt);

	call->L = L;
	call->ci = L->ci;
	call->top = savestack(L, stk(L, top));
	call->errfunc = L->errfunc;
	call->ccalls = L->nCcalls;
	call->allowhook = L->allowhook;
	call->stack_soft = rt->stack_soft;
	call->stack_hard = rt->stack_hard;
	call->stack_parser = rt->stack_parser;
	call->running = rt->running;
	call->task = rt->task;
	call->level = rt->level;
	call->answers = false;
	call->outer = rt->call;
	rt->call = call;

	call->recovery.status = LUA_OK;
	call->recovery.previous = L->errorJmp;
	L->errorJmp = (struct lua_longjmp *)&call->recovery;
	L->errfunc = 0;

	rt->running = L;
	if (!LUNATIK_BOUNDED) {
		WRITE_ONCE(rt->task, get_current());
		return L;
	}
	lunatik_stacklimits(rt);
	if (lunatik_iscounted(rt)) {
		WRITE_ONCE(rt->task, get_current());
		lunatik_count(L);
	} else {
		lunatik_interrupt_enter(rt);
	}
	return L;
}
NOKPROBE_SYMBOL(lunatik_enter);
EXPORT_SYMBOL_GPL(lunatik_enter);

void lunatik_letanswer(lua_State *L)
{
	struct lunatik_call *call = lunatik_runtimeof(L)->call;

	if (call)
		call->answers = true;
}
EXPORT_SYMBOL_GPL(lunatik_letanswer);

/* What an error answers who has entered; 0 if it is a fault. */
static int lunatik_answer(lua_State *L, struct lunatik_call *call, int status)
{
	const char *msg = call->answers && status == LUA_ERRRUN ? lunatik_message(L) : NULL;
	int error = msg ? lunatik_toerrno(msg) : 0;

	/* those of the kernel itself mean nothing outside of it */
	return error < ERESTARTSYS ? -error : 0;
}

/* As high as it was; what a handler took off that was not its own is nil. */
static void lunatik_cutstack(lua_State *L, StkId to)
{
	for (; unlikely(stk(L, top) < to); stk(L, top)++)
		setnilvalue(s2v(stk(L, top)));
	stk(L, top) = to;
}

/*
 * After an error that the handler let escape: the state is made whole again
 * as lua_pcall() would, the message goes to the log.
 */
int lunatik_recover(lunatik_object_t *object, struct lunatik_call *call)
{
	struct lunatik_runtime *rt = object->private;
	lua_State *L = call->L;
	int ret, status = call->recovery.status;
	const char *msg;

	L->errorJmp = call->recovery.previous;
	L->nCcalls = call->ccalls;
	L->ci = call->ci;
	L->allowhook = call->allowhook;
	L->errfunc = 0;
	rt->level = call->level;
	WRITE_ONCE(rt->running, L);

	status = luaD_closeprotected(L, call->top, status);
	if (status == LUA_ERRMEM)
		msg = "not enough memory";
	else if (status == LUA_ERRERR)
		msg = "error in error handling";
	else
		msg = lunatik_message(L) ?: "(error object is not a string)";
	lunatik_counterror(rt, msg);
	ret = lunatik_answer(L, call, status);
	if (!ret) {
		ret = lunatik_errno_of(L, status);
		lunatik_logerror(rt, "error outside a protected call", msg, strlen(msg));
	}

	lunatik_cutstack(L, restorestack(L, call->top));
	luaD_shrinkstack(L);
	return ret;
}
EXPORT_SYMBOL_GPL(lunatik_recover);

void lunatik_leave(lunatik_object_t *object, struct lunatik_call *call)
{
	struct lunatik_runtime *rt = object->private;
	lua_State *L = call->L;

	if (unlikely(stk(L, tbclist) >= restorestack(L, call->top)))
		lua_settop(L, restorestack(L, call->top) - (stk(L->ci, func) + 1));
	lunatik_cutstack(L, restorestack(L, call->top));
	L->errorJmp = call->recovery.previous;
	L->errfunc = call->errfunc;
	WRITE_ONCE(rt->task, call->task);
	WRITE_ONCE(rt->running, call->running);
	rt->stack_soft = call->stack_soft;
	rt->stack_hard = call->stack_hard;
	rt->stack_parser = call->stack_parser;
	rt->overflow = false;
	rt->call = call->outer;
	if (LUNATIK_BOUNDED && --rt->depth == 0)
		lunatik_endentry(rt);
}
NOKPROBE_SYMBOL(lunatik_leave);
EXPORT_SYMBOL_GPL(lunatik_leave);

u32 lunatik_hash(lua_State *L, int i)
{
	TString *ts = tsvalue(index2value(L, i));

	return ts->tt == LUA_VSHRSTR ? ts->hash : luaS_hashlongstr(ts);
}
EXPORT_SYMBOL_GPL(lunatik_hash);

const char *lunatik_tokey(lua_State *L, int i, size_t *len, u32 *hash)
{
	const TValue *o = index2value(L, i);
	TString *ts;

	if (!ttisstring(o))
		return NULL;
	ts = tsvalue(o);
	*len = tsslen(ts);
	*hash = ts->tt == LUA_VSHRSTR ? ts->hash : luaS_hashlongstr(ts);
	return getstr(ts);
}
EXPORT_SYMBOL_GPL(lunatik_tokey);

char *lunatik_newstring(lua_State *L, size_t len)
{
	TString *ts;

	BUILD_BUG_ON(LUNATIK_SHORTSTRING != LUAI_MAXSHORTLEN);
	if (len <= LUNATIK_SHORTSTRING || len >= MAX_SIZE - sizeof(TString))
		luaG_runerror(L, "no string can be made of %d bytes", (int)len);
	luaC_checkGC(L);
	ts = luaS_createlngstrobj(L, len);
	setsvalue2s(L, stk(L, top), ts);
	api_incr_top(L);
	return (char *)getstr(ts);
}
EXPORT_SYMBOL_GPL(lunatik_newstring);

u32 lunatik_hashbytes(const char *bytes, size_t len)
{
	return luaS_hash(bytes, len, lunatik_makeseed());
}
EXPORT_SYMBOL_GPL(lunatik_hashbytes);
