/*
 * conf_form.c - see conf_form.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "addr.h"
#include "conf_form.h"
#include "lib/secret.h"
#include "lib/units.h"

#define FILE_MAX_BYTES	4096	/* no secret or URL is longer */

bool
conf_form_is_secret(enum conf_form form)
{
	return form == FORM_SECRET || form == FORM_PASSWORD ||
	    form == FORM_URL;
}

bool
conf_form_is_string(enum conf_form form)
{
	return conf_form_is_secret(form) || form == FORM_TEXT ||
	    form == FORM_ADDRESSES || form == FORM_PROXIES;
}

/* The log level too: it is how SIGHUP can bring a new one. */
bool
conf_form_in_file(enum conf_form form)
{
	return conf_form_is_secret(form) || form == FORM_LEVEL;
}

/* The member of c that belongs to s. */
static void *
member(const struct conf_setting *s, struct conf *c)
{
	return (char *)c + s->at;
}

char **
conf_form_string(const struct conf_setting *s, struct conf *c)
{
	return member(s, c);
}

static bool
is_addresses(const char *v)
{
	struct addr a;
	int r, n = 0;

	while ((r = addr_next(&v, &a)) == 1)
		n++;
	return r == 0 && n > 0;
}

static bool
is_networks(const char *v)
{
	struct addr_net net;
	int r, n = 0;

	while ((r = addr_next_net(&v, &net)) == 1)
		n++;
	return r == 0 && n > 0;
}

static bool
is_password(const char *v, int64_t min, int64_t max)
{
	size_t n = strlen(v);

	for (size_t i = 0; i < n; i++)
		if (v[i] < ' ' || v[i] > '~')
			return false;
	return n >= (size_t)min && n <= (size_t)max;
}

static bool
is_url(const char *v)
{
	return (strncmp(v, "postgres://", 11) == 0 && v[11] != '\0') ||
	    (strncmp(v, "postgresql://", 13) == 0 && v[13] != '\0');
}

/* Check a value that is kept as text.  TRUST_PROXY=true becomes "", false
 * becomes NULL. */
static int
store_string(const struct conf_setting *s, char **at, char *value)
{
	bool trust;
	bool good = true;

	if (s->form == FORM_ADDRESSES)
		good = is_addresses(value);
	else if (s->form == FORM_PASSWORD)
		good = is_password(value, s->min, s->max);
	else if (s->form == FORM_URL)
		good = is_url(value);
	else if (s->form == FORM_PROXIES && units_bool(value, &trust) == 0) {
		value[0] = '\0';
		if (!trust) {
			free(value);
			value = NULL;
		}
	} else if (s->form == FORM_PROXIES)
		good = is_networks(value);
	if (!good)
		return -1;
	*at = value;
	return 0;
}

static int
store_count(const struct conf_setting *s, int64_t *at, const char *value)
{
	int r;

	if (s->form == FORM_DURATION)
		r = units_duration(value, at);
	else if (s->form == FORM_SIZE)
		r = units_size(value, at);
	else
		r = units_int(value, s->min, s->max, at);
	return r == -1 || *at < s->min || *at > s->max ? -1 : 0;
}

static int
store_number(const struct conf_setting *s, double *at, const char *value)
{
	return units_number(value, at) == -1 || *at < (double)s->min ||
	    *at > (double)s->max ? -1 : 0;
}

static int
store_format(enum log_format *at, const char *value)
{
	if (strcasecmp(value, "json") != 0 && strcasecmp(value, "text") != 0)
		return -1;
	*at = strcasecmp(value, "json") == 0 ? LOG_JSON : LOG_TEXT;
	return 0;
}

static int
store_other(const struct conf_setting *s, void *at, const char *value)
{
	switch (s->form) {
	case FORM_BOOL:
		return units_bool(value, at);
	case FORM_DURATION:
	case FORM_SIZE:
	case FORM_COUNT:
		return store_count(s, at, value);
	case FORM_NUMBER:
		return store_number(s, at, value);
	case FORM_LEVEL:
		return log_parse_level(value, at);
	case FORM_FORMAT:
		return store_format(at, value);
	case FORM_HARDENING:
		return hardening_parse(value, at);
	case FORM_TEXT:
	case FORM_SECRET:
	case FORM_PASSWORD:
	case FORM_URL:
	case FORM_ADDRESSES:
	case FORM_PROXIES:
		break;
	}
	return -1;
}

/* "NAME is "5", but accepts ..."; a secret is not shown. */
static void
explain(const struct conf_setting *s, const char *value, struct buf *err)
{
	buf_addf(err, CONF_PREFIX "%s ", s->name);
	if (!conf_form_is_secret(s->form)) {
		buf_adds(err, "is \"");
		for (; *value != '\0' && buf_len(err) < 256; value++)
			buf_addc(err, *value >= ' ' && *value <= '~' ?
			    *value : '?');
		buf_adds(err, "\", but ");
	}
	buf_adds(err, "accepts ");
	conf_form_accepts(s, err);
}

int
conf_form_store(const struct conf_setting *s, struct conf *c, char *value,
    struct buf *err)
{
	int r;

	if (conf_form_is_string(s->form)) {
		if (store_string(s, member(s, c), value) == 0)
			return 0;
		r = -1;
	} else
		r = store_other(s, member(s, c), value);
	if (r == -1)
		explain(s, value, err);
	secret_wipe(value, strlen(value));
	free(value);
	return r;
}

/* At most size bytes of the file.  Returns their number, or -1 with errno
 * (EFBIG: there are more). */
static ssize_t
slurp(const char *path, char *p, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
	size_t n = 0;
	ssize_t r;

	if (fd == -1)
		return -1;
	while (n < size && (r = read(fd, p + n, size - n)) != 0) {
		if (r == -1 && errno == EINTR)
			continue;
		if (r == -1)
			goto close_fd;
		n += (size_t)r;
	}
	close(fd);
	if (n == size) {
		errno = EFBIG;
		return -1;
	}
	return (ssize_t)n;
close_fd:
	r = errno;
	close(fd);
	errno = (int)r;
	return -1;
}

int
conf_form_file(const char *name, const char *path, char **value,
    struct buf *err)
{
	char text[FILE_MAX_BYTES + 1];
	ssize_t r;
	size_t n;

	*value = NULL;
	if ((r = slurp(path, text, sizeof(text))) == -1) {
		buf_addf(err, "%s: cannot read %s: %s", name, path,
		    strerror(errno));
		return -1;
	}
	n = (size_t)r;
	if (n > 0 && text[n - 1] == '\n')
		n--;
	if (n > 0 && text[n - 1] == '\r')
		n--;
	if (memchr(text, '\0', n) != NULL) {
		buf_addf(err, "%s: %s is not text", name, path);
		r = -1;
	} else if (n > 0 && (*value = strndup(text, n)) == NULL) {
		buf_adds(err, "out of memory");
		r = -1;
	}
	secret_wipe(text, sizeof(text));
	return r == -1 ? -1 : 0;
}

static void
put_duration(struct buf *out, int64_t ms)
{
	static const struct { int64_t ms; const char *unit; } units[] = {
		{ 86400000, "d" }, { 3600000, "h" }, { 60000, "m" },
		{ 1000, "s" }, { 1, "ms" },
	};
	size_t i = 0;

	while (ms % units[i].ms != 0)
		i++;
	if (ms == 0)
		buf_adds(out, "0");
	else
		buf_addf(out, "%lld%s", (long long)(ms / units[i].ms),
		    units[i].unit);
}

static void
put_size(struct buf *out, int64_t n)
{
	static const char *const units[] = { "", "KiB", "MiB", "GiB" };
	size_t i = 0;

	while (i + 1 < NELEM(units) && n >= 1024 && n % 1024 == 0) {
		n /= 1024;
		i++;
	}
	buf_addf(out, "%lld%s", (long long)n, units[i]);
}

void
conf_form_accepts(const struct conf_setting *s, struct buf *out)
{
	switch (s->form) {
	case FORM_DURATION:
		buf_adds(out, "a duration such as 500ms, 5s or 1m30s, from ");
		put_duration(out, s->min);
		buf_adds(out, " to ");
		put_duration(out, s->max);
		return;
	case FORM_SIZE:
		buf_adds(out, "a size such as 1048576 or 1MiB, from ");
		put_size(out, s->min);
		buf_adds(out, " to ");
		put_size(out, s->max);
		return;
	case FORM_COUNT:
	case FORM_NUMBER:
		buf_addf(out, "a %snumber from %lld to %lld",
		    s->form == FORM_COUNT ? "whole " : "", (long long)s->min,
		    (long long)s->max);
		return;
	case FORM_PASSWORD:
		buf_addf(out, "at least %lld printable ASCII characters",
		    (long long)s->min);
		return;
	case FORM_TEXT:
	case FORM_SECRET:
		buf_adds(out, "text");
		return;
	case FORM_URL:
		buf_adds(out, "a URL postgres://user@host:5432/database");
		return;
	case FORM_BOOL:
		buf_adds(out, "true or false (also t, f, 1, 0)");
		return;
	case FORM_ADDRESSES:
		buf_adds(out, "addresses host:port, [v6]:port or :port, "
		    "separated by commas");
		return;
	case FORM_PROXIES:
		buf_adds(out, "true, false, or the proxies' networks such as "
		    "10.0.0.0/8,fd00::/8");
		return;
	case FORM_LEVEL:
		buf_adds(out, "error, warn, info or debug");
		return;
	case FORM_FORMAT:
		buf_adds(out, "json or text");
		return;
	case FORM_HARDENING:
		buf_adds(out, HARDENING_NAMES);
		return;
	}
}
