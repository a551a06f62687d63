/*
 * stmt_excerpt.c - the line of a statement that an error is about, with a
 * caret below the place.  PostgreSQL counts positions in characters.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/buf.h"
#include "stmt.h"

/* Characters of a line that are shown, about half of them before the caret:
 * what fits a terminal or a log, with its neighbourhood. */
#define SHOWN_BEFORE	60
#define SHOWN_AFTER	60
#define DOTS		"..."

static bool
is_inside_char(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

/* One character onwards, or back. */
static size_t
forth(const char *s, size_t n, size_t i)
{
	if (i < n)
		i++;
	while (i < n && is_inside_char(s[i]))
		i++;
	return i;
}

static size_t
back(const char *s, size_t i)
{
	if (i > 0)
		i--;
	while (i > 0 && is_inside_char(s[i]))
		i--;
	return i;
}

static bool
is_end_of_line(const char *s, size_t n, size_t i)
{
	return i >= n || s[i] == '\n' || s[i] == '\r';
}

struct place {
	size_t	at;		/* the offset of the character */
	size_t	line_start;
	int	line, column;
};

/* Find the character.  Returns false where the text is shorter; the place
 * right behind its end counts. */
static bool
find_place(struct place *p, const char *sql, size_t n, int position)
{
	size_t i = 0;

	memset(p, 0, sizeof(*p));
	p->line = p->column = 1;
	for (int k = 1; k < position; k++) {
		if (i >= n)
			return false;
		if (sql[i] == '\n' || (sql[i] == '\r' &&
		    (i + 1 >= n || sql[i + 1] != '\n'))) {
			p->line++;
			p->column = 1;
			p->line_start = i + 1;
		} else {
			p->column++;
		}
		i = forth(sql, n, i);
	}
	p->at = i;
	return true;
}

/* The line from start to end and the caret.  What would move a terminal's
 * cursor is shown as a blank; a tab stays, above and below. */
static char *
draw(const char *sql, size_t start, size_t at, size_t end, bool head,
    bool tail)
{
	struct buf b;
	char *text;

	buf_init(&b, SIZE_MAX / 2);
	buf_adds(&b, head ? DOTS : "");
	for (size_t i = start; i < end; i++) {
		unsigned char c = (unsigned char)sql[i];

		buf_addc(&b, (c < ' ' && c != '\t') || c == 0x7f ? ' ' :
		    sql[i]);
	}
	buf_adds(&b, tail ? DOTS "\n" : "\n");
	buf_adds(&b, head ? "   " : "");
	for (size_t i = start; i < at; i++)
		if (!is_inside_char(sql[i]))
			buf_addc(&b, sql[i] == '\t' ? '\t' : ' ');
	buf_addc(&b, '^');
	text = buf_failed(&b) ? NULL : buf_take(&b, NULL);
	buf_fini(&b);
	return text;
}

void
stmt_excerpt(struct problem *why, const char *sql, size_t n)
{
	struct place p;
	size_t start, end;

	if (why->position < 1 || !find_place(&p, sql, n, why->position))
		return;
	start = end = p.at;
	for (int k = 0; k < SHOWN_BEFORE && start > p.line_start; k++)
		start = back(sql, start);
	for (int k = 0; k < SHOWN_AFTER && !is_end_of_line(sql, n, end); k++)
		end = forth(sql, n, end);
	/* No dots in the place of what is not longer than they are. */
	if (start - p.line_start <= sizeof(DOTS) - 1)
		start = p.line_start;
	why->line = p.line;
	why->column_number = p.column;
	free(why->excerpt);
	why->excerpt = draw(sql, start, p.at, end, start > p.line_start,
	    !is_end_of_line(sql, n, end));
}
