/*
 * answer.c - see answer.h.  Knows header fields; nothing of connections,
 * and nothing of how the body came to be.
 */
#include <stdarg.h>
#include <string.h>

#include "answer.h"
#include "story.h"
#include "lib/log.h"

#define TIMING_MIN_US	50

#define PROBLEM_TYPE	"application/problem+json"
#define PROBLEM_MAX	65536	/* bytes, whatever other answers may have */

void
req_header(struct req *r, const char *name, const char *fmt, ...)
{
	struct buf *b = &r->answer.headers;
	va_list ap;

	buf_adds(b, name);
	buf_adds(b, ": ");
	va_start(ap, fmt);
	buf_addv(b, fmt, ap);
	va_end(ap);
	buf_adds(b, "\r\n");
}

static bool
any_failed(const struct answer *a)
{
	return buf_failed(&a->headers) || buf_failed(&a->prefix) ||
	    buf_failed(&a->body);
}

/* The document takes the place of whatever was answered before. */
static void
put_problem(struct req *r)
{
	struct answer *a = &r->answer;

	buf_clear(&a->headers);
	buf_clear(&a->prefix);
	buf_clear(&a->body);
	if (a->body.max < PROBLEM_MAX)
		a->body.max = PROBLEM_MAX;
	a->status = r->why.status;
	a->tagged = false;
	a->type = PROBLEM_TYPE;
	problem_write(&r->why, r->id, &a->body);
}

void
answer_settle(struct req *r)
{
	struct answer *a = &r->answer;

	if (r->why.status == 0) {
		if (a->status != 0 && !any_failed(a))
			return;
		log_error(a->status == 0 ? "a story ended without an answer" :
		    "an answer does not fit", "id", r->id, NULL);
		problem_internal(&r->why);
	}
	put_problem(r);
	if (any_failed(a)) {		/* memory: a problem is small */
		buf_clear(&a->prefix);
		buf_clear(&a->body);
		a->type = NULL;
	}
}

bool
answer_omits_body(const struct req *r)
{
	return r->head.method == HTTP_HEAD || r->answer.status == 204 ||
	    r->answer.status == 304;
}

static void
put_number(struct buf *out, size_t n)
{
	char text[24], *p = text + sizeof(text);

	do
		*--p = (char)('0' + n % 10);
	while ((n /= 10) > 0);
	buf_add(out, p, (size_t)(text + sizeof(text) - p));
}

static void
put_numbered(struct buf *out, const char *name, size_t n)
{
	buf_adds(out, name);
	put_number(out, n);
	buf_adds(out, "\r\n");
}

static void
put_named(struct buf *out, const char *name, const char *value)
{
	buf_adds(out, name);
	buf_adds(out, value);
	buf_adds(out, "\r\n");
}

/* The Date changes once a second and takes longer to write than the rest of
 * the head. */
static void
put_date(struct buf *out, time_t now)
{
	static char line[48];
	static time_t of = -1;
	struct tm tm;

	if (now != of) {
		gmtime_r(&now, &tm);
		strftime(line, sizeof(line),
		    "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
		of = now;
	}
	buf_adds(out, line);
}

static void
put_refusal(struct buf *out, const struct req *r)
{
	const struct problem *why = &r->why;

	if (r->answer.status == 401)
		buf_adds(out,
		    "WWW-Authenticate: Bearer realm=\"agentcoopdb\"\r\n");
	if (why->status == 0)
		return;
	if (why->allow != NULL)
		put_named(out, "Allow: ", why->allow);
	if (why->retry_after > 0)
		put_numbered(out, "Retry-After: ", (size_t)why->retry_after);
}

/* Where the time went, step by step, for who has a key; what took next to
 * nothing is left out. */
static void
put_timing(struct buf *out, const struct req *r)
{
	const struct step *s = r->story->steps;
	bool first = true;

	for (unsigned i = 0; i < STORY_STEPS && s[i].name != NULL; i++) {
		if (r->step_us[i] < TIMING_MIN_US)
			continue;
		buf_adds(out, first ? "Server-Timing: " : ", ");
		first = false;
		for (const char *p = s[i].name; *p != '\0'; p++)
			buf_addc(out, *p == ' ' ? '-' : *p);
		buf_addf(out, ";dur=%u.%03u", r->step_us[i] / 1000,
		    r->step_us[i] % 1000);
	}
	if (!first)
		buf_adds(out, "\r\n");
}

void
answer_head(const struct req *r, bool secure, bool close, time_t now,
    struct buf *out)
{
	const struct answer *a = &r->answer;
	const char *headers;
	size_t n;

	buf_adds(out, "HTTP/1.1 ");
	put_number(out, (size_t)a->status);
	put_named(out, " ", http_reason(a->status));
	put_date(out, now);
	/* A length in a 304 would be that of the 200 (RFC 9110 8.6). */
	if (a->status != 204 && a->status != 304) {
		if (a->type != NULL)
			put_named(out, "Content-Type: ", a->type);
		if (a->told)
			buf_adds(out, "Transfer-Encoding: chunked\r\n");
		else
			put_numbered(out, "Content-Length: ",
			    buf_len(&a->prefix) + buf_len(&a->body));
	}
	put_named(out, "X-Request-Id: ", r->id);
	if (r->rate_limit > 0) {
		put_numbered(out, "X-RateLimit-Limit: ", r->rate_limit);
		put_numbered(out, "X-RateLimit-Remaining: ",
		    r->rate_remaining);
	}
	put_refusal(out, r);
	if (r->who.known)
		put_timing(out, r);
	headers = buf_peek(&a->headers, &n);
	buf_add(out, headers, n);
	buf_adds(out, a->tagged ? "Cache-Control: private, no-cache\r\n"
	    "Vary: Authorization\r\n" : "Cache-Control: no-store\r\n");
	buf_adds(out, "X-Content-Type-Options: nosniff\r\n");
	if (secure)
		buf_adds(out,
		    "Strict-Transport-Security: max-age=31536000\r\n");
	if (close)
		buf_adds(out, "Connection: close\r\n");
	else if (r->head.minor == 0)
		buf_adds(out, "Connection: keep-alive\r\n");
	buf_adds(out, "\r\n");
}
