/*
 * log.c - see log.h.
 */
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#include "json.h"
#include "log.h"

static const char *log_name = "acdb";
static enum log_level log_level = LOG_INFO;
static enum log_format log_format = LOG_TEXT;
static char log_lines[LOG_LINE_MAX];	/* held lines, a write's worth */
static size_t log_held;
static bool log_holding;
static const char *const level_names[] = { "error", "warn", "info", "debug" };

void
log_init(const char *name, enum log_level level, enum log_format format)
{
	/* What another process held is its own to write. */
	log_held = 0;
	log_holding = false;
	log_name = name;
	log_level = level;
	log_format = format;
}

void
log_set_level(enum log_level level)
{
	log_level = level;
}

enum log_level
log_get_level(void)
{
	return log_level;
}

int
log_parse_level(const char *s, enum log_level *level)
{
	for (size_t i = 0; i < NELEM(level_names); i++)
		if (strcasecmp(s, level_names[i]) == 0) {
			*level = (enum log_level)i;
			return 0;
		}
	return -1;
}

/* A logfmt value is quoted unless it is a plain word: a client's bytes must
 * neither look like another field or line nor speak to a terminal. */
static void
put_text_value(struct buf *b, const char *v)
{
	const char *p = v;

	while (*p > ' ' && *p < 0x7f && strchr("\"=\\", *p) == NULL)
		p++;
	if (p == v || *p != '\0')
		json_put_cstr(b, v);
	else
		buf_adds(b, v);
}

/* A log that cannot be written has nobody to be told. */
static void
put_line(const char *p, size_t n)
{
	while (write(STDERR_FILENO, p, n) == -1 && errno == EINTR)
		continue;
}

void
log_hold(void)
{
	log_holding = true;
}

void
log_flush(void)
{
	int saved = errno;

	if (log_held > 0)
		put_line(log_lines, log_held);
	log_held = 0;
	errno = saved;
}

static void
put_time(struct buf *b)
{
	static char text[32];		/* of that second */
	static time_t second;
	struct timespec ts;
	struct tm tm;

	clock_gettime(CLOCK_REALTIME, &ts);
	if (ts.tv_sec != second) {
		second = ts.tv_sec;
		gmtime_r(&second, &tm);
		strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &tm);
	}
	buf_addf(b, "%s.%03ldZ", text, ts.tv_nsec / 1000000);
}

/* A field that does not fit is left out. */
static void
put_field(struct buf *b, const char *name, const char *value)
{
	size_t before = buf_len(b);

	if (value == NULL)
		return;
	if (log_format == LOG_JSON) {
		buf_addf(b, ",\"%s\":", name);
		json_put_cstr(b, value);
	} else {
		buf_addf(b, " %s=", name);
		put_text_value(b, value);
	}
	if (buf_failed(b)) {
		buf_truncate(b, before);
		b->failed = false;
	}
}

static void
log_line(enum log_level level, const char *error, const char *msg, va_list ap)
{
	struct buf b;
	const char *name, *p;
	size_t n;
	int saved = errno;

	if (level > log_level)
		return;
	buf_init(&b, LOG_LINE_MAX - 2);
	if (log_format == LOG_JSON) {
		buf_adds(&b, "{\"time\":\"");
		put_time(&b);
		buf_addf(&b, "\",\"level\":\"%s\",\"process\":",
		    level_names[level]);
		json_put_cstr(&b, log_name);
		buf_adds(&b, ",\"msg\":");
		json_put_cstr(&b, msg);
	} else
		buf_addf(&b, "%s: %s: %s", log_name, level_names[level], msg);
	while ((name = va_arg(ap, const char *)) != NULL)
		put_field(&b, name, va_arg(ap, const char *));
	put_field(&b, "error", error);
	b.max = LOG_LINE_MAX;
	buf_adds(&b, log_format == LOG_JSON ? "}\n" : "\n");
	p = buf_peek(&b, &n);
	if (log_held + n > sizeof(log_lines) || !log_holding)
		log_flush();
	if (log_holding && n <= sizeof(log_lines)) {
		memcpy(log_lines + log_held, p, n);
		log_held += n;
		if (level <= LOG_WARN)
			log_flush();
	} else
		put_line(p, n);
	buf_fini(&b);
	errno = saved;
}

#define LOG_FUNCTION(name, level, error)				\
void									\
name(const char *msg, ...)						\
{									\
	va_list ap;							\
									\
	va_start(ap, msg);						\
	log_line(level, error, msg, ap);				\
	va_end(ap);							\
}

LOG_FUNCTION(log_error, LOG_ERROR, NULL)
LOG_FUNCTION(log_warn, LOG_WARN, NULL)
LOG_FUNCTION(log_info, LOG_INFO, NULL)
LOG_FUNCTION(log_debug, LOG_DEBUG, NULL)
LOG_FUNCTION(log_errno, LOG_ERROR, strerror(errno))

void
die(int code, const char *fmt, ...)
{
	va_list ap;

	fflush(stdout);
	fprintf(stderr, "%s: ", log_name);
	va_start(ap, fmt);
	vfprintf(stderr, fmt, ap);
	va_end(ap);
	fputc('\n', stderr);
	exit(code);
}
