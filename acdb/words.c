/*
 * words.c - see words.h.
 *
 * The words outside quotes and comments, upper case.  Where this reads less
 * carefully than PostgreSQL (a quoted name is no word, an operator nothing),
 * it errs towards "writes".
 */
#include <ctype.h>
#include <string.h>

#include "lib/cdefs.h"
#include "lib/sqllex.h"
#include "words.h"

#define WORD_MAX 16		/* longer ones are none of ours */

struct words {
	const char	*p, *end;
	char		 word[WORD_MAX + 1];
};

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || c == '$' ||
	    (c & 0x80) != 0;
}

/* Skip to behind the next c, or to the end. */
static const char *
behind(const char *p, const char *end, char c)
{
	p = memchr(p, c, (size_t)(end - p));
	return p == NULL ? end : p + 1;
}

static const char *
behind_comment(const char *p, const char *end)
{
	int depth = 0;

	for (; end - p >= 2; p++) {
		if (p[0] == '/' && p[1] == '*') {
			depth++;
			p++;
		} else if (p[0] == '*' && p[1] == '/') {
			p++;
			if (--depth == 0)
				return p + 1;
		}
	}
	return end;
}

/* The next word is in w->word; false at the end. */
static bool
next(struct words *w)
{
	size_t n = 0;

	while (w->p < w->end && !is_word(*w->p)) {
		if (*w->p == '\'' || *w->p == '"')
			w->p = behind(w->p + 1, w->end, *w->p);
		else if (w->end - w->p >= 2 && memcmp(w->p, "--", 2) == 0)
			w->p = behind(w->p, w->end, '\n');
		else if (w->end - w->p >= 2 && memcmp(w->p, "/*", 2) == 0)
			w->p = behind_comment(w->p, w->end);
		else
			w->p++;
	}
	if (w->p == w->end)
		return false;
	for (; w->p < w->end && is_word(*w->p); w->p++)
		if (n < WORD_MAX)
			w->word[n++] = (char)toupper((unsigned char)*w->p);
	w->word[n] = '\0';
	return true;
}

static bool
among(const char *word, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (strcmp(word, list[i]) == 0)
			return true;
	return false;
}

bool
words_only_read(const char *sql, size_t n)
{
	static const char *const read[] = { "SELECT", "WITH", "VALUES",
	    "TABLE", "SHOW", "EXPLAIN" };
	static const char *const write[] = { "INSERT", "UPDATE", "DELETE",
	    "MERGE", "INTO", "ANALYZE", "ANALYSE", "EXECUTE", "CREATE" };
	struct words w = { .p = sql, .end = sql + n };
	char first[WORD_MAX + 1];

	sqllex_keywords(sql, n, 1, first, sizeof(first));
	if (!among(first, read, NELEM(read)))
		return false;
	while (next(&w))
		if (among(w.word, write, NELEM(write)))
			return false;
	return true;
}

bool
words_copy_data(const char *sql, size_t n)
{
	struct words w = { .p = sql, .end = sql + n };
	char first[WORD_MAX + 1];
	bool from = false;

	sqllex_keywords(sql, n, 1, first, sizeof(first));
	if (strcmp(first, "COPY") != 0)
		return false;
	while (next(&w)) {
		if (from && strcmp(w.word, "STDIN") == 0)
			return true;
		from = strcmp(w.word, "FROM") == 0;
	}
	return false;
}
