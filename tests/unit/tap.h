/*
 * tap.h - the least a C unit test needs: ok(), is_str(), done().
 *
 * A test program is one file, prints TAP and exits non-zero if anything
 * failed.  tap_guarded() gives a copy of some bytes that ends at a page
 * nobody may touch, so that a parser which reads one byte too far faults.
 */
#ifndef TAP_H
#define TAP_H

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

static int tap_n, tap_failed;

#define ok(cond, ...) tap_ok((cond) ? 1 : 0, __FILE__, __LINE__, __VA_ARGS__)
#define is_str(got, want, ...) tap_is_str((got), (want), __FILE__, __LINE__, \
    __VA_ARGS__)

__attribute__((format(printf, 4, 5), unused))
static int
tap_ok(int cond, const char *file, int line, const char *fmt, ...)
{
	va_list ap;

	printf("%sok %d - ", cond ? "" : "not ", ++tap_n);
	va_start(ap, fmt);
	vprintf(fmt, ap);
	va_end(ap);
	putchar('\n');
	if (!cond) {
		tap_failed++;
		printf("# failed at %s:%d\n", file, line);
	}
	return cond;
}

__attribute__((format(printf, 5, 6), unused))
static int
tap_is_str(const char *got, const char *want, const char *file, int line,
    const char *fmt, ...)
{
	va_list ap;
	char name[256];
	int same;

	va_start(ap, fmt);
	vsnprintf(name, sizeof(name), fmt, ap);
	va_end(ap);
	same = got != NULL && want != NULL && strcmp(got, want) == 0;
	tap_ok(same, file, line, "%s", name);
	if (!same)
		printf("#   got: %s\n#  want: %s\n", got ? got : "(null)",
		    want ? want : "(null)");
	return same;
}

/* A copy of n bytes whose end is the end of readable memory.  Never freed. */
__attribute__((unused))
static char *
tap_guarded(const void *p, size_t n)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t room = (n + page - 1) / page * page + page;
	char *m;

	m = mmap(NULL, room, PROT_READ | PROT_WRITE,
	    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	if (m == MAP_FAILED)
		abort();
	if (mprotect(m + room - page, page, PROT_NONE) != 0)
		abort();
	m += room - page - n;
	if (n > 0)
		memcpy(m, p, n);
	return m;
}

__attribute__((unused))
static int
done(void)
{
	printf("1..%d\n", tap_n);
	return tap_failed ? 1 : 0;
}

#endif
