/*
 * test_stmt_gate.c - which statements destroy data, and are held back until
 * that is confirmed (acdbd/confirm.h).
 */
#include <stdint.h>

#include "acdbd/stmt.h"
#include "tap.h"

static const char *const destroying[] = {
	"DELETE FROM t", "DELETE FROM t WHERE true", "DROP TABLE t",
	"DELETE FROM t WHERE 1 = $1", "UPDATE t SET a = b WHERE 1 = 1",
	"/* where */ DELETE /* where */ FROM t -- where",
	"MERGE INTO t USING (SELECT 1) s ON true WHEN MATCHED THEN DELETE",
	"MERGE INTO t USING b ON 1 = 1 WHEN MATCHED THEN UPDATE SET a = 0",
	"WITH d AS (DELETE FROM t WHERE true RETURNING *) SELECT 1",
	"EXPLAIN ANALYZE DELETE FROM t WHERE true",
	"DO $$BEGIN\nDELETE FROM t; END$$",
	"DO $$BEGIN\nDelete FROM t; UPDATE t SET a = 1 WHERE b; END$$",
	"DO $$BEGIN EXECUTE 'x'; END$$", "DO 'BEGIN TRUNCATE t; END'",

	/* grammar that ours is too old for */
	"DELETE NEWER FROM t", "TRUNCATE NEWER t",
	"WITH d AS (DELETE FROM t RETURNING *) SELECT 1 NEWER SYNTAX",
	"EXPLAIN ANALYZE DELETE FROM t NEWER",
	"MERGE INTO a USING b ON a.x = b.x WHEN NOT MATCHED BY SOURCE "
	    "THEN DELETE",
	"DO NEWER $$BEGIN DROP TABLE t; END$$",
};

static const char *const sparing[] = {
	"SELECT 1", "DELETE FROM t WHERE a", "SELECT 'DELETE FROM t'",
	"UPDATE t SET a = 1 WHERE b = $1", "EXPLAIN DELETE FROM t",
	"DELETE FROM t USING b WHERE t.x = b.x",
	"MERGE INTO t USING b ON false WHEN NOT MATCHED THEN INSERT "
	    "VALUES (1)",
	"MERGE INTO t USING b ON t.x = b.x WHEN MATCHED THEN DELETE",
	"MERGE INTO t USING b ON true WHEN MATCHED AND t.x THEN DELETE",
	"DO $$BEGIN DELETE FROM t WHERE a; UPDATE t SET dropped = 1 "
	    "WHERE b; END$$",
	"DO $$BEGIN PERFORM f(); END$$",
	"CREATE FUNCTION f() RETURNS void BEGIN ATOMIC DELETE FROM t; END",

	"WITH d AS (DELETE FROM t WHERE a RETURNING *) SELECT 1 NEWER SYNTAX",
	"INSERT INTO t SELECT 1 NEWER SYNTAX ON CONFLICT (a) DO UPDATE "
	    "SET b = 1",
	"CREATE FUNCTION f() RETURNS int NEWER AS 'DELETE FROM t'",
};

static void
check(struct stmts *cache, const char *sql, bool destroys)
{
	const struct stmt *st;
	struct problem why;

	problem_init(&why);
	st = stmts_check(cache, sql, strlen(sql), &why);
	ok(st != NULL && st->destructive == destroys, "%s: %s",
	    destroys ? "destroys" : "spares", sql);
	problem_fini(&why);
}

int
main(void)
{
	struct stmts *cache = stmts_new(0);

	for (size_t i = 0; i < NELEM(destroying); i++)
		check(cache, destroying[i], true);
	for (size_t i = 0; i < NELEM(sparing); i++)
		check(cache, sparing[i], false);
	stmts_free(cache);
	return done();
}
