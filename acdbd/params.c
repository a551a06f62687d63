/*
 * params.c - see params.h.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "params.h"

#define EXPONENT_MAX	400	/* digits an integer may grow by "1e400" */

bool
params_needs_type(const struct json *j, uint32_t i)
{
	const char *raw;
	size_t n;

	if (j->tok[i].type == JSON_ARRAY)
		return true;
	if (j->tok[i].type != JSON_NUMBER)
		return false;
	raw = json_raw(j, i, &n);
	for (size_t k = 0; k < n; k++)
		if (raw[k] == '.' || raw[k] == 'e' || raw[k] == 'E')
			return true;
	return false;
}

static int
refuse(struct problem *why, int number, const char *what,
    const struct type *type)
{
	return problem_set(why, 400, "invalid_input",
	    "parameter $%d%s%s: %s", number, type == NULL ? "" : " of type ",
	    type == NULL ? "" : type->name, what);
}

/*
 * An integral number in any notation as plain digits: "5.0" is 5, "1e3" is
 * 1000, "12.50e1" is 125.  What is not integral stays as it was written,
 * for PostgreSQL to refuse.
 */
static void
put_integral(struct buf *out, const char *raw, size_t n)
{
	char digits[64];
	size_t nd = 0, point = 0, i = 0;
	long exponent = 0, sign = 1, shift;
	bool seen_point = false;
	size_t before = buf_len(out);

	if (i < n && raw[i] == '-') {
		buf_addc(out, '-');
		i++;
	}
	for (; i < n && raw[i] != 'e' && raw[i] != 'E'; i++) {
		if (raw[i] == '.') {
			seen_point = true;
			point = nd;
		} else if (nd == sizeof(digits))
			goto as_written;
		else
			digits[nd++] = raw[i];
	}
	if (!seen_point)
		point = nd;
	if (i < n) {
		i++;
		if (raw[i] == '+' || raw[i] == '-')
			sign = raw[i++] == '-' ? -1 : 1;
		for (; i < n && exponent < 10000; i++)
			exponent = exponent * 10 + (raw[i] - '0');
	}
	shift = (long)point + sign * exponent;	/* digits before the point */
	if (shift > EXPONENT_MAX)
		goto as_written;
	for (size_t k = shift < 0 ? 0 : (size_t)shift; k < nd; k++)
		if (digits[k] != '0')
			goto as_written;
	if (shift <= 0)
		buf_addc(out, '0');
	for (long k = 0; k < shift; k++)
		buf_addc(out, (size_t)k < nd ? digits[k] : '0');
	return;
 as_written:
	buf_truncate(out, before);
	buf_add(out, raw, n);
}

static void
put_quoted(struct buf *out, const char *s, size_t n)
{
	buf_addc(out, '"');
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '"' || s[i] == '\\')
			buf_addc(out, '\\');
		buf_addc(out, s[i]);
	}
	buf_addc(out, '"');
}

/* One element of an array as an array literal has it. */
static int
put_element(struct buf *out, const struct json *j, uint32_t i,
    const struct types *types, const struct type *elem, int number,
    struct problem *why)
{
	struct buf text;
	const char *p;
	size_t n;
	int rc = -1;

	if (j->tok[i].type == JSON_NULL) {
		buf_adds(out, "NULL");
		return 0;
	}
	buf_init(&text, out->max);
	if (params_put(&text, j, i, types, elem, number, why) == 0) {
		p = buf_peek(&text, &n);
		put_quoted(out, p, n - 1);	/* less the NUL */
		rc = 0;
	}
	buf_fini(&text);
	return rc;
}

/* Whether the JSON array at i is an element: one whose own type takes an
 * array.  A vector's holds numbers, so that one of arrays is a dimension. */
static bool
is_element(const struct json *j, uint32_t i, const struct type *elem)
{
	uint32_t first = json_first(j, i);

	if (elem == NULL)
		return false;
	return elem->kind == TYPE_JSON || elem->kind == TYPE_ARRAY ||
	    (elem->kind == TYPE_VECTOR &&
	    (first == 0 || j->tok[first].type == JSON_NUMBER));
}

/* {..}; arrays inside that are no elements are further dimensions. */
static int
put_array(struct buf *out, const struct json *j, uint32_t i,
    const struct types *types, const struct type *type, int number,
    struct problem *why)
{
	const struct type *elem = types_find(types, type->elem);
	bool first = true;
	int rc;

	buf_addc(out, '{');
	for (uint32_t c = json_first(j, i); c != 0; c = json_next(j, i, c)) {
		if (!first)
			buf_addc(out, type->delim);
		first = false;
		if (j->tok[c].type == JSON_ARRAY && !is_element(j, c, elem))
			rc = put_array(out, j, c, types, type, number, why);
		else
			rc = put_element(out, j, c, types, elem, number, why);
		if (rc == -1)
			return -1;
	}
	buf_addc(out, '}');
	return 0;
}

int
params_put(struct buf *out, const struct json *j, uint32_t i,
    const struct types *types, const struct type *type, int number,
    struct problem *why)
{
	const char *raw;
	size_t n;

	switch ((enum json_type)j->tok[i].type) {
	case JSON_NULL:
		break;		/* never comes here; see params.h */
	case JSON_TRUE:
		buf_adds(out, "true");
		break;
	case JSON_FALSE:
		buf_adds(out, "false");
		break;
	case JSON_STRING:
		if (json_str(j, i, out) == -1) {
			if (errno == EILSEQ)
				return refuse(why, number, "text cannot hold "
				    "the character NUL (\\u0000)", type);
			return refuse(why, number, "too large", type);
		}
		break;
	case JSON_NUMBER:
		raw = json_raw(j, i, &n);
		if (type != NULL &&
		    (type->kind == TYPE_INT || type->kind == TYPE_INT8))
			put_integral(out, raw, n);
		else
			buf_add(out, raw, n);
		break;
	case JSON_ARRAY:
		if (type != NULL && type->kind == TYPE_ARRAY) {
			if (put_array(out, j, i, types, type, number, why))
				return -1;
			break;
		}
		FALLTHROUGH;
	case JSON_OBJECT:
		raw = json_raw(j, i, &n);
		buf_add(out, raw, n);
		break;
	}
	buf_addc(out, '\0');
	if (buf_failed(out))
		return refuse(why, number, "too large", type);
	return 0;
}

void
params_name(struct problem *why, const struct type *type, int number)
{
	why->parameter = number;
	free(why->parameter_type);
	why->parameter_type = type == NULL ? NULL : strdup(type->name);
}
