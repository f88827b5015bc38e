// SPDX-License-Identifier: MIT OR GPL-2.0-only
/*
 * System calls with every allocation failing once: fault OPERATION [ARGS...]
 *
 *	session FILE	/dev/luadrv is opened, FILE written, its output read,
 *			closed: each of these calls on its own
 *	thread FILE	the same with the fault in the thread that runs the script
 *	forever FILE	the same, where all that follow fail as well
 *	proc		/proc/lunatik is read
 *	load KO [OPTIONS]	a module is loaded
 *	unload NAME KO	a module is unloaded, and loaded again
 *
 * Prints 'operation | way | faults | failed', and on lines that begin with
 * WRONG what should not be. The fault is in this task (fail-nth); that of the
 * thread in children of kthreadd: failslab with its task filter, after so and
 * so many bytes.
 */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#define MOST	200000
#define STEP	64	/* bytes: no allocation that is traced is smaller */
#define FAULT	"/sys/kernel/debug/failslab/"

static int nth, wrong;
static unsigned int operations, faults;

static void die(const char *what)
{
	perror(what);
	exit(2);
}

static void arm(unsigned int n)
{
	char text[16];
	int len = snprintf(text, sizeof(text), "%u", n);

	/* what is still armed may hit this very call, once */
	if (pwrite(nth, text, len, 0) != len && pwrite(nth, text, len, 0) != len)
		die("fail-nth");
}

/* whether it came */
static int disarm(void)
{
	char text[16] = "";
	int error = errno;
	int came = pread(nth, text, sizeof(text) - 1, 0) > 0 && atoi(text) == 0;

	arm(0);
	errno = error;
	return came;
}

static void complain(const char *name, unsigned int n, const char *format, ...)
{
	va_list args;

	wrong++;
	printf("WRONG %s, %u: ", name, n);
	va_start(args, format);
	vprintf(format, args);
	va_end(args);
	printf("\n");
}

static void report(const char *name, const char *way, unsigned int n, unsigned int failed)
{
	operations++;
	faults += n;
	printf("%s | %s | %u | %u\n", name, way, n, failed);
}

static char *text, output[1 << 16], expected[1 << 16];
static size_t textlen;
static ssize_t expectedlen;

static void readtext(const char *path)
{
	int fd = open(path, O_RDONLY);
	struct stat st;

	if (fd < 0 || fstat(fd, &st))
		die(path);
	text = malloc(st.st_size);
	textlen = read(fd, text, st.st_size);
	close(fd);
}

/* --- the device: what is done in one session, with call @at armed */

enum { OPEN, WRITE, READ, CLOSE, WRITECLOSE, CALLS };
static const char * const calls[] = {
	"open", "write", "read, which runs it", "close, after that", "close, which runs it",
};

struct outcome {
	int fired, call, error;		/* the call that failed, or -1 */
	ssize_t len;			/* of the output, or of what is said of the failure */
};

#define CALL(which, expr)						\
	__extension__ ({						\
		long ret_;						\
									\
		if (at == (which))					\
			arm(n);						\
		ret_ = (expr);						\
		if (at == (which))					\
			o.fired = disarm();				\
		if (ret_ < 0 && o.call < 0) {				\
			o.call = which;					\
			o.error = errno;				\
		}							\
		ret_;							\
	})

static struct outcome session(int at, unsigned int n)
{
	struct outcome o = { .call = -1, .len = -1 };
	int fd = CALL(OPEN, open("/dev/luadrv", O_RDWR));

	if (fd < 0)
		return o;
	CALL(WRITE, write(fd, text, textlen));
	if (at != WRITECLOSE) {
		o.len = CALL(READ, read(fd, output, sizeof(output)));
		if (o.call == READ)	/* what the script said */
			o.len = read(fd, output, sizeof(output));
		CALL(CLOSE, close(fd));
	} else {
		CALL(WRITECLOSE, close(fd));
	}
	return o;
}

/* a table that could not be had raises ENOMEM, which the script did not catch */
static int israised(const struct outcome *o)
{
	return o->error == ECANCELED && o->len >= 6 && memcmp(output, "ENOMEM", 6) == 0;
}

/* the same, where the thread's fault is to be had */
static int isright(const struct outcome *o)
{
	return o->call < 0 && o->len == expectedlen && memcmp(output, expected, o->len) == 0;
}

static void works(const char *name, unsigned int n)
{
	struct outcome o = session(-1, 0);

	if (!isright(&o))
		complain(name, n, "does not work after that: call %d, %s", o.call,
			 strerror(o.error));
}

static void first(void)
{
	struct outcome o = session(-1, 0);

	if (o.call >= 0 || o.len <= 0)
		die("the script fails without a fault");
	expectedlen = o.len;
	memcpy(expected, output, o.len);
}

static void sessions(const char *size)
{
	char name[80];
	int at;

	for (at = 0; at < CALLS; at++) {
		unsigned int n, failed = 0;
		struct outcome o;

		snprintf(name, sizeof(name), "/dev/luadrv, %s: %s", size, calls[at]);
		for (n = 1; n < MOST; n++) {
			o = session(at, n);
			/* EFAULT: it fails copies to and from the user, too */
			if (o.call >= 0 && (!o.fired || (o.error != ENOMEM && o.error != EFAULT &&
							 o.error != ENFILE)))
				complain(name, n, "%s: %s", calls[o.call], strerror(o.error));
			if (o.call < 0 && at != WRITECLOSE && !isright(&o))
				complain(name, n, "succeeds with %zd bytes", o.len);
			if (o.call >= 0) {
				failed++;
				works(name, n);
			}
			if (!o.fired)
				break;
		}
		if (n == MOST)
			complain(name, n, "has no end");
		report(name, "kernel", n - 1, failed);
	}
}

/* --- the thread */

static void set(const char *file, const char *value)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), "%s%s", *file == '/' ? "" : FAULT, file);
	fd = open(path, O_WRONLY);
	if (fd < 0 || write(fd, value, strlen(value)) < 0)
		die(path);
	close(fd);
}

static int spacefd, timesfd, probabilityfd;

static int openfault(const char *file)
{
	char path[80];
	int fd;

	snprintf(path, sizeof(path), FAULT "%s", file);
	fd = open(path, O_RDWR);
	if (fd < 0)
		die(path);
	return fd;
}

static void put(int fd, long value)
{
	char number[24];
	int len = snprintf(number, sizeof(number), "%ld", value);

	if (write(fd, number, len) < 0)
		die("failslab");
}

static long get(const char *file)
{
	int fd = openfault(file);
	char number[24] = "";

	if (read(fd, number, sizeof(number) - 1) < 0)
		die(file);
	close(fd);
	return atol(number);
}

static void threads(int forever, const char *size)
{
	const char *way = forever ? "all of the kernel" : "kernel";
	unsigned int bytes, n = 0, failed = 0;
	long fired = 1;
	char name[80];

	snprintf(name, sizeof(name), "/dev/luadrv, %s: the script's thread", size);
	set("task-filter", "Y");
	set("/proc/2/make-it-fail", "1");
	spacefd = openfault("space");
	timesfd = openfault("times");
	probabilityfd = openfault("probability");
	for (bytes = 0; fired && bytes < 4 << 20; bytes += STEP) {
		struct outcome o;

		put(spacefd, bytes);
		put(timesfd, forever ? 1 << 20 : 1);
		put(probabilityfd, 100);
		o = session(-1, 0);
		put(probabilityfd, 0);
		fired = (forever ? 1 << 20 : 1) - get("times");
		n += !!fired;
		if (o.call >= 0 && (!fired || o.call != READ ||
				    (o.error != ENOMEM && !israised(&o))))
			complain(name, bytes, "%s: %s", calls[o.call], strerror(o.error));
		if (o.call < 0 && !isright(&o))
			complain(name, bytes, "succeeds with %zd bytes", o.len);
		if (o.call >= 0) {
			failed++;
			works(name, bytes);
		}
	}
	if (fired)
		complain(name, bytes, "has no end");
	put(spacefd, 0);
	set("/proc/2/make-it-fail", "0");
	set("task-filter", "N");
	report(name, way, n, failed);
}

/* --- /proc/lunatik */

static void proc(void)
{
	unsigned int n, failed = 0;
	int fired = 1, fd, error;
	ssize_t len = 0;

	for (n = 1; fired && n < MOST; n++) {
		arm(n);
		fd = open("/proc/lunatik", O_RDONLY);
		if (fd >= 0) {
			len = read(fd, output, sizeof(output));
			error = errno;
			close(fd);
			errno = error;
		}
		fired = disarm();
		if (fd < 0 || len < 0) {
			failed++;
			if (!fired || (errno != ENOMEM && errno != EFAULT && errno != ENFILE))
				complain("/proc/lunatik", n, "%s", strerror(errno));
		} else if (strncmp(output, "context ", 8) != 0) {
			complain("/proc/lunatik", n, "succeeds with %zd bytes", len);
		}
	}
	report("/proc/lunatik", "kernel", n - 2, failed);
}

/* --- modules */

static int insert(const char *path, const char *options)
{
	int fd = open(path, O_RDONLY), ret;

	if (fd < 0)
		die(path);
	ret = syscall(SYS_finit_module, fd, options, 0);
	if (ret) {
		int error = errno;

		close(fd);
		errno = error;
	} else {
		close(fd);
	}
	return ret;
}

static void load(const char *path, const char *name, const char *options)
{
	unsigned int n, failed = 0;
	int fd = open(path, O_RDONLY), fired = 1, ret;
	char what[80];

	if (fd < 0)
		die(path);
	snprintf(what, sizeof(what), "%s is loaded", name);
	for (n = 1; fired && n < MOST; n++) {
		arm(n);
		ret = syscall(SYS_finit_module, fd, options, 0);
		fired = disarm();
		if (ret == 0) {
			if (syscall(SYS_delete_module, name, O_NONBLOCK))
				complain(what, n, "cannot be unloaded: %s", strerror(errno));
			continue;
		}
		failed++;
		if (!fired || (errno != ENOMEM && errno != EFAULT))
			complain(what, n, "%s", strerror(errno));
		if (insert(path, options) || syscall(SYS_delete_module, name, O_NONBLOCK))
			complain(what, n, "does not work after that: %s", strerror(errno));
	}
	close(fd);
	if (insert(path, options))
		complain(what, n, "%s", strerror(errno));
	report(what, "kernel", n - 2, failed);
}

static void unload(const char *path, const char *name, const char *options)
{
	unsigned int n, failed = 0;
	int fired = 1, ret;
	char what[80];

	snprintf(what, sizeof(what), "%s is unloaded", name);
	for (n = 1; fired && n < MOST; n++) {
		arm(n);
		ret = syscall(SYS_delete_module, name, O_NONBLOCK);
		fired = disarm();
		if (ret) {
			failed++;
			if (!fired || (errno != ENOMEM && errno != EFAULT))
				complain(what, n, "%s", strerror(errno));
			if (syscall(SYS_delete_module, name, O_NONBLOCK))
				complain(what, n, "does not work after that: %s", strerror(errno));
		}
		if (insert(path, options))
			die(path);
	}
	report(what, "kernel", n - 2, failed);
}

int main(int argc, char **argv)
{
	const char *what = argc > 1 ? argv[1] : "";

	nth = open("/proc/thread-self/fail-nth", O_RDWR);
	if (nth < 0)
		die("fail-nth");
	setvbuf(stdout, NULL, _IOLBF, 0);
	if (argc > 3 && strcmp(what, "session") == 0) {
		readtext(argv[2]);
		first();
		sessions(argv[3]);
	} else if (argc > 3 && (strcmp(what, "thread") == 0 || strcmp(what, "forever") == 0)) {
		readtext(argv[2]);
		first();
		threads(*what == 'f', argv[3]);
	} else if (strcmp(what, "proc") == 0) {
		proc();
	} else if (argc > 4 && strcmp(what, "load") == 0) {
		load(argv[2], argv[3], argv[4]);
	} else if (argc > 4 && strcmp(what, "unload") == 0) {
		unload(argv[2], argv[3], argv[4]);
	} else {
		fprintf(stderr, "usage: see the source\n");
		return 2;
	}
	printf("total | %u operations, %u faults, %d wrong\n", operations, faults, wrong);
	return wrong > 0;
}
