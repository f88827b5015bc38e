// SPDX-License-Identifier: MIT OR GPL-2.0-only
/* Instructions of a system call of one byte: device FILE..., where 1 ns is one. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define ROUNDS	20000
#define SAMPLES	5

static long long now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1000000000LL + t.tv_nsec;
}

static int compare(const void *a, const void *b)
{
	long long x = *(const long long *)a, y = *(const long long *)b;

	return (x > y) - (x < y);
}

/* the median of what a call takes, in tenths; all of them have to do one byte */
static void tell(const char *call, long number, int fd, const char *name)
{
	long long all[SAMPLES];
	char byte = 'x';
	int i, j;

	for (i = 0; i < SAMPLES; i++) {
		long long from = now();

		for (j = 0; j < ROUNDS; j++) {
			if (syscall(number, fd, &byte, 1) == 1 || fd < 0)
				continue;
			perror(name);
			exit(1);
		}
		all[i] = now() - from;
	}
	qsort(all, SAMPLES, sizeof(*all), compare);
	printf("%s\t0\t%lld\n", call, all[SAMPLES / 2] * 10 / ROUNDS);
}

int main(int argc, char **argv)
{
	char call[128];
	int i;

	tell("getppid()", SYS_getppid, -1, "getppid");
	for (i = 1; i < argc; i++) {
		int fd = open(argv[i], O_RDWR);

		if (fd < 0) {
			perror(argv[i]);
			return 1;
		}
		/* /dev/null has nothing to read */
		snprintf(call, sizeof(call), "read a byte of %s", argv[i]);
		if (argv[i][5] != 'n')
			tell(call, SYS_read, fd, argv[i]);
		snprintf(call, sizeof(call), "write a byte to %s", argv[i]);
		tell(call, SYS_write, fd, argv[i]);
	}
	return 0;
}
