/*
 * fuzz_stmt.c - the statement check on any text, and that the lexer never
 * sees more in a statement than PostgreSQL's own parser does.
 */
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "acdbd/stmt.h"
#include "lib/json.h"
#include "lib/sqllex.h"

int	LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static size_t
statements(const char *sql, size_t n)
{
	struct sqllex *l = sqllex_new();
	size_t count = 0, used;

	if (l == NULL)
		abort();
	for (; n > 0; sql += used, n -= used)
		if (sqllex_feed(l, sql, n, &used) == SQLLEX_END &&
		    sqllex_has_content(l))
			count++;
	if (sqllex_state(l) != SQLLEX_START && sqllex_has_content(l))
		count++;
	sqllex_free(l);
	return count;
}

/* In a body by the SQL standard the lexer counts BEGIN, CASE and END, as
 * psql's does; the grammar also takes END for a column's name there. */
static bool
may_hold_body(const char *sql)
{
	for (; *sql != '\0'; sql++)
		if (strncasecmp(sql, "atomic", 6) == 0)
			return true;
	return false;
}

static void
check(struct stmts *s, const char *sql, size_t n)
{
	const struct stmt *st;
	struct problem why;

	problem_init(&why);
	st = stmts_check(s, sql, n, &why);
	if (st == NULL) {
		if (why.status != 400 || why.detail == NULL)
			abort();
	} else {
		if (st->command[0] == '\0')
			abort();
		if (st->parsed && !may_hold_body(sql) &&
		    statements(sql, n) != 1)
			abort();
		if (st->nparams > sqllex_params(sql, n))
			abort();
	}
	why.position = (int)(n / 2 + 1);
	stmt_excerpt(&why, sql, n);
	problem_fini(&why);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct stmts *s;
	char *sql;

	if (s == NULL)
		s = stmts_new(8);
	if (memchr(data, '\0', size) != NULL ||
	    !json_utf8_valid((const char *)data, size))
		return 0;
	sql = malloc(size + 1);
	if (s == NULL || sql == NULL)
		abort();
	memcpy(sql, data, size);
	sql[size] = '\0';
	check(s, sql, size);
	free(sql);
	return 0;
}
