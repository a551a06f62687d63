/*
 * appsql.c - one migration file: its header, its hash, its statements.  See
 * appfile.h.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "appfile.h"
#include "lib/sqllex.h"
#include "lib/units.h"

#define FILE_MAX_BYTES	(64 * 1024 * 1024)

static int
slurp(const char *path, struct buf *out, struct buf *err)
{
	FILE *f = fopen(path, "re");
	char chunk[16384];
	size_t n;
	int rc = -1;

	if (f == NULL) {
		(void)buf_addf(err, "%s: %s", path, strerror(errno));
		return -1;
	}
	while ((n = fread(chunk, 1, sizeof(chunk), f)) > 0)
		if (buf_add(out, chunk, n) == -1)
			break;
	if (n > 0)
		(void)buf_addf(err, "%s: too large", path);
	else if (ferror(f))
		(void)buf_addf(err, "%s: %s", path, strerror(errno));
	else
		rc = 0;
	(void)fclose(f);
	return rc;
}

static int
set_option(struct appsql *q, const char *word)
{
	if (strcmp(word, "no-transaction") == 0) {
		q->no_transaction = true;
		return 0;
	}
	if (strncmp(word, "lock-timeout=", 13) == 0)
		return units_duration(word + 13, &q->lock_timeout);
	if (strncmp(word, "timeout=", 8) == 0)
		return units_duration(word + 8, &q->timeout);
	return -1;
}

/* The comment lines in front of anything else. */
static int
header(struct appsql *q, const char *path, const char *text, struct buf *err)
{
	static const char mark[] = "-- acdb:";
	const char *p = text;
	char word[64];

	for (int line = 1; strncmp(p, "--", 2) == 0 || *p == '\n'; line++) {
		size_t n = strcspn(p, "\n"), skip = sizeof(mark) - 1;

		if (strncmp(p, mark, skip) == 0) {
			skip += strspn(p + skip, " \t");
			(void)snprintf(word, sizeof(word), "%.*s",
			    (int)strcspn(p + skip, " \t\r\n"), p + skip);
			if (set_option(q, word) == -1) {
				(void)buf_addf(err, "%s:%d: \"%s\" is not "
				    "no-transaction, lock-timeout=DURATION or "
				    "timeout=DURATION", path, line, word);
				return -1;
			}
		}
		p += n + (p[n] == '\n');
	}
	return 0;
}

/* Statements that would end, or not be in, the migration's transaction. */
static int
check_statement(const char *path, const struct appstmt *s, struct buf *err)
{
	static const char *const not_here[] = { "BEGIN", "COMMIT", "ROLLBACK",
	    "END", "ABORT", "START", "PREPARE TRANSACTION" };
	char words[64], first[64];

	sqllex_keywords(s->sql, strlen(s->sql), 2, words, sizeof(words));
	(void)snprintf(first, sizeof(first), "%.*s",
	    (int)strcspn(words, " "), words);
	for (size_t i = 0; i < NELEM(not_here); i++) {
		if (strcmp(first, not_here[i]) != 0 &&
		    strcmp(words, not_here[i]) != 0)
			continue;
		(void)buf_addf(err, "%s:%zu: %s: the file is one transaction "
		    "by itself (or says -- acdb: no-transaction)", path,
		    s->line, not_here[i]);
		return -1;
	}
	return 0;
}

static int
keep(struct appsql *q, const char *path, const char *start,
    size_t first_line, size_t line, struct buf *err)
{
	struct appstmt *s = realloc(q->s, ((size_t)q->n + 1) * sizeof(*s));

	if (s == NULL) {
		(void)buf_adds(err, "out of memory");
		return -1;
	}
	q->s = s;
	s[q->n].sql = start;
	s[q->n].line = line;
	s[q->n].first_line = first_line;
	return check_statement(path, &s[q->n++], err);
}

/* Cut the text at its semicolons, in place. */
static int
cut(struct appsql *q, const char *path, size_t n, struct buf *err)
{
	struct sqllex *l = sqllex_new();
	char *p = q->text, *start = p, *end = p + n;
	enum sqllex_event ev;
	size_t used, line, column, first_line = 1;
	int rc = l == NULL ? -1 : 0;

	while (rc == 0 && p < end) {
		ev = sqllex_feed(l, p, (size_t)(end - p), &used);
		p += used;
		if (ev == SQLLEX_BACKSLASH) {
			sqllex_where(l, &line, &column);
			(void)buf_addf(err, "%s:%zu: a psql command is not "
			    "SQL", path, line);
			rc = -1;
		} else if (sqllex_has_content(l)) {
			sqllex_where(l, &line, &column);
			if (ev == SQLLEX_END)
				p[-1] = '\0';
			rc = keep(q, path, start, first_line, line, err);
		}
		for (; start < p; start++)
			first_line += *start == '\n';
	}
	/* It would have swallowed the rest of the file. */
	if (rc == 0 && sqllex_state(l) == SQLLEX_COMMENT) {
		(void)buf_addf(err, "%s: a comment is not closed", path);
		rc = -1;
	}
	sqllex_free(l);
	return rc;
}

int
appsql_read(struct appsql *q, const char *path, struct buf *err)
{
	struct buf text;
	size_t n = 0;

	memset(q, 0, sizeof(*q));
	buf_init(&text, FILE_MAX_BYTES);
	if (slurp(path, &text, err) == -1) {
		buf_fini(&text);
		return -1;
	}
	if ((q->text = buf_take(&text, &n)) == NULL) {
		(void)buf_adds(err, "out of memory");
		return -1;
	}
	secret_sha256(q->sha, q->text, n);
	if (n >= 3 && memcmp(q->text, "\xef\xbb\xbf", 3) == 0) {
		n -= 3;			/* a byte-order mark, as for psql */
		memmove(q->text, q->text + 3, n + 1);
	}
	if (strlen(q->text) != n) {
		(void)buf_addf(err, "%s: holds a NUL", path);
	} else if (header(q, path, q->text, err) == 0 &&
	    cut(q, path, n, err) == 0) {
		return 0;
	}
	appsql_fini(q);
	return -1;
}

void
appsql_fini(struct appsql *q)
{
	free(q->text);
	free(q->s);
	memset(q, 0, sizeof(*q));
}
