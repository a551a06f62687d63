/*
 * table.c - aligned columns.  Must not know what is in them.
 */
#include "table.h"

#include <err.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "lib/exitcode.h"
#include "lib/utf8.h"

#define GAP	2

struct table {
	const char *const *head;
	size_t		 ncol;
	char	       **cell;		/* row by row */
	size_t		 n;
	size_t		 cap;
	bool		 failed;
};

struct table *
table_new(const char *const *head, size_t ncol)
{
	struct table *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->head = head;
	t->ncol = ncol;
	return t;
}

void
table_cell(struct table *t, const char *s)
{
	if (t->n == t->cap) {
		size_t cap = t->cap > 0 ? 2 * t->cap : 64;
		char **grown = reallocarray(t->cell, cap, sizeof(*grown));

		if (grown == NULL) {
			t->failed = true;
			return;
		}
		t->cell = grown;
		t->cap = cap;
	}
	t->cell[t->n] = strdup(s == NULL || *s == '\0' ? "-" : s);
	if (t->cell[t->n] == NULL)
		t->failed = true;
	else
		t->n++;
}

/* Characters, taken as one column each. */
static size_t
width(const char *s)
{
	size_t n = 0;

	for (; *s != '\0'; s++)
		n += ((unsigned char)*s & 0xc0) != 0x80;
	return n;
}

void
table_text(FILE *out, const char *s)
{
	const unsigned char *p = (const unsigned char *)s;
	size_t n = strlen(s), k;

	for (size_t i = 0; i < n; i += k) {
		k = utf8_seq(p + i, n - i);
		if (k == 0 || p[i] < 0x20 || utf8_talks(utf8_decode(p + i, k)))
			putc('?', out);
		else
			fwrite(p + i, 1, k, out);
		k += k == 0;
	}
}

static void
cell(FILE *out, const char *s, size_t room, bool last)
{
	table_text(out, s);
	for (size_t n = width(s); !last && n < room + GAP; n++)
		putc(' ', out);
}

static size_t
room_of(const struct table *t, size_t col)
{
	size_t room = width(t->head[col]);

	for (size_t i = col; i < t->n; i += t->ncol)
		if (width(t->cell[i]) > room)
			room = width(t->cell[i]);
	return room;
}

static int
print(const struct table *t, FILE *out)
{
	size_t *room = calloc(t->ncol, sizeof(*room));

	if (room == NULL)
		return -1;
	for (size_t c = 0; c < t->ncol; c++)
		room[c] = room_of(t, c);
	for (size_t c = 0; c < t->ncol; c++)
		cell(out, t->head[c], room[c], c + 1 == t->ncol);
	putc('\n', out);
	for (size_t i = 0; i < t->n; i++) {
		cell(out, t->cell[i], room[i % t->ncol],
		    (i + 1) % t->ncol == 0);
		if ((i + 1) % t->ncol == 0)
			putc('\n', out);
	}
	free(room);
	return 0;
}

int
table_end(struct table *t, FILE *out)
{
	int rc = EXIT_OK;

	if (t->failed || print(t, out) != 0) {
		warnx("out of memory");
		rc = EXIT_LOCAL;
	}
	for (size_t i = 0; i < t->n; i++)
		free(t->cell[i]);
	free(t->cell);
	free(t);
	return rc;
}
