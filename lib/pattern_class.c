/*
 * pattern_class.c - escapes and classes of a pattern, see pattern_parse.h.
 */
#include <string.h>

#include "enc.h"
#include "pattern_parse.h"
#include "utf8.h"

#define LAST_CHAR	0x10ffffu

uint32_t
pattern_char(const char **p, const char *end)
{
	const unsigned char *s = (const unsigned char *)*p;
	size_t n = utf8_seq(s, (size_t)(end - *p));
	uint32_t c = s[0];

	if (n > 1) {
		c = s[0] & (0xffu >> (n + 1));
		for (size_t i = 1; i < n; i++)
			c = c << 6 | (s[i] & 0x3f);
	}
	*p += n > 1 ? n : 1;
	return c;
}

/* Exactly n hexadecimal digits. */
static int
hex_digits(const char **p, const char *end, int n, uint32_t *c)
{
	*c = 0;
	for (int i = 0; i < n; i++, (*p)++) {
		if (*p >= end || enc_hex_digit(**p) == -1)
			return -1;
		*c = *c * 16 + (uint32_t)enc_hex_digit(**p);
	}
	return 0;
}

/* Behind "\u": XXXX, two of them for one character, or {X...}. */
static int
unicode(const char **p, const char *end, uint32_t *c)
{
	uint32_t low;
	int n = 0;

	if (*p < end && **p == '{') {
		for (*c = 0, (*p)++;
		    *p < end && enc_hex_digit(**p) != -1 && n < 8;
		    n++, (*p)++)
			*c = *c * 16 + (uint32_t)enc_hex_digit(**p);
		if (n == 0 || *p >= end || **p != '}' || *c > LAST_CHAR)
			return -1;
		(*p)++;
		return 0;
	}
	if (hex_digits(p, end, 4, c) == -1)
		return -1;
	if (*c < 0xd800 || *c > 0xdbff || end - *p < 6 ||
	    memcmp(*p, "\\u", 2) != 0)
		return 0;
	*p += 2;
	if (hex_digits(p, end, 4, &low) == -1 || low < 0xdc00 || low > 0xdfff)
		return -1;
	*c = 0x10000 + ((*c - 0xd800) << 10) + (low - 0xdc00);
	return 0;
}

int
pattern_escape(const char **p, const char *end, struct pattern_escape *e,
    const char **why)
{
	static const char letters[] = "fnrtv", bytes[] = "\f\n\r\t\v";
	static const char sets[] = "dwsDWS";
	static const char itself[] = "^$\\.*+?()[]{}|/-,:;=!<>@#%&~'\"`_ ";
	const char *at;
	char c;

	memset(e, 0, sizeof(*e));
	*why = "a pattern ends in a backslash";
	if (++*p >= end)
		return -1;
	c = *(*p)++;
	e->c = (unsigned char)c;
	*why = "an escape is not supported here";
	if (c == '\0')
		return -1;
	if ((at = strchr(letters, c)) != NULL) {
		e->c = (unsigned char)bytes[at - letters];
		return 0;
	}
	if ((at = strchr(sets, c)) != NULL) {
		e->set = sets[(at - sets) % 3];
		e->negated = at - sets >= 3;
		return 0;
	}
	if (strchr(itself, c) != NULL)
		return 0;
	if (c == 'x' || c == 'u')
		*why = "an escape is not complete";
	else if (c == 'p' || c == 'P')
		*why = "\\p is not supported";
	else if (c >= '1' && c <= '9')
		*why = "references to groups are not supported";
	if (c == 'x')
		return hex_digits(p, end, 2, &e->c);
	return c == 'u' ? unicode(p, end, &e->c) : -1;
}

static int
add(struct pattern *out, struct pattern_inst *in, uint32_t lo, uint32_t hi,
    const char **why)
{
	if (out->ranges == CLASS_RANGES) {
		*why = "a pattern's classes are too long";
		return -1;
	}
	out->range[out->ranges++] = (struct pattern_range){ lo, hi };
	in->n++;
	return 0;
}

static int
add_set(struct pattern *out, struct pattern_inst *in,
    const struct pattern_escape *e, bool negated, const char **why)
{
	const struct pattern_range *r;
	uint32_t n, from = 0;

	r = pattern_set(e->set, &n);
	for (uint32_t i = 0; i < n; i++) {
		if (!negated) {
			if (add(out, in, r[i].lo, r[i].hi, why) == -1)
				return -1;
			continue;
		}
		if (add(out, in, from, r[i].lo - 1, why) == -1)
			return -1;
		from = r[i].hi + 1;
	}
	return negated ? add(out, in, from, LAST_CHAR, why) : 0;
}

int
pattern_class_set(struct pattern *out, const struct pattern_escape *e,
    struct pattern_inst *in, const char **why)
{
	in->c = out->ranges;
	return add_set(out, in, e, false, why);
}

/* One member of a class: a character or a set. */
static int
class_atom(const char **p, const char *end, struct pattern_escape *e,
    const char **why)
{
	if (**p != '\\') {
		memset(e, 0, sizeof(*e));
		e->c = pattern_char(p, end);
		return 0;
	}
	if (*p + 1 < end && (*p)[1] == 'b') {
		memset(e, 0, sizeof(*e));
		e->c = '\b';
		*p += 2;
		return 0;
	}
	return pattern_escape(p, end, e, why);
}

static int
class_member(struct pattern *out, const char **p, const char *end,
    struct pattern_inst *in, const char **why)
{
	struct pattern_escape lo, hi;

	if (class_atom(p, end, &lo, why) == -1)
		return -1;
	/* A "-" that stands last is one. */
	if (end - *p < 2 || **p != '-' || (*p)[1] == ']')
		return lo.set != '\0' ? add_set(out, in, &lo, lo.negated,
		    why) : add(out, in, lo.c, lo.c, why);
	(*p)++;
	if (class_atom(p, end, &hi, why) == -1)
		return -1;
	if (lo.set != '\0' || hi.set != '\0' || lo.c > hi.c) {
		*why = "a class has a range that is none";
		return -1;
	}
	return add(out, in, lo.c, hi.c, why);
}

int
pattern_class(struct pattern *out, const char **p, const char *end,
    struct pattern_inst *in, const char **why)
{
	in->c = out->ranges;
	if (++*p < end && **p == '^') {
		in->negated = true;
		(*p)++;
	}
	while (*p < end && **p != ']')
		if (class_member(out, p, end, in, why) == -1)
			return -1;
	if (*p >= end) {
		*why = "a class does not end";
		return -1;
	}
	(*p)++;
	return 0;
}
