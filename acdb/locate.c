/*
 * locate.c - see locate.h.  Pure: text in, text out.
 */
#include <stdbool.h>
#include <string.h>

#include "lib/utf8.h"
#include "locate.h"

#define EXCERPT_WIDTH	72	/* columns of a line that are shown */
#define EXCERPT_LEFT	40	/* of them, at most, before the position */

/* The length of the character at p; a byte that is not UTF-8 is one. */
static size_t
char_at(const char *p, size_t n)
{
	size_t k = utf8_seq((const unsigned char *)p, n);

	return k == 0 ? 1 : k;
}

void
locate(const struct statement *s, size_t position, struct location *at)
{
	const char *p = s->sql, *end = s->sql + s->n, *nl;
	size_t i;

	at->line = s->line;
	at->column = s->column;
	at->text = s->sql;
	for (i = 1; i < position && p < end; i++) {
		if (*p == '\n') {
			at->line++;
			at->column = 0;
			at->text = p + 1;
		}
		at->column++;
		p += char_at(p, (size_t)(end - p));
	}
	if (i < position) {
		locate(s, 0, at);
		return;
	}
	nl = memchr(at->text, '\n', (size_t)(end - at->text));
	at->n = (size_t)((nl == NULL ? end : nl) - at->text);
	at->offset = (size_t)(p - at->text);
	if (at->offset > at->n)
		at->n = at->offset;
}

size_t
locate_bad_byte(const struct statement *s, unsigned char *byte)
{
	const unsigned char *p = (const unsigned char *)s->sql;
	size_t i, k, position = 1;

	for (i = 0; i < s->n; i += k, position++) {
		k = utf8_seq(p + i, s->n - i);
		if (k == 0 || p[i] == '\0') {
			*byte = p[i];
			return position;
		}
	}
	return 0;
}

/* How many of the n bytes at p fit into so many columns. */
static size_t
fitting(const char *p, size_t n, size_t columns)
{
	size_t i = 0, k;

	while (i < n) {
		k = char_at(p + i, n - i);
		if (text_width(p, i + k) > columns)
			break;
		i += k;
	}
	return i;
}

/* A slice of the line as it is shown: on one line, tabs as one blank. */
static size_t
put_slice(struct buf *out, const char *p, size_t n, enum text_escape escape)
{
	size_t start = buf_len(out), before;
	const char *tab;

	while (n > 0) {
		tab = memchr(p, '\t', n);
		before = tab == NULL ? n : (size_t)(tab - p);
		text_put(out, p, before, escape);
		if (tab != NULL)
			buf_addc(out, ' ');
		p += before + (tab != NULL);
		n -= before + (tab != NULL);
	}
	return text_width(buf_peek(out, NULL) + start, buf_len(out) - start);
}

void
locate_excerpt(const struct location *at, enum text_escape escape,
    struct buf *out)
{
	const char *p = at->text;
	size_t n = at->n, offset = at->offset, indent, width, skip = 0;
	bool cut;

	/* Keep the search for the window short, however long the line. */
	if (offset > 4 * EXCERPT_LEFT) {
		skip = offset - 4 * EXCERPT_LEFT;
		while (skip < offset && (p[skip] & 0xc0) == 0x80)
			skip++;
	}
	while (text_width(p + skip, offset - skip) > EXCERPT_LEFT)
		skip += char_at(p + skip, n - skip);
	p += skip;
	n -= skip;
	offset -= skip;
	if (n > 4 * EXCERPT_WIDTH)
		n = fitting(p, 4 * EXCERPT_WIDTH, EXCERPT_WIDTH);
	else
		n = fitting(p, n, EXCERPT_WIDTH);
	cut = n < at->n - skip;
	if (n < offset)
		n = offset;
	indent = buf_len(out);
	buf_addf(out, "LINE %zu: %s", at->line, skip > 0 ? "..." : "");
	indent = buf_len(out) - indent;
	width = put_slice(out, p, offset, escape);
	put_slice(out, p + offset, n - offset, escape);
	buf_addf(out, "%s\n%*s^\n", cut ? "..." : "", (int)(indent + width),
	    "");
}
