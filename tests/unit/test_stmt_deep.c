/*
 * test_stmt_deep.c - that no statement is too deep for the statement check.
 */
#include <stdint.h>

#include "acdbd/stmt.h"
#include "lib/buf.h"
#include "tap.h"

static struct stmts *cache;

static void
is_deep(const char *what, const char *head, const char *open,
    const char *middle, const char *close, size_t times)
{
	struct buf b;
	struct problem why;
	const struct stmt *st;

	buf_init(&b, 1 << 24);
	problem_init(&why);
	buf_adds(&b, head);
	for (size_t i = 0; i < times; i++)
		buf_adds(&b, open);
	buf_adds(&b, middle);
	for (size_t i = 0; i < times; i++)
		buf_adds(&b, close);
	st = stmts_check(cache, buf_cstr(&b), buf_len(&b), &why);
	ok(st != NULL && strcmp(st->command, "SELECT") == 0,
	    "%zu %s do not end us: %s", times, what, st == NULL ? why.title :
	    st->parsed ? "parsed" : "left to PostgreSQL");
	problem_fini(&why);
	buf_fini(&b);
}

static void
test_depth(void)
{
	static const size_t times[] = { 100, 1000, 4000, 8000, 16000, 32000,
	    100000 };

	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		size_t n = times[i];

		is_deep("parentheses", "SELECT ", "(", "1", ")", n);
		is_deep("additions", "SELECT 1", "+1", "", "", n);
		is_deep("NOTs", "SELECT ", "NOT ", "true", "", n);
		is_deep("minuses", "SELECT ", "- ", "1", "", n);
		is_deep("casts", "SELECT 1", "::a", "", "", n);
		is_deep("unions", "SELECT 1, 2", " UNION SELECT 1, 2", "", "",
		    n);
		is_deep("joins", "SELECT 1 FROM a", " JOIN b ON a, b", "", "",
		    n);
		is_deep("natural joins", "SELECT 1 FROM a", " NATURAL JOIN b",
		    "", "", n);
		is_deep("ANDs", "SELECT a", " AND a", "", "", n);
		is_deep("selects", "SELECT 1 ", "+(SELECT 1 ", "", ")", n);
		is_deep("subselects", "SELECT 1 FROM ", "(SELECT 1 FROM ",
		    "a", ")a", n);
		is_deep("arrays", "SELECT ARRAY", "[", "1", "]", n);
		is_deep("subscripts", "SELECT a", "[a", "", "]", n);
		is_deep("functions", "SELECT ", "f(", "1", ")", n);
		is_deep("CASEs", "SELECT ", "CASE WHEN a THEN ", "1", " END",
		    n);
		is_deep("collations", "SELECT a", " COLLATE b", "", "", n);
		is_deep("time zones", "SELECT a", " AT TIME ZONE b", "", "",
		    n);
		is_deep("tests", "SELECT a", " IS NULL", "", "", n);
		is_deep("numbers", "SELECT 1", ",1", "", "", n);
		is_deep("CTEs", "", "WITH a AS (", "SELECT 1", ") SELECT 1", n);
	}
}

/* What the scanner would read for minutes, each second character anew. */
static void
test_operators(void)
{
	static const char *const pieces[] = { "/*", "/**/", "+", "-+", "*/" };
	struct buf b;
	struct problem why;

	for (size_t i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
		buf_init(&b, 1 << 20);
		buf_adds(&b, "SELECT ");
		while (buf_len(&b) < 250000)
			buf_adds(&b, pieces[i]);
		buf_adds(&b, " 1");
		problem_init(&why);
		ok(stmts_check(cache, buf_cstr(&b), buf_len(&b), &why) ==
		    NULL && strcmp(why.title, "parse_error") == 0,
		    "a quarter megabyte of %s", pieces[i]);
		problem_fini(&why);
		buf_fini(&b);
	}
}

int
main(void)
{
	cache = stmts_new(64);
	test_operators();
	test_depth();
	stmts_free(cache);
	return done();
}
