/*
 * test_stmt_reserved.c - what only a superuser could have kept from keys,
 * found by its name.
 */
#include <string.h>

#include "acdbd/stmt.h"
#include "lib/problem.h"
#include "tap.h"

int
main(void)
{
	static const struct {
		const char *sql;
		bool want;
	} cases[] = {
		{ "SELECT 1", false }, { "SELECT lower('lo_open')", false },
		{ "SELECT pg_sleep(1), long(1)", false },
		{ "SELECT 'pg_notify'::text AS pg_notify", false },
		{ "SELECT lo_open(1, 2)", true }, { "DO 'x'", true },
		{ "SELECT \"pg_notify\"('a', 'b')", true },
		{ "SELECT U&\"\\0070g_notify\"('a', 'b')", true },
		{ "SELECT PG_CATALOG . SET_config('a', 'b', true)", true },
		{ "DELETE FROM t WHERE (SELECT pg_cancel_backend(1))", true },
		{ "SELECT * FROM ROWS FROM (ts_stat('x')) y", true },
		{ "CREATE VIEW v AS SELECT setseed(1)", true },
		{ "TABLE pg_locks", true },
		{ "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS ''", true },
		{ "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS ''", true },
		{ "UPDATE pg_settings SET setting = 1", true },
		{ "INSERT INTO lo_t VALUES (current_setting('x'))", false },
		{ "SELECT 1 FROM newer SYNTAX FOR nobody", true },
	};
	struct stmts *cache = stmts_new(64);
	struct problem why;

	problem_init(&why);
	for (size_t i = 0; i < NELEM(cases); i++) {
		const struct stmt *st = stmts_check(cache, cases[i].sql,
		    strlen(cases[i].sql), &why);

		ok(st != NULL && st->reserved == cases[i].want, "%s",
		    cases[i].sql);
	}
	problem_fini(&why);
	stmts_free(cache);
	return done();
}
