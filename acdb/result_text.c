/*
 * result_text.c - a value of an answer as PostgreSQL writes it as text:
 * t and f, array literals, JSON as it is.
 */
#include <string.h>
#include <strings.h>

#include "result.h"

static void
put_raw(const struct result *r, uint32_t i, struct buf *out)
{
	size_t n;
	const char *p = json_raw(&r->j, i, &n);

	buf_add(out, p, n);
}

/* A scalar, or JSON that PostgreSQL itself would show as JSON. */
static void
put_value(const struct result *r, enum column_kind kind, uint32_t i,
    struct buf *out)
{
	uint8_t type = r->j.tok[i].type;
	size_t before = buf_len(out);

	if (kind == COLUMN_RAW)
		put_raw(r, i, out);
	else if (type == JSON_TRUE || type == JSON_FALSE)
		buf_addc(out, type == JSON_TRUE ? 't' : 'f');
	else if (type != JSON_STRING)
		put_raw(r, i, out);
	else if (json_str(&r->j, i, out) == -1 && !buf_failed(out)) {
		/* \u0000: no text of PostgreSQL's, so show what was sent. */
		buf_truncate(out, before);
		put_raw(r, i, out);
	}
}

/* PostgreSQL's rule for when an array's element must be quoted. */
static bool
needs_quotes(const char *p, size_t n, char delimiter)
{
	if (n == 0 || (n == 4 && strncasecmp(p, "null", 4) == 0))
		return true;
	for (size_t i = 0; i < n; i++)
		if (p[i] == delimiter || strchr("{}\"\\ \t\n\r\v\f", p[i]) !=
		    NULL)
			return true;
	return false;
}

static void
put_element(const struct result *r, const struct column *c, uint32_t i,
    struct buf *out)
{
	struct buf text;
	const char *p;
	size_t n;

	buf_init(&text, r->j.len + 1);
	put_value(r, c->element, i, &text);
	p = buf_peek(&text, &n);
	if (!needs_quotes(p, n, c->delimiter)) {
		buf_add(out, p, n);
	} else {
		buf_addc(out, '"');
		for (size_t k = 0; k < n; k++) {
			if (p[k] == '"' || p[k] == '\\')
				buf_addc(out, '\\');
			buf_addc(out, p[k]);
		}
		buf_addc(out, '"');
	}
	buf_fini(&text);
}

/* Recurses as deep as the array has dimensions (json.h bounds the depth).
 * An element of a vector[] or json[] is not a dimension. */
static void
put_array(const struct result *r, const struct column *c, uint32_t i,
    struct buf *out)
{
	uint32_t e;

	buf_addc(out, '{');
	for (e = json_first(&r->j, i); e != 0; e = json_next(&r->j, i, e)) {
		if (e != json_first(&r->j, i))
			buf_addc(out, c->delimiter);
		if (r->j.tok[e].type == JSON_NULL)
			buf_adds(out, "NULL");
		else if (r->j.tok[e].type == JSON_ARRAY &&
		    c->element != COLUMN_RAW)
			put_array(r, c, e, out);
		else
			put_element(r, c, e, out);
	}
	buf_addc(out, '}');
}

void
result_text(const struct result *r, const struct column *c, uint32_t cell,
    struct buf *out)
{
	if (result_null(r, cell))
		return;
	if (c->kind == COLUMN_ARRAY && r->j.tok[cell].type == JSON_ARRAY)
		put_array(r, c, cell, out);
	else
		put_value(r, c->kind == COLUMN_RAW ? COLUMN_RAW :
		    COLUMN_PLAIN, cell, out);
}
