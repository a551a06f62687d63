/*
 * json_put.c - writing JSON strings, and the two questions about text that
 * a writer asks (see json.h).  Knows nothing of tokens.
 */
#include <string.h>

#include "json.h"
#include "utf8.h"

/*
 * What a byte needs inside a JSON string: nothing, a two-character escape
 * (the letter), 'u' for \u00XX, or a look at the UTF-8 sequence it begins.
 */
#define CLEAN	0
#define SEQ	1
#define EIGHT	SEQ, SEQ, SEQ, SEQ, SEQ, SEQ, SEQ, SEQ

static const char needs[256] = {
	'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u',
	'b', 't', 'n', 'u', 'f', 'r', 'u', 'u',
	'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u',
	'u', 'u', 'u', 'u', 'u', 'u', 'u', 'u',
	['"'] = '"', ['\\'] = '\\', [0x7f] = 'u',
	[0x80] = EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT,
	EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT, EIGHT,
};

/* The escape or replacement for one byte that cannot stand as it is. */
static void
put_escape(struct buf *out, unsigned char c)
{
	char two[2] = { '\\', needs[c] };

	if (needs[c] == SEQ)
		buf_add(out, "\xef\xbf\xbd", 3);	/* U+FFFD */
	else if (needs[c] == 'u')
		buf_addf(out, "\\u%04x", c);
	else
		buf_add(out, two, sizeof(two));
}

/*
 * Runs that need nothing are copied at once; a well-formed sequence is part
 * of a run.
 */
void
json_put_str(struct buf *out, const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t run = 0, i = 0, len;

	buf_addc(out, '"');
	while (i < n) {
		if (needs[p[i]] == CLEAN) {
			i++;
			continue;
		}
		len = needs[p[i]] == SEQ ? utf8_seq(p + i, n - i) : 0;
		if (len > 0) {
			i += len;
			continue;
		}
		buf_add(out, s + run, i - run);
		put_escape(out, p[i]);
		run = ++i;
	}
	buf_add(out, s + run, n - run);
	buf_addc(out, '"');
}

void
json_put_cstr(struct buf *out, const char *s)
{
	if (s == NULL)
		buf_add(out, "null", 4);
	else
		json_put_str(out, s, strlen(s));
}

bool
json_utf8_valid(const char *s, size_t n)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t i = 0, len;

	while ((i += utf8_ascii_run(p + i, n - i)) < n) {
		if ((len = utf8_seq(p + i, n - i)) == 0)
			return false;
		i += len;
	}
	return true;
}

static size_t
digits(const char *s, size_t i, size_t n)
{
	while (i < n && s[i] >= '0' && s[i] <= '9')
		i++;
	return i;
}

/* RFC 8259 section 6: [-] int [frac] [exp], no leading zero. */
bool
json_is_number(const char *s, size_t n)
{
	size_t i = 0, from;

	if (i < n && s[i] == '-')
		i++;
	from = i;
	i = digits(s, i, n);
	if (i == from || (s[from] == '0' && i > from + 1))
		return false;
	if (i < n && s[i] == '.') {
		from = ++i;
		if ((i = digits(s, i, n)) == from)
			return false;
	}
	if (i < n && (s[i] == 'e' || s[i] == 'E')) {
		i++;
		if (i < n && (s[i] == '+' || s[i] == '-'))
			i++;
		from = i;
		if ((i = digits(s, i, n)) == from)
			return false;
	}
	return i == n;
}
