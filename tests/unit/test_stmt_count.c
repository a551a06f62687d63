/*
 * test_stmt_count.c - of which statements the command tag counts the rows
 * that they change, and of which nothing does.
 */
#include <stdint.h>

#include "acdbd/stmt.h"
#include "tap.h"

static const char *const counted[] = {
	"INSERT INTO t VALUES (1)", "UPDATE t SET a = 1",
	"DELETE FROM t WHERE a RETURNING *",
	"MERGE INTO t USING b ON t.x = b.x WHEN MATCHED THEN DELETE",
	"WITH d AS (SELECT 1) INSERT INTO t SELECT * FROM d",
	"SELECT 1 INTO t", "SELECT 1 INTO t UNION SELECT 2",
	"CREATE TABLE t AS SELECT 1", "UPDATE NEWER t SET a = 1",
};

static const char *const uncounted[] = {
	"WITH d AS (DELETE FROM t RETURNING *) SELECT 1",
	"WITH d AS (DELETE FROM t) INSERT INTO t SELECT 1",
	"WITH a AS (INSERT INTO t VALUES (1)) TABLE t",
	"EXPLAIN ANALYZE DELETE FROM t", "TRUNCATE t", "CALL p()",
	"EXPLAIN (ANALYZE) CREATE TABLE t AS SELECT 1",
	"DO 'BEGIN DELETE FROM t; END'", "TRUNCATE NEWER t",
	"WITH d AS (DELETE FROM t) SELECT 1 NEWER SYNTAX",
};

static const char *const neither[] = {
	"SELECT 1", "SELECT a FROM t FOR UPDATE", "EXPLAIN DELETE FROM t",
	"EXPLAIN ANALYZE SELECT 1", "SHOW work_mem", "VACUUM t",
	"CREATE TABLE t (a int)", "DROP TABLE t", "NOTIFY x", "VACUUM NEWER t",
	"CREATE FUNCTION f() RETURNS void BEGIN ATOMIC DELETE FROM t; END",
};

static void
check(struct stmts *cache, const char *sql, bool is_counted,
    bool is_uncounted)
{
	const struct stmt *st;
	struct problem why;

	problem_init(&why);
	st = stmts_check(cache, sql, strlen(sql), &why);
	ok(st != NULL && st->counted == is_counted &&
	    st->uncounted == is_uncounted, "%s: %s", is_counted ? "counted" :
	    is_uncounted ? "uncounted" : "neither", sql);
	problem_fini(&why);
}

int
main(void)
{
	struct stmts *cache = stmts_new(0);

	for (size_t i = 0; i < NELEM(counted); i++)
		check(cache, counted[i], true, false);
	for (size_t i = 0; i < NELEM(uncounted); i++)
		check(cache, uncounted[i], false, true);
	for (size_t i = 0; i < NELEM(neither); i++)
		check(cache, neither[i], false, false);
	stmts_free(cache);
	return done();
}
