/*
 * sqlreq.c - see sqlreq.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "params.h"
#include "sqlopts.h"
#include "sqlreq.h"
#include "worker.h"

/* How far in the request's own objects are; behind that are values. */
#define EXECUTE_DEPTH	2	/* "settings" */
#define BATCH_DEPTH	3	/* one of "statements" */

static bool
type_is(const struct slice *s, const char *type)
{
	size_t n = 0;

	while (n < s->n && s->p[n] != ';' && s->p[n] != ' ' && s->p[n] != '\t')
		n++;
	return n == strlen(type) && strncasecmp(s->p, type, n) == 0;
}

/* application/anything+json */
static bool
is_json_suffix(const struct slice *s)
{
	size_t n = 0;

	while (n < s->n && s->p[n] != ';' && s->p[n] != ' ')
		n++;
	return n > 5 && strncasecmp(s->p + n - 5, "+json", 5) == 0;
}

int
sqlreq_content_type(const struct req *r, struct problem *why)
{
	const struct slice *s = http_header(&r->head, "content-type");

	if (s == NULL || s->n == 0 || type_is(s, "application/json") ||
	    type_is(s, "text/json") || is_json_suffix(s) ||
	    type_is(s, "application/x-www-form-urlencoded"))
		return 0;
	return problem_set(why, 415, "unsupported_media_type",
	    "\"%.*s\" is not read here: send application/json",
	    s->n > 100 ? 100 : (int)s->n, s->p);
}

/* How closely a media range names JSON; 0: not at all. */
static int
closeness(const struct slice *range)
{
	static const char *const ranges[] = { "*/*", "application/*",
	    "application/json" };

	for (int i = NELEM(ranges); i > 0; i--)
		if (type_is(range, ranges[i - 1]))
			return i;
	return 0;
}

/* ";q=0", with zeroes behind a point. */
static bool
is_unwanted(const struct slice *range)
{
	const char *q = memmem(range->p, range->n, "q=0", 3), *end;

	if (q == NULL || q == range->p || strchr("; \t", q[-1]) == NULL)
		return false;
	end = range->p + range->n;
	for (q += 3; q < end && (*q == '.' || *q == '0'); q++)
		continue;
	return q == end || strchr("; \t", *q) != NULL;
}

int
sqlreq_accept(const struct req *r, struct problem *why)
{
	const struct slice *s = http_header(&r->head, "accept");
	struct slice range, rest;
	const char *comma;
	int best = 0, close;
	bool wanted = false;

	if (s == NULL || s->n == 0 ||
	    http_header_repeated(&r->head, "accept"))
		return 0;
	for (rest = *s; rest.n > 0; rest.n -= range.n, rest.p += range.n) {
		while (rest.n > 0 && strchr(", \t", *rest.p) != NULL) {
			rest.p++;
			rest.n--;
		}
		comma = memchr(rest.p, ',', rest.n);
		range = rest;
		if (comma != NULL)
			range.n = (size_t)(comma - rest.p);
		if ((close = closeness(&range)) > best) {
			best = close;
			wanted = !is_unwanted(&range);
		}
	}
	return wanted ? 0 : problem_set(why, 406, "not_acceptable",
	    "the answer is application/json, which \"Accept\" does not name");
}

static int
read_object(struct json *j, const char *p, size_t n, unsigned depth,
    struct problem *why)
{
	struct json_error err;

	if (json_read_outer(j, p, n, depth, &err) == -1)
		return problem_set(why, 400, "invalid_json",
		    "the body is not valid JSON: %s at line %zu, column %zu",
		    err.what, err.line, err.column);
	if (j->tok[0].type == JSON_OBJECT)
		return 0;
	json_fini(j);
	return problem_set(why, 400, "invalid_json",
	    "the body must be a JSON object");
}

int
sqlreq_object(struct json *j, const char *p, size_t n, struct problem *why)
{
	return read_object(j, p, n, JSON_DEPTH_MAX, why);
}

/* The text of "sql". */
static int
read_sql(struct unit *u, const struct json *j, uint32_t tok,
    const struct conf *conf, struct problem *why)
{
	struct buf text;

	if (tok == 0 || j->tok[tok].type != JSON_STRING)
		return problem_set(why, 400, "invalid_json", tok == 0 ?
		    "\"sql\" is missing" : "\"sql\" must be a string");
	buf_init(&text, j->len);
	if (json_str(j, tok, &text) == -1) {
		buf_fini(&text);
		return errno == EILSEQ ? problem_set(why, 400, "invalid_input",
		    "\"sql\" cannot hold the character NUL (\\u0000)") :
		    problem_internal(why);
	}
	if ((u->sql = buf_take(&text, &u->sql_len)) == NULL)
		return problem_internal(why);
	if ((int64_t)u->sql_len > conf->max_statement_bytes)
		return problem_set(why, 400, "statement_too_large",
		    "the statement has %zu bytes, the limit is %lld",
		    u->sql_len, (long long)conf->max_statement_bytes);
	return 0;
}

static int
read_params(struct unit *u, const struct json *j, uint32_t tok,
    const struct conf *conf, struct problem *why)
{
	if (tok == 0 || j->tok[tok].type == JSON_NULL)
		return 0;
	if (j->tok[tok].type != JSON_ARRAY)
		return problem_set(why, 400, "invalid_json",
		    "\"params\" must be an array");
	if (j->tok[tok].n > conf->max_statement_params)
		return problem_set(why, 400, "too_many_params",
		    "%u parameters, the limit is %lld", j->tok[tok].n,
		    (long long)conf->max_statement_params);
	u->params = tok;
	u->nparams = (int)j->tok[tok].n;
	for (uint32_t i = json_first(j, tok); i != 0; i = json_next(j, tok, i))
		u->needs_types |= params_needs_type(j, i);
	return 0;
}

static int
read_body(struct call *c, const struct req *r, unsigned depth,
    struct problem *why)
{
	size_t n;
	const char *p = buf_peek(&r->body, &n);

	if (sqlreq_accept(r, why) == -1 ||
	    sqlreq_content_type(r, why) == -1 ||
	    read_object(&c->json, p, n, depth, why) == -1)
		return -1;
	c->has_json = true;
	return 0;
}

int
sqlreq_read(struct call *c, const struct req *r, struct problem *why)
{
	const struct json *j = &c->json;
	uint32_t sql = 0, params = 0;

	if (read_body(c, r, EXECUTE_DEPTH, why) == -1)
		return -1;
	for (uint32_t i = json_first(j, 0); i != 0;
	    i = json_next(j, 0, i + 1)) {
		if (json_is(j, i, "sql"))
			sql = i + 1;
		else if (json_is(j, i, "params"))
			params = i + 1;
		else if (sqlopts_read(c, i, "sql, params, max_affected, "
		    SQLOPTS_KNOWN, why) == -1)
			return -1;
	}
	if (call_units(c, 1) == -1)
		return problem_internal(why);
	if (read_sql(&c->unit[0], j, sql, r->w->conf, why) == -1)
		return -1;
	return read_params(&c->unit[0], j, params, r->w->conf, why);
}

/* One of "statements": an object of "sql" and "params", nothing else. */
static int
read_statement(struct unit *u, const struct json *j, uint32_t tok,
    const struct conf *conf, struct problem *why)
{
	uint32_t sql = 0, params = 0;

	if (j->tok[tok].type != JSON_OBJECT)
		return problem_set(why, 400, "invalid_json",
		    "a statement must be an object with \"sql\" and "
		    "\"params\"");
	for (uint32_t i = json_first(j, tok); i != 0;
	    i = json_next(j, tok, i + 1)) {
		if (json_is(j, i, "sql"))
			sql = i + 1;
		else if (json_is(j, i, "params"))
			params = i + 1;
		else
			return sqlopts_unknown(j, i, "sql, params", why);
	}
	if (read_sql(u, j, sql, conf, why) == -1)
		return -1;
	return read_params(u, j, params, conf, why);
}

static int
read_statements(struct call *c, uint32_t tok, struct problem *why)
{
	const struct json *j = &c->json;
	uint32_t n, i;

	if (tok == 0 || j->tok[tok].type != JSON_ARRAY)
		return problem_set(why, 400, "invalid_json", tok == 0 ?
		    "\"statements\" is missing" :
		    "\"statements\" must be an array");
	if ((n = j->tok[tok].n) == 0)
		return problem_set(why, 400, "empty_statement",
		    "there is no statement in \"statements\"");
	if (n > CALL_UNITS)
		return problem_set(why, 400, "statement_too_large",
		    "a batch of %u statements, the limit is %d", n,
		    CALL_UNITS);
	if (call_units(c, (int)n) == -1)
		return problem_internal(why);
	i = json_first(j, tok);
	for (int k = 0; i != 0; k++, i = json_next(j, tok, i))
		if (read_statement(&c->unit[k], j, i, c->w->conf, why)) {
			why->statement = k;
			return -1;
		}
	return 0;
}

int
sqlreq_read_batch(struct call *c, const struct req *r, struct problem *why)
{
	static const char known[] = "statements, " SQLOPTS_KNOWN;
	const struct json *j = &c->json;
	uint32_t statements = 0;

	if (read_body(c, r, BATCH_DEPTH, why) == -1)
		return -1;
	for (uint32_t i = json_first(j, 0); i != 0;
	    i = json_next(j, 0, i + 1)) {
		if (json_is(j, i, "statements"))
			statements = i + 1;
		else if (json_is(j, i, "max_affected"))
			return sqlopts_unknown(j, i, known, why);
		else if (sqlopts_read(c, i, known, why) == -1)
			return -1;
	}
	return read_statements(c, statements, why);
}
