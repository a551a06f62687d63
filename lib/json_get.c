/*
 * json_get.c - asking what json_read() has read (see json.h).
 */
#include <errno.h>
#include <string.h>

#include "json.h"
#include "json_priv.h"

uint32_t
json_first(const struct json *j, uint32_t i)
{
	const struct json_tok *t = &j->tok[i];

	if ((t->type != JSON_ARRAY && t->type != JSON_OBJECT) || t->n == 0)
		return 0;
	return i + 1;
}

uint32_t
json_next(const struct json *j, uint32_t i, uint32_t c)
{
	uint32_t next = j->tok[c].next;

	return next < j->tok[i].next ? next : 0;
}

uint32_t
json_member(const struct json *j, uint32_t i, const char *name)
{
	if (j->tok[i].type != JSON_OBJECT)
		return 0;
	for (uint32_t c = json_first(j, i); c != 0;
	    c = json_next(j, i, c + 1))
		if (json_is(j, c, name))
			return c + 1;
	return 0;
}

uint32_t
json_list(const struct json *j, uint32_t i, const char *name)
{
	uint32_t list = json_member(j, i, name);

	return list != 0 && j->tok[list].type == JSON_ARRAY ? list : 0;
}

bool
json_is(const struct json *j, uint32_t i, const char *s)
{
	const struct json_tok *t = &j->tok[i];
	struct json_chars chars;
	size_t len;
	int c;

	if (t->type != JSON_STRING)
		return false;
	if (!t->escaped) {
		len = t->end - t->start;
		return strlen(s) == len &&
		    memcmp(j->text + t->start, s, len) == 0;
	}
	json_chars_init(&chars, j, i);
	while ((c = json_chars_next(&chars)) != -1)
		if (*s == '\0' || c != (unsigned char)*s++)
			return false;
	return *s == '\0';
}

/* Unescaped in pieces: reserving the raw length would refuse a string that
 * fits its limit only without its escapes. */
static int
add_unescaped(const struct json *j, uint32_t i, struct buf *out)
{
	struct json_chars chars;
	char piece[512];
	size_t n = 0;
	int c;

	json_chars_init(&chars, j, i);
	while ((c = json_chars_next(&chars)) > 0) {
		piece[n++] = (char)c;
		if (n == sizeof(piece)) {
			if (buf_add(out, piece, n) == -1)
				return -1;
			n = 0;
		}
	}
	if (c == 0) {
		errno = EILSEQ;
		return -1;
	}
	return buf_add(out, piece, n);
}

int
json_str(const struct json *j, uint32_t i, struct buf *out)
{
	const struct json_tok *t = &j->tok[i];
	size_t before = buf_len(out);

	if (t->type != JSON_STRING) {
		errno = EINVAL;
		return -1;
	}
	if (!t->escaped)
		return buf_add(out, j->text + t->start, t->end - t->start);
	if (add_unescaped(j, i, out) == 0)
		return 0;
	buf_truncate(out, before);
	return -1;
}

char *
json_strdup(const struct json *j, uint32_t i)
{
	struct buf b;
	char *s = NULL;

	buf_init(&b, j->len);
	if (json_str(j, i, &b) == 0)
		s = buf_take(&b, NULL);
	buf_fini(&b);
	return s;
}

/* The exponent at s ("e+05" or nothing), cut off where no number of digits
 * in a text could make up for it. */
static int64_t
exponent(const char *s, const char *end)
{
	const int64_t far = INT64_C(1) << 40;
	int64_t v = 0;
	bool minus;

	if (s == end)
		return 0;
	minus = s[1] == '-';
	for (s += s[1] == '-' || s[1] == '+' ? 2 : 1; s < end; s++)
		if (v < far)
			v = v * 10 + (*s - '0');
	return minus ? -v : v;
}

static int
times_ten(int64_t *v, int64_t times)
{
	for (; *v != 0 && times > 0; times--)
		if (__builtin_mul_overflow(*v, 10, v))
			return -1;
	return 0;
}

/*
 * The digits are gathered below zero, where there is room for one more, and
 * zeros only once a digit follows: 5.000 has then no fraction left, and the
 * scale (exponent less fraction) tells whether the rest is whole.
 */
int
json_int(const struct json *j, uint32_t i, int64_t min, int64_t max,
    int64_t *out)
{
	const struct json_tok *t = &j->tok[i];
	const char *s = j->text + t->start, *end = j->text + t->end;
	int64_t v = 0, zeros = 0, scale = 0;
	bool minus, point = false;

	if (t->type != JSON_NUMBER)
		return -1;
	if ((minus = *s == '-'))
		s++;
	for (; s < end && *s != 'e' && *s != 'E'; s++) {
		if (*s == '.') {
			point = true;
			continue;
		}
		zeros++;
		scale -= point;
		if (*s == '0')
			continue;
		if (times_ten(&v, zeros) == -1 ||
		    __builtin_sub_overflow(v, *s - '0', &v))
			return -1;
		zeros = 0;
	}
	scale += exponent(s, end) + zeros;
	if (v != 0 && (scale < 0 || times_ten(&v, scale) == -1))
		return -1;
	if (!minus && __builtin_sub_overflow(0, v, &v))
		return -1;
	if (v < min || v > max)
		return -1;
	*out = v;
	return 0;
}

const char *
json_raw(const struct json *j, uint32_t i, size_t *n)
{
	const struct json_tok *t = &j->tok[i];
	uint32_t quote = t->type == JSON_STRING;

	*n = t->end - t->start + 2 * quote;
	return j->text + t->start - quote;
}
