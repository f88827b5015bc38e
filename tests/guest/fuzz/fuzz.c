// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * A fuzzer of what runs in the kernel:
 *
 *	fuzz programs SECONDS SEED CORPUS FOUND
 *		Lua programs: those in the file CORPUS, then mutants of them. One
 *		that reaches what none before did, as KCOV tells, is one more to make
 *		mutants of. FOUND gets all that reached a new place, those given
 *		as well, the shortest first: a new corpus. They go to
 *		/dev/lunatik-fuzz (tests/modules/fuzz). Without KCOV nothing is added,
 *		and those given are run only as far as the time goes.
 *	fuzz calls SECONDS SEED CORPUS
 *		system calls on /dev/luadrv, from several processes and at random,
 *		with programs of the corpus and pieces of them. What a session
 *		reads must be its own.
 *
 * A corpus is a text, a line '### ' with the context before each program. What is
 * wrong is said on lines that begin with WRONG; the exit status is 0 without.
 */
#define _GNU_SOURCE
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/uio.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define DRV		"/dev/luadrv"
#ifndef FUZZ			/* /dev/null shows what is wrong with mutants themselves */
#define FUZZ		"/dev/lunatik-fuzz"
#endif
#define LONGEST		8192	/* bytes of a program */
#define MOST		20000	/* programs of a corpus */
#define TOKENS		4096	/* of a program */

static int wrong;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void complain(const char *format, ...)
{
	va_list args;

	va_start(args, format);
	printf("WRONG ");
	vprintf(format, args);
	putchar('\n');
	fflush(stdout);
	va_end(args);
	wrong++;
}

static double now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec + t.tv_nsec / 1e9;
}

/* --- chance: xorshift */

static unsigned long long state;

static unsigned int chance(unsigned int n)
{
	state ^= state << 13;
	state ^= state >> 7;
	state ^= state << 17;
	return (state >> 16) % n;
}

static void seed(unsigned long long s)
{
	int i;

	state = (s + 1) * 0x9E3779B97F4A7C15u;
	for (i = 0; i < 8; i++)
		chance(2);
}

/* --- the corpus */

struct program {
	char *text;		/* a letter for the context, then Lua */
	size_t len;
	unsigned int tries;	/* mutants made of it */
	unsigned int yield;	/* of them, those that were added */
	unsigned int us;	/* what it took */
};

static struct program corpus[MOST];
static unsigned int programs;

static void add(const char *text, size_t len, unsigned int us)
{
	struct program *p;

	if (programs == MOST || len < 2)
		return;
	p = &corpus[programs++];
	p->text = malloc(len + 1);
	if (!p->text)
		die("malloc");
	memcpy(p->text, text, len);
	p->text[len] = '\0';
	p->len = len;
	p->us = us;
}

static void load(const char *name)
{
	static char text[LONGEST];
	size_t len = 0, n;
	FILE *file = fopen(name, "r");
	char *line = NULL;
	size_t size = 0;

	if (!file)
		die(name);
	while ((ssize_t)(n = getline(&line, &size, file)) > 0) {
		if (strncmp(line, "### ", 4) == 0) {
			add(text, len, 0);
			text[0] = line[4];
			len = 1;
		} else if (len && len + n <= sizeof(text)) {
			memcpy(text + len, line, n);
			len += n;
		}
	}
	add(text, len, 0);
	free(line);
	fclose(file);
	if (!programs) {
		fprintf(stderr, "%s: no programs\n", name);
		exit(2);
	}
}

static void save(FILE *file, const struct program *p)
{
	fprintf(file, "### %c\n%s%s", p->text[0], p->text + 1,
		p->text[p->len - 1] == '\n' ? "" : "\n");
	fflush(file);
}

/* --- mutants */

static const char * const words[] = {
	"and", "or", "not", "nil", "true", "false", "do", "end", "while true do", "repeat", "until",
	"for i = 1, 9 do", "for k, v in pairs(T) do", "if", "then", "else", "elseif", "return", "break",
	"goto x", "::x::", "local", "function", "function()", "...", "<close>", "<const>",
	"=", "==", "~=",
	"<", "<=", ">", ">=", "+", "-", "*", "/", "//", "%", "^", "&", "|", "~", "<<", ">>", "..", "#",
	"(", ")", "{", "}", "[", "]", ",", ";", ":", ".", "()", "{}", "[[", "]]", "[==[", "--", "\\",
	"0", "1", "-1", "2", "7", "63", "64", "255", "256", "1000", "65536", "0x7fffffff", "1 << 31",
	"1 << 32", "math.maxinteger", "math.mininteger", "1.5", "1e3", "0x1p4", "0xffffffffffffffff",
	"99999999999999999999", "\"\"", "\"k\"", "\"v\"", "\"x\"", "\"%d%s\"", "\"%q\"", "\"(.-)%b()\"",
	"\"[%a-z]*\"", "\"%f[%w]\"", "\"a?a?aa\"", "\"\\0\"", "\"\\u{7FFFFFFF}\"", "\"\\xff\"", "\"\\z\"",
	"\"n\"", "\"collect\"", "\"step\"", "\"generational\"", "\"incremental\"", "\"<i4\"", "\"s2z\"",
	"\"!8\"", "\"c99\"", "\"!16Xi16\"", "\">I3\"", "(\"x\"):rep(99)", "(\"ab\"):rep(70000)",
	"_ENV", "_G", "rcu", "R", "T", "lunatik", "lunatik._ENV", "self",
	"a", "b", "c", "f", "i", "k", "v",
	"string", "table", "math", "utf8", "coroutine", "debug", "package",
	"print", "type", "next", "pairs", "ipairs", "select", "rawget", "rawset", "rawequal", "rawlen",
	"setmetatable", "getmetatable", "tostring", "tonumber",
	"assert", "error", "pcall", "xpcall", "load",
	"loadfile", "dofile", "require", "collectgarbage", "warn",
	"string.byte", "string.char", "string.dump", "string.find", "string.format", "string.gmatch",
	"string.gsub", "string.len", "string.lower", "string.match", "string.pack", "string.packsize",
	"string.rep", "string.reverse", "string.sub", "string.unpack", "string.upper",
	"table.concat", "table.insert", "table.move", "table.pack", "table.remove", "table.sort",
	"table.unpack", "utf8.char", "utf8.charpattern", "utf8.codepoint", "utf8.codes", "utf8.len",
	"utf8.offset", "math.abs", "math.max", "math.min", "math.random", "math.randomseed",
	"math.tointeger", "math.type", "math.ult", "math.fmod",
	"coroutine.create", "coroutine.resume", "coroutine.yield", "coroutine.wrap", "coroutine.status",
	"coroutine.close", "coroutine.running", "coroutine.isyieldable",
	"debug.traceback", "debug.getinfo", "debug.getlocal", "debug.setlocal", "debug.getupvalue",
	"debug.setupvalue", "debug.upvalueid", "debug.upvaluejoin", "debug.getmetatable",
	"debug.setmetatable", "debug.sethook", "debug.gethook", "debug.getuservalue",
	"debug.setuservalue", "debug.getregistry", "debug.setcstacklimit",
	"package.path", "package.loaded", "package.preload", "package.searchers", "package.searchpath",
	"package.config",
	"R.table", "R.map", "R.for_each", "R.add", "R.cas", "R.swap", "R.insert", "rcu.for_each",
	"lunatik.runtime", "lunatik.status", ":resume()", ":stop()", ":status()",
	"lunatik.runtime(\"t/fuzz/child\")", "lunatik.runtime(\"t/fuzz/child\", \"softirq\")",
	"__index", "__newindex", "__call", "__gc", "__close", "__mode", "__name", "__tostring", "__len",
	"__eq", "__lt", "__le", "__concat", "__unm", "__add", "__idiv", "__metatable", "__pairs",
	"setmetatable({}, {__gc = function(o) T.k = o end})", "setmetatable({}, {__mode = \"k\"})",
	"setmetatable({}, {__close = function() error(\"c\") end})", "local c <close> =",
	"pcall(function()", "end)", "coroutine.wrap(function()", "collectgarbage()",
};

#define WORDS (sizeof(words) / sizeof(words[0]))

static const char * const operators[] = {
	"+", "-", "*", "//", "%", "^", "&", "|", "~", "<<", ">>", "..", "==", "<", "<=",
	"and", "or", ",",
};

#define OPERATORS (sizeof(operators) / sizeof(operators[0]))

static char mutant[LONGEST + 1];
static size_t mutantlen;

struct token {
	unsigned int at, len;
};

static struct token tokens[TOKENS];

/* Names, numbers, strings without what is escaped, lines' ends, else characters. */
static unsigned int tokenize(const char *s, unsigned int len)
{
	unsigned int n = 0, i = 1, from;

	while (i < len && n < TOKENS) {
		unsigned char c = s[i];

		from = i;
		if (c == ' ' || c == '\t') {
			i++;
			continue;
		}
		if (isalnum(c) || c == '_') {
			while (i < len && (isalnum((unsigned char)s[i]) || strchr("_.", s[i])))
				i++;
		} else if (c == '"' || c == '\'') {
			for (i++; i < len && (unsigned char)s[i] != c && s[i] != '\n'; i++)
				i += s[i] == '\\' && i + 2 < len;
			i += i < len;
		} else {
			i++;
			while (i < len && ispunct(c) && s[i] == (char)c && strchr("=.<>/:~", c))
				i++;
		}
		tokens[n].at = from;
		tokens[n++].len = i - from;
	}
	return n;
}

/* What may stand for another: operands, keywords, the rest */
static int kind(const char *s, unsigned int len)
{
	static const char * const keywords[] = {
		"and", "or", "not", "do", "end", "while", "repeat", "until", "for", "in", "if",
		"then", "else", "elseif", "return", "break", "goto", "local", "function",
	};
	unsigned int i;

	if (isdigit((unsigned char)*s) || strchr("\"'_", *s))
		return 0;
	if (!isalpha((unsigned char)*s))
		return 2;
	len = strcspn(s, " (=") < len ? strcspn(s, " (=") : len;
	for (i = 0; i < sizeof(keywords) / sizeof(keywords[0]); i++)
		if (strlen(keywords[i]) == len && memcmp(keywords[i], s, len) == 0)
			return 1;
	return 0;
}

static const char *word_like(const char *s, unsigned int len)
{
	const char *word = words[chance(WORDS)];
	int tries;

	for (tries = 0; tries < 20 && kind(word, strlen(word)) != kind(s, len); tries++)
		word = words[chance(WORDS)];
	return word;
}

/* What stands at @at for @old bytes becomes the @len bytes of @s. */
static void put(unsigned int at, unsigned int old, const char *s, unsigned int len)
{
	static char copy[LONGEST];

	if (len > LONGEST || mutantlen - old + len > LONGEST)
		return;
	memcpy(copy, s, len);
	memmove(mutant + at + len, mutant + at + old, mutantlen - at - old);
	memcpy(mutant + at, copy, len);
	mutantlen = mutantlen + len - old;
}

static void put_word(unsigned int at, unsigned int old, const char *word)
{
	char text[256];
	int len = snprintf(text, sizeof(text), " %s ", word);

	put(at, old, text, len);
}

/* From the beginning of a line, to the end of that or of one after it. */
static void lines(const struct program *p, unsigned int *at, unsigned int *len)
{
	unsigned int from = 1 + chance(p->len - 1), to, more = chance(4);

	while (from > 1 && p->text[from - 1] != '\n')
		from--;
	for (to = from; to < p->len && (p->text[to] != '\n' || more--); )
		to++;
	*at = from;
	*len = to - from;
}

static void mutate_once(void)
{
	const struct program *other = &corpus[chance(programs)];
	unsigned int n = tokenize(mutant, mutantlen), a, b, at, len;
	struct program self = {.text = mutant, .len = mutantlen};
	char text[32];

	if (!n) {
		put_word(1, 0, words[chance(WORDS)]);
		return;
	}
	a = chance(n);
	b = a + chance(n - a > 8 ? 8 : n - a);
	at = tokens[a].at;
	len = tokens[b].at + tokens[b].len - at;
	switch (chance(14)) {
	case 0:	/* a token for another */
	case 1:
	case 2:
		put_word(at, tokens[a].len, chance(8) ? word_like(mutant + at, tokens[a].len) :
			 words[chance(WORDS)]);
		break;
	case 3:	/* more behind an operand */
		if (chance(8) == 0) {
			put_word(at, 0, words[chance(WORDS)]);
		} else if (kind(mutant + at, tokens[a].len) == 0) {
			at += tokens[a].len;
			put_word(at, 0, word_like("x", 1));
			put_word(at, 0, operators[chance(OPERATORS)]);
		}
		break;
	case 4:	/* gone */
		if (chance(4))
			lines(&self, &at, &len);
		put(at, len, "", 0);
		break;
	case 5:	/* twice */
		if (chance(4)) {
			lines(&self, &at, &len);
			put(at, 0, "\n", 1);
			put(at, 0, mutant + at + 1, len);
			break;
		}
		put(at, 0, mutant + at, len);
		break;
	case 6:	/* one token for another of the same program */
	case 7:
		for (b = chance(n), len = 0; len < 20; b = chance(n), len++)
			if (kind(mutant + tokens[b].at, tokens[b].len) ==
			    kind(mutant + at, tokens[a].len))
				break;
		put(at, tokens[a].len, mutant + tokens[b].at, tokens[b].len);
		break;
	case 8: { /* lines of another */
		unsigned int from, size;

		lines(other, &from, &size);
		lines(&self, &at, &len);
		put(at, chance(2) ? len : 0, other->text + from, size);
		put(at, 0, "\n", 1);
		break;
	}
	case 9:	/* as a whole, in a function that is protected */
		put(mutantlen, 0, "\nend)\n", 6);
		put_word(1, 0, chance(2) ? "pcall(function()" : "coroutine.wrap(function()");
		break;
	case 10: /* another behind it */
		put(mutantlen, 0, "\n", 1);
		put(mutantlen, 0, other->text + 1, other->len - 1);
		break;
	case 11: /* a number */
		len = snprintf(text, sizeof(text), " %lld ",
			       (long long)((1ull << chance(64)) + chance(3) - 1));
		put(at, tokens[a].len, text, len);
		break;
	case 12: /* a byte */
		if (chance(3))
			break;
		mutant[1 + chance(mutantlen - 1)] = chance(8) ? 32 + chance(95) : 1 + chance(255);
		break;
	case 13:
		mutant[0] = "pppsh"[chance(5)];
		break;
	}
}

static void mutate(const struct program *p)
{
	unsigned int times = 1 + chance(1 + chance(8)), i;

	memcpy(mutant, p->text, p->len);
	mutantlen = p->len;
	while (times--)
		mutate_once();
	/* a line that would begin another program */
	for (i = 1; i + 3 < mutantlen; i++)
		if (!mutant[i] || !memcmp(mutant + i, "### ", 4))
			mutant[i] = ' ';
}

/* --- what was reached */

#define KCOV_INIT_TRACE	_IOR('c', 1, unsigned long)
#define KCOV_ENABLE	_IO('c', 100)
#define KCOV_DISABLE	_IO('c', 101)
#define COVER		(256 << 10)	/* places that one program can pass */
#define EDGES		(1 << 18)

static unsigned long *cover;
static int kcov = -1;
static unsigned char reached[EDGES], passed[EDGES];
static unsigned int edges;

static void kcov_open(void)
{
	kcov = open("/sys/kernel/debug/kcov", O_RDWR);
	if (kcov < 0)
		return;
	if (ioctl(kcov, KCOV_INIT_TRACE, COVER))
		die("KCOV_INIT_TRACE");
	cover = mmap(NULL, COVER * sizeof(long), PROT_READ | PROT_WRITE, MAP_SHARED, kcov, 0);
	if (cover == MAP_FAILED)
		die("mmap of kcov");
	if (ioctl(kcov, KCOV_ENABLE, 0))
		die("KCOV_ENABLE");
}

/* How often an edge is passed counts by its magnitude. */
static bool kcov_news(void)
{
	static unsigned int seen[COVER];
	unsigned long n = __atomic_load_n(&cover[0], __ATOMIC_RELAXED), i;
	unsigned int last = 0, kinds = 0;
	bool news = false;

	for (i = 1; i <= n && i < COVER; i++) {
		unsigned int at = (unsigned int)(cover[i] * 0x9E3779B1u) >> 8;
		unsigned int edge = (at ^ last) % EDGES;

		last = at >> 1;
		if (!passed[edge])
			seen[kinds++] = edge;
		if (passed[edge] < 255)
			passed[edge]++;
	}
	for (i = 0; i < kinds; i++) {
		unsigned char times = passed[seen[i]];
		unsigned char class = times < 4 ? 1 << (times - 1) : times < 16 ? 8 :
			times < 128 ? 16 : times < 255 ? 32 : 64;

		passed[seen[i]] = 0;
		if (class & ~reached[seen[i]]) {
			edges += !reached[seen[i]];
			reached[seen[i]] |= class;
			news = true;
		}
	}
	return news;
}

/* --- programs */

#define OUTCOMES 6

static unsigned long executed, outcomes[OUTCOMES + 1];
static unsigned int took;	/* microseconds of the last one */
static const char * const names[] = {
	"result", "raised", "stopped", "memory", "syntax", "not made", "other",
};

/* Runs it; whether it reached what none before did. */
static bool execute(int fd, const char *text, size_t len)
{
	static const int errors[] = {
		0, ECANCELED, EINTR, ENOMEM, ENOEXEC, EINVAL,
	};
	double start = now();
	ssize_t ret;
	int error = 0, i;

	if (cover)
		__atomic_store_n(&cover[0], 0, __ATOMIC_RELAXED);
	ret = write(fd, text, len);
	if (ret < 0)
		error = errno;
	else if ((size_t)ret != len)
		complain("a write of %zu bytes returns %zd", len, ret);
	took = (now() - start) * 1e6;
	executed++;
	for (i = 0; i < OUTCOMES && errors[i] != error; i++)
		;
	outcomes[i]++;
	if (i == OUTCOMES)
		complain("%s: %.*s", strerror(error), (int)len, text);
	return cover && kcov_news();
}

static void report(double since)
{
	int i;

	printf("%lu programs in %.0f s, %.0f per second; corpus %u, edges %u;", executed,
	       now() - since, executed / (now() - since + 0.001), programs, edges);
	for (i = 0; i <= OUTCOMES; i++)
		printf(" %s %lu%%", names[i], outcomes[i] * 100 / (executed + !executed));
	putchar('\n');
	fflush(stdout);
}

/* What it may be expected to give for its time. */
static double worth(const struct program *p)
{
	return (p->yield + 1.0) / (p->tries + 1) / (p->us + 500);
}

/* The newest and those that gave most are taken more often. */
static struct program *choose(void)
{
	struct program *p, *best = NULL;
	unsigned int i;

	for (i = 0; i < 3; i++) {
		p = &corpus[chance(4) ? chance(programs) : programs - 1 - chance(1 + programs / 8)];
		if (!best || worth(p) > worth(best))
			best = p;
	}
	return best;
}

static int shorter(const void *a, const void *b)
{
	size_t one = ((const struct program *)a)->len, other = ((const struct program *)b)->len;

	return one < other ? -1 : one > other;
}

static int run_programs(unsigned int seconds, const char *found_name)
{
	int fd = open(FUZZ, O_WRONLY);
	FILE *found = fopen(found_name, "w");
	double start = now(), said = start;
	unsigned int i, given = programs, before = 0;

	if (fd < 0)
		die(FUZZ);
	if (!found)
		die(found_name);
	kcov_open();
	printf("%u programs given, %s\n", given, cover ? "by coverage" : "no KCOV: blind");
	qsort(corpus, given, sizeof(corpus[0]), shorter);
	for (i = 0; cover && i < given; i++) {
		if (execute(fd, corpus[i].text, corpus[i].len) && edges > before)
			save(found, &corpus[i]);
		corpus[i].us = took;
		before = edges;
	}
	report(start);
	while (now() - start < seconds) {
		struct program *p = choose();

		if (!cover && chance(3) == 0) {
			execute(fd, p->text, p->len);
			continue;
		}
		p->tries++;
		mutate(p);
		if (execute(fd, mutant, mutantlen) && programs < MOST) {
			p->yield++;
			add(mutant, mutantlen, took);
			if (edges > before)
				save(found, &corpus[programs - 1]);
			before = edges;
		}
		if (now() - said > 60) {
			said = now();
			report(start);
		}
	}
	report(start);
	if (kcov >= 0)
		ioctl(kcov, KCOV_DISABLE, 0);
	if (seconds && executed <= (cover ? given : 0))
		complain("no mutant was run");
	if (outcomes[5] > executed / 2)
		complain("most programs got no runtime");
	fclose(found);
	return wrong != 0;
}

/* --- system calls */

#define FDS	5
#define WRITERS	4

static timer_t timer;

/* A program that says whose it is, or one of the corpus, or a piece. */
static size_t script(char *text, size_t size, unsigned int me)
{
	const struct program *p = &corpus[chance(programs)];
	size_t len;

	switch (chance(6)) {
	case 0:
		return snprintf(text, size, "return 'tag%u'", me);
	case 1:
		return snprintf(text, size, "for i = 1, %u do print('tag%u') end", chance(300), me);
	case 2:
		return snprintf(text, size, "for i = 1, %u do end", chance(100000000));
	case 3:
		return snprintf(text, size, "error('tag%u')", me);
	default:
		len = 1 + chance(p->len);
		memcpy(text, p->text + 1, len - 1);
		return len - 1;
	}
}

static void check_tags(const char *text, ssize_t len, unsigned int me)
{
	const char *at = text;
	unsigned int who;

	while (len > 0 && (at = memmem(at, text + len - at, "tag", 3))) {
		/* one that is cut off tells nothing */
		if (sscanf(at, "tag%u", &who) == 1 && at + 10 < text + len && who != me)
			complain("process %u reads what %u wrote: %.*s", me, who, 60, at);
		at += 3;
	}
}

static void call(int *fds, unsigned int me)
{
	static char text[1 << 16];
	static const int flags[] = {
		O_RDWR, O_RDWR, O_WRONLY, O_RDONLY, O_RDWR | O_NONBLOCK, O_RDWR | O_CLOEXEC,
	};
	int *fd = &fds[chance(FDS)], other;
	struct pollfd poll_fd = {.fd = *fd, .events = chance(65536)};
	struct iovec iov[3];
	ssize_t len;
	pid_t child;

	if (*fd < 0) {
		*fd = open(DRV, flags[chance(6)]);
		return;
	}
	/* who waits forever is told to end; half of them catch it */
	timer_settime(timer, 0, &(struct itimerspec){.it_value.tv_nsec = 300000000}, NULL);
	switch (chance(18)) {
	case 0:
	case 1:
	case 2:
	case 3:
		len = script(text, sizeof(text), me);
		if (write(*fd, text, len) > len)
			complain("more was written than there was");
		break;
	case 4:
		len = chance(sizeof(text));
		memset(text, chance(256), len);
		write(*fd, text, len);
		break;
	case 5:
		write(*fd, (void *)(uintptr_t)(chance(2) ? 8 : (uintptr_t)-4096), 1 + chance(5000));
		break;
	case 6:
		len = script(text, sizeof(text), me);
		iov[0] = (struct iovec){text, len / 2};
		iov[1] = (struct iovec){(void *)8, chance(3) ? 0 : 5};
		iov[2] = (struct iovec){text + len / 2, len - len / 2};
		writev(*fd, iov, 3);
		break;
	case 7:
	case 8:
	case 9:
		len = read(*fd, text, chance(2) ? sizeof(text) : chance(100));
		check_tags(text, len, me);
		break;
	case 10:
		read(*fd, (void *)8, 1 + chance(5000));
		break;
	case 11:
		fsync(*fd);
		break;
	case 12:
		poll(&poll_fd, 1, 0);
		break;
	case 13:
		close(*fd);
		*fd = -1;
		break;
	case 14:
		other = chance(FDS);
		if (&fds[other] != fd) {
			if (fds[other] >= 0 && chance(2)) {
				dup2(*fd, fds[other]);
			} else {
				if (fds[other] >= 0)
					close(fds[other]);
				fds[other] = dup(*fd);
			}
		}
		break;
	case 15:
		switch (chance(5)) {
		case 0:
			lseek(*fd, chance(1000), chance(3));
			break;
		case 1:
			ioctl(*fd, chance(1u << 31), text);
			break;
		case 2:
			if (mmap(NULL, 4096, PROT_READ, MAP_SHARED, *fd, 0) != MAP_FAILED)
				complain("the device can be mapped");
			break;
		case 3:
			fcntl(*fd, F_SETFL, chance(2) ? O_NONBLOCK : 0);
			break;
		case 4:
			if (pread(*fd, text, 1, 5) >= 0 || ftruncate(*fd, 5) == 0)
				complain("the device has positions");
			break;
		}
		break;
	case 16: /* a child that has them all, does something and goes */
		child = fork();
		if (child == 0) {
			alarm(1);
			switch (chance(4)) {
			case 0:
				write(*fd, "return 1", 8);
				break;
			case 1:
				close(*fd);
				break;
			case 2:
				read(*fd, text, 10);
				break;
			}
			if (chance(2))
				raise(SIGKILL);
			_exit(0);
		}
		if (child > 0)
			waitpid(child, NULL, 0);
		break;
	case 17: /* /proc and the parameters are looked at meanwhile */
		other = open(chance(2) ? "/proc/lunatik" : "/sys/module/luadrv/parameters/scripts_max",
			     O_RDONLY);
		read(other, text, chance(4096));
		close(other);
		break;
	}
	timer_settime(timer, 0, &(struct itimerspec){0}, NULL);
}

static void caught(int signal)
{
}

static void write_file(const char *name, const char *text)
{
	int fd = open(name, O_WRONLY);

	if (fd >= 0) {
		write(fd, text, strlen(text));
		close(fd);
	}
}

static void caller(unsigned int me, double until)
{
	struct sigaction action = {.sa_handler = caught};
	struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGTERM};
	int fds[FDS], i;

	if (chance(2))
		sigaction(SIGTERM, &action, NULL);
	if (timer_create(CLOCK_MONOTONIC, &event, &timer))
		die("timer_create");
	for (i = 0; i < FDS; i++)
		fds[i] = -1;
	for (i = 0; i < 200 && now() < until; i++)
		call(fds, me);
	_exit(wrong ? 3 : 0);
}

/* Scripts whose session is closed run on. */
static void end_scripts(void)
{
	DIR *proc = opendir("/proc");
	struct dirent *entry;

	while (proc && (entry = readdir(proc))) {
		char name[300], comm[16];
		ssize_t len = -1;
		int fd;

		if (!isdigit((unsigned char)entry->d_name[0]))
			continue;
		snprintf(name, sizeof(name), "/proc/%s/comm", entry->d_name);
		fd = open(name, O_RDONLY);
		if (fd >= 0) {
			len = read(fd, comm, sizeof(comm));
			close(fd);
		}
		if (len > 7 && memcmp(comm, "luadrv/", 7) == 0)
			kill(atoi(entry->d_name), SIGKILL);
	}
	if (proc)
		closedir(proc);
}

static bool answers(void)
{
	char text[16];
	int fd = open(DRV, O_RDWR);
	bool right = fd >= 0 && write(fd, "return 6 * 7", 12) == 12 &&
		read(fd, text, sizeof(text)) == 3 && memcmp(text, "42\n", 3) == 0;

	if (fd >= 0)
		close(fd);
	return right;
}

static int run_calls(unsigned int seconds)
{
	pid_t pids[WRITERS] = {0};
	double start = now(), until = start + seconds;
	unsigned int round = 0, killed = 0, failed = 0, i;
	unsigned long long own = state;

	while (now() < until) {
		for (i = 0; i < WRITERS; i++) {
			pids[i] = fork();
			if (pids[i] < 0)
				die("fork");
			if (pids[i] == 0) {
				seed(own + round * WRITERS + i);
				caller(round * WRITERS + i, until);
			}
		}
		seed(own + round);
		switch (chance(3)) {	/* what root may turn meanwhile */
		case 0:
			write_file("/sys/module/luadrv/parameters/script_max", "100");
			write_file("/sys/module/luadrv/parameters/output_max", "50");
			break;
		case 1:
			write_file("/sys/module/luadrv/parameters/scripts_max", "2");
			break;
		}
		for (i = 0; i < WRITERS; i++) {
			int status;

			if (chance(4) == 0) {
				usleep(chance(50000));
				kill(pids[i], chance(2) ? SIGKILL : SIGTERM);
				killed++;
			}
			waitpid(pids[i], &status, 0);
			failed += WIFEXITED(status) && WEXITSTATUS(status);
		}
		write_file("/sys/module/luadrv/parameters/script_max", "1048576");
		write_file("/sys/module/luadrv/parameters/output_max", "1048576");
		write_file("/sys/module/luadrv/parameters/scripts_max", "1000");
		round++;
		end_scripts();
		for (i = 0; i < 50 && !answers(); i++)
			usleep(100000);
		if (i == 50) {
			complain("after round %u the device does not answer", round);
			break;
		}
	}
	write_file("/sys/module/luadrv/parameters/scripts_max", "32");
	printf("%u rounds of %u processes in %.0f s, %u of them sent a signal\n", round, WRITERS,
	       now() - start, killed);
	if (failed)
		complain("%u processes found something wrong", failed);
	return wrong != 0;
}

int main(int argc, char **argv)
{
	if (argc < 5) {
		fprintf(stderr, "usage: fuzz programs SECONDS SEED CORPUS FOUND\n"
				"       fuzz calls SECONDS SEED CORPUS\n");
		return 2;
	}
	seed(strtoull(argv[3], NULL, 10));
	load(argv[4]);
	if (strcmp(argv[1], "calls") == 0)
		return run_calls(atoi(argv[2]));
	return run_programs(atoi(argv[2]), argc > 5 ? argv[5] : "/dev/null");
}
