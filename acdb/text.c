/*
 * text.c - see text.h.  It knows Unicode only as far as wcwidth(3) does.
 */
#include <langinfo.h>
#include <locale.h>
#include <stdbool.h>
#include <stdint.h>
#include <string.h>
#include <wchar.h>

#include "lib/utf8.h"
#include "text.h"

#define TAB	8

void
text_init(void)
{
	setlocale(LC_CTYPE, "");
	if (strcmp(nl_langinfo(CODESET), "UTF-8") != 0)
		setlocale(LC_CTYPE, "C.UTF-8");
}

size_t
text_width(const char *p, size_t n)
{
	const unsigned char *s = (const unsigned char *)p;
	size_t width = 0, k;
	int w;

	for (size_t i = 0; i < n; i += k) {
		k = utf8_seq(s + i, n - i);
		if (k <= 1 && (k == 0 || (s[i] >= 0x20 && s[i] < 0x7f))) {
			width++;
			k = 1;
			continue;
		}
		w = wcwidth((wchar_t)utf8_decode(s + i, k));
		width += w > 0 ? (size_t)w : 0;
	}
	return width;
}

static void
put_escaped(struct buf *out, uint32_t c, enum text_escape escape)
{
	if (escape == TEXT_PSQL && c == '\r')
		buf_adds(out, "\\r");
	else if (escape == TEXT_PSQL && c < 0x80)
		buf_addf(out, "\\x%02X", (unsigned)c);
	else
		buf_addf(out, "\\u%04x", (unsigned)c);
}

static void
put_tab(struct buf *out, size_t line)
{
	size_t width = text_width(buf_peek(out, NULL) + line,
	    buf_len(out) - line);

	buf_addf(out, "%*s", (int)(TAB - width % TAB), "");
}

static void
put(struct buf *out, const char *p, size_t n, enum text_escape escape,
    bool columns)
{
	const unsigned char *s = (const unsigned char *)p;
	size_t line = buf_len(out), k;
	uint32_t c;

	for (size_t i = 0; i < n; i += k) {
		k = utf8_seq(s + i, n - i);
		c = k == 0 ? s[i] : utf8_decode(s + i, k);
		if (columns && c == '\t')
			put_tab(out, line);
		else if (k == 0 && escape == TEXT_PSQL)
			buf_addf(out, "\\x%02X", (unsigned)c);
		else if (k != 0 && escape != TEXT_AS_IS && utf8_talks(c))
			put_escaped(out, c, escape);
		else
			buf_add(out, s + i, k == 0 ? 1 : k);
		if (c == '\n')
			line = buf_len(out);
		k += k == 0;
	}
}

void
text_put(struct buf *out, const char *p, size_t n, enum text_escape escape)
{
	if (escape == TEXT_AS_IS)
		buf_add(out, p, n);
	else
		put(out, p, n, escape, false);
}

void
text_put_columns(struct buf *out, const char *p, size_t n,
    enum text_escape escape)
{
	if (escape == TEXT_AS_IS && memchr(p, '\t', n) == NULL)
		buf_add(out, p, n);
	else
		put(out, p, n, escape, true);
}
