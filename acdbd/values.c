/*
 * values.c - see values.h.  The contract's table of types is the order of
 * the switch in values_put().
 */
#include <ctype.h>
#include <string.h>

#include "lib/json.h"
#include "values.h"

#define ARRAY_DEPTH_MAX	6	/* PostgreSQL's MAXDIM */

struct array {			/* an array's text being read */
	struct buf		*out;
	const struct types	*types;
	const struct type	*elem;
	const struct value_style *style;
	const char		*p, *end;
	char			 delim;
	struct buf		 text;	/* one element, unquoted */
};

static void
put_number(struct buf *out, const char *v, size_t n, bool as_string)
{
	/* NaN and Infinity have no number in JSON. */
	if (as_string || !json_is_number(v, n))
		json_put_str(out, v, n);
	else
		buf_add(out, v, n);
}

/* A json value's own text; what breaks lines between its tokens (inside a
 * string there is no raw line break) becomes a blank, so that one row stays
 * one line in NDJSON. */
static void
put_json(struct buf *out, const char *v, size_t n)
{
	char *to;

	if ((to = buf_reserve(out, n)) == NULL)
		return;
	for (size_t i = 0; i < n; i++)
		to[i] = v[i] == '\n' || v[i] == '\r' ? ' ' : v[i];
	buf_commit(out, n);
}

/* What DateStyle ISO is made of, a digit first. */
static bool
is_time(const char *v, size_t n)
{
	if (n == 0 || n > 64 || !isdigit((unsigned char)v[0]))
		return false;
	for (size_t i = 0; i < n; i++)
		if (!isdigit((unsigned char)v[i]) && v[i] != ':' &&
		    v[i] != '-' && v[i] != '+' && v[i] != '.' &&
		    v[i] != ' ' && v[i] != 'B' && v[i] != 'C')
			return false;
	return true;
}

/*
 * ISO 8601 from PostgreSQL's ISO style: the blank between date and time
 * becomes T, an offset of hours alone gets its minutes.  "infinity" and
 * " BC" stay as they are.
 */
static void
put_time(struct buf *out, const char *v, size_t n, bool has_date, bool zoned)
{
	const char *blank, *sign;
	size_t body = n, offset;

	if (!is_time(v, n)) {
		json_put_str(out, v, n);
		return;
	}
	buf_addc(out, '"');
	if (has_date && (blank = memchr(v, ' ', n)) != NULL) {
		buf_add(out, v, (size_t)(blank - v));
		buf_addc(out, 'T');
		n -= (size_t)(blank + 1 - v);
		v = blank + 1;
	}
	for (body = 0; body < n && v[body] != ' '; body++)
		continue;		/* " BC" stands behind the blank */
	buf_add(out, v, body);
	sign = NULL;
	for (size_t i = 0; zoned && i < body; i++)
		if (v[i] == '+' || v[i] == '-')
			sign = v + i;
	offset = sign == NULL ? 0 : body - (size_t)(sign - v);
	if (offset == 3)		/* +hh */
		buf_adds(out, ":00");
	buf_add(out, v + body, n - body);
	buf_addc(out, '"');
}

/* One element that is not an array itself, from a->p up to its delimiter. */
static int
put_element(struct array *a)
{
	const char *start;
	size_t n;

	buf_clear(&a->text);
	if (a->p < a->end && *a->p == '"') {
		for (a->p++; a->p < a->end && *a->p != '"'; a->p++) {
			if (*a->p == '\\' && ++a->p == a->end)
				return -1;
			buf_addc(&a->text, *a->p);
		}
		if (a->p == a->end || buf_failed(&a->text))
			return -1;
		a->p++;
		start = buf_peek(&a->text, &n);
		values_put(a->out, a->types, a->elem, start, n, a->style);
		return 0;
	}
	start = a->p;
	while (a->p < a->end && *a->p != a->delim && *a->p != '}')
		a->p++;
	n = (size_t)(a->p - start);
	if (n == 4 && memcmp(start, "NULL", 4) == 0)
		buf_adds(a->out, "null");
	else
		values_put(a->out, a->types, a->elem, start, n, a->style);
	return 0;
}

static int
put_level(struct array *a, int depth)
{
	bool arrays = a->elem->kind == TYPE_JSON ||
	    a->elem->kind == TYPE_ARRAY;

	/* A dimension more could not be told from elements that are arrays. */
	if (depth > (arrays ? 1 : ARRAY_DEPTH_MAX) || a->p == a->end ||
	    *a->p != '{')
		return -1;
	a->p++;
	buf_addc(a->out, '[');
	while (a->p < a->end && *a->p != '}') {
		if (*a->p == '{' ? put_level(a, depth + 1) : put_element(a))
			return -1;
		if (a->p == a->end || *a->p == '}')
			break;
		if (*a->p++ != a->delim || a->p == a->end || *a->p == '}')
			return -1;
		buf_addc(a->out, ',');
	}
	if (a->p == a->end)
		return -1;
	a->p++;
	buf_addc(a->out, ']');
	return 0;
}

/* {..}, nested; an array whose lower bound is not 1 ("[2:3]={..}"), one of
 * more than one dimension where an element may itself be an array (json, a
 * domain over an array), and what cannot be read stay text. */
static void
put_array(struct buf *out, const struct types *types, const struct type *type,
    const char *v, size_t n, const struct value_style *style)
{
	struct array a = { .out = out, .types = types, .style = style,
	    .p = v, .end = v + n, .delim = type->delim };
	size_t before = buf_len(out);
	static const struct type text = { .kind = TYPE_TEXT, .delim = ',' };

	if ((a.elem = types_find(types, type->elem)) == NULL)
		a.elem = &text;
	buf_init(&a.text, n);
	if ((put_level(&a, 1) == -1 || a.p != a.end) && !buf_failed(out)) {
		buf_truncate(out, before);
		json_put_str(out, v, n);
	}
	buf_fini(&a.text);
}

void
values_put(struct buf *out, const struct types *types, const struct type *type,
    const char *v, size_t n, const struct value_style *style)
{
	switch (type->kind) {
	case TYPE_BOOL:
		buf_adds(out, n == 1 && v[0] == 't' ? "true" : "false");
		break;
	case TYPE_INT:
	case TYPE_FLOAT:
		put_number(out, v, n, false);
		break;
	case TYPE_INT8:
	case TYPE_NUMERIC:
		put_number(out, v, n, style->numbers_as_strings);
		break;
	case TYPE_JSON:
		if (style->json_as_text)
			json_put_str(out, v, n);
		else
			put_json(out, v, n);
		break;
	case TYPE_TIMETZ:
		put_time(out, v, n, false, true);
		break;
	case TYPE_TIMESTAMP:
		put_time(out, v, n, true, false);
		break;
	case TYPE_TIMESTAMPTZ:
		put_time(out, v, n, true, true);
		break;
	case TYPE_VECTOR:
		buf_add(out, v, n);
		break;
	case TYPE_ARRAY:
		put_array(out, types, type, v, n, style);
		break;
	case TYPE_TEXT:
		json_put_str(out, v, n);
		break;
	}
}
