/*
 * json_chars.c - the bytes behind a JSON string's escapes (see json_priv.h).
 * Trusts the text: json_read() has checked every escape.
 */
#include <string.h>

#include "enc.h"
#include "json_priv.h"
#include "utf8.h"

void
json_chars_init(struct json_chars *c, const struct json *j, uint32_t i)
{
	c->p = j->text + j->tok[i].start;
	c->end = j->text + j->tok[i].end;
	c->nrest = 0;
}

int
json_hex4(const char *p)
{
	int digit, v = 0;

	for (int i = 0; i < 4; i++) {
		if ((digit = enc_hex_digit(p[i])) == -1)
			return -1;
		v = v << 4 | digit;
	}
	return v;
}

/* \uXXXX, or two of them for what is outside the basic plane (RFC 8259
 * section 7); c->p stands behind the 'u'. */
static int
unicode(struct json_chars *c)
{
	uint32_t point = (uint32_t)json_hex4(c->p), low;
	char bytes[4];
	size_t n;

	c->p += 4;
	if (point >= 0xd800 && point <= 0xdbff) {
		low = (uint32_t)json_hex4(c->p + 2);
		c->p += 6;
		point = 0x10000 + ((point - 0xd800) << 10) + (low - 0xdc00);
	}
	n = utf8_put(bytes, point);
	for (size_t i = n - 1; i > 0; i--)
		c->rest[c->nrest++] = bytes[i];
	return (unsigned char)bytes[0];
}

int
json_chars_next(struct json_chars *c)
{
	static const char letters[] = "bfnrt", bytes[] = "\b\f\n\r\t";
	const char *letter;

	if (c->nrest > 0)
		return (unsigned char)c->rest[--c->nrest];
	if (c->p == c->end)
		return -1;
	if (*c->p != '\\')
		return (unsigned char)*c->p++;
	c->p += 2;
	if (c->p[-1] == 'u')
		return unicode(c);
	if ((letter = strchr(letters, c->p[-1])) != NULL)
		return bytes[letter - letters];
	return c->p[-1];
}
