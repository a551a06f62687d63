/*
 * test_stmt.c - the statement check.
 */
#include <stdint.h>
#include <time.h>

#include "acdbd/stmt.h"
#include "lib/buf.h"
#include "lib/secret.h"
#include "tap.h"

static struct stmts *cache;

/* "kind command nparams flags", or the refusal's title. */
static const char *
verdict(const char *sql)
{
	static const char *const kinds[] = { "read", "write", "ddl", "code",
	    "outside" };
	static char out[128];
	const struct stmt *st;
	struct problem why;

	problem_init(&why);
	st = stmts_check(cache, sql, strlen(sql), &why);
	if (st == NULL)
		snprintf(out, sizeof(out), "%d %s", why.status, why.title);
	else
		snprintf(out, sizeof(out), "%s %s %d%s%s%s", kinds[st->kind],
		    st->command, st->nparams,
		    st->returning ? " returning" : "",
		    st->destructive ? " destructive" : "",
		    st->parsed ? "" : " unparsed");
	problem_fini(&why);
	return out;
}

static const struct {
	const char *sql, *want;
} verdicts[] = {
	/* reads */
	{ "SELECT 1", "read SELECT 0" },
	{ "select $1::int, $3", "read SELECT 3" },
	{ "  select 1 ; -- x", "read SELECT 0" },
	{ ";;select 1;;/* x */", "read SELECT 0" },
	{ "((select 1))", "read SELECT 0" },
	{ "VALUES (1),($1)", "read SELECT 1" },
	{ "TABLE notes", "read SELECT 0" },
	{ "WITH a AS (SELECT 1) SELECT * FROM a", "read SELECT 0" },
	{ "SELECT 'update x set a = 1; drop table y'", "read SELECT 0" },
	{ "SELECT \"lockingClause\", 'intoClause' FROM \"DeleteStmt\"",
	    "read SELECT 0" },
	{ "SELECT '{\"DeleteStmt\":{\"intoClause\":\\\"}}', '\\'",
	    "read SELECT 0" },
	{ "SHOW work_mem", "read SHOW 0" },
	{ "EXPLAIN SELECT $1", "read EXPLAIN 1" },
	{ "EXPLAIN DELETE FROM t", "read EXPLAIN 0" },
	{ "EXPLAIN (VERBOSE, ANALYZE false) DELETE FROM t",
	    "read EXPLAIN 0" },
	{ "EXPLAIN (ANALYZE 0) DELETE FROM t", "read EXPLAIN 0" },
	{ "EXPLAIN (ANALYZE OFF) DELETE FROM t", "read EXPLAIN 0" },
	{ "EXPLAIN ANALYZE SELECT 1", "read EXPLAIN 0" },
	{ "EXPLAIN CREATE TABLE x AS SELECT 1", "read EXPLAIN 0" },

	/* writes */
	{ "INSERT INTO t VALUES ($1, $2)", "write INSERT 2" },
	{ "INSERT INTO t VALUES (1) RETURNING id",
	    "write INSERT 0 returning" },
	{ "UPDATE t SET a = 1 WHERE b = $1", "write UPDATE 1" },
	{ "UPDATE t SET a = 1", "write UPDATE 0 destructive" },
	{ "DELETE FROM t", "write DELETE 0 destructive" },
	{ "DELETE FROM t WHERE a = 1 RETURNING *",
	    "write DELETE 0 returning" },
	{ "MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN DELETE",
	    "write MERGE 0" },
	{ "TRUNCATE t", "write TRUNCATE TABLE 0 destructive" },
	{ "SELECT 1 FOR UPDATE", "write SELECT 0 returning" },
	{ "SELECT * FROM (SELECT * FROM t FOR SHARE) x",
	    "write SELECT 0 returning" },
	{ "SELECT 1 INTO x", "write SELECT 0" },
	{ "SELECT 1 INTO x UNION SELECT 2", "write SELECT 0" },
	{ "WITH d AS (DELETE FROM t WHERE a RETURNING *) SELECT * FROM d",
	    "write SELECT 0 returning" },
	{ "WITH d AS (DELETE FROM t RETURNING *) SELECT * FROM d",
	    "write SELECT 0 returning destructive" },
	{ "WITH i AS (INSERT INTO t VALUES ($1)) SELECT 1",
	    "write SELECT 1 returning" },
	{ "SELECT (WITH i AS (UPDATE t SET a = 1 WHERE b RETURNING a) "
	    "SELECT a FROM i)", "write SELECT 0 returning" },
	{ "WITH a AS (SELECT 1) INSERT INTO t SELECT * FROM a",
	    "write INSERT 0" },
	{ "EXPLAIN ANALYZE DELETE FROM t",
	    "write EXPLAIN 0 returning destructive" },
	{ "EXPLAIN (ANALYZE) INSERT INTO t VALUES ($1)",
	    "write EXPLAIN 1 returning" },
	{ "EXPLAIN (ANALYZE FALSE, ANALYZE) INSERT INTO t VALUES (1)",
	    "write EXPLAIN 0 returning" },
	{ "EXPLAIN (ANALYZE 1) SELECT 1 FOR UPDATE",
	    "write EXPLAIN 0 returning" },
	{ "ANALYZE t", "write ANALYZE 0" },
	{ "NOTIFY x, 'y'", "write NOTIFY 0" },
	{ "CHECKPOINT", "write CHECKPOINT 0" },
	{ "SET CONSTRAINTS ALL DEFERRED", "write SET CONSTRAINTS 0" },

	/* definitions */
	{ "CREATE TABLE t (a int)", "ddl CREATE TABLE 0" },
	{ "CREATE UNLOGGED TABLE t (a int)", "ddl CREATE TABLE 0" },
	{ "create temp table t as select $1::int", "ddl CREATE TABLE AS 1" },
	{ "EXPLAIN ANALYZE CREATE TABLE x AS SELECT 1",
	    "ddl EXPLAIN 0 returning" },
	{ "CREATE UNIQUE INDEX ON t (a)", "ddl CREATE INDEX 0" },
	{ "CREATE OR REPLACE VIEW v AS SELECT 1", "ddl CREATE VIEW 0" },
	{ "CREATE MATERIALIZED VIEW v AS SELECT 1",
	    "ddl CREATE MATERIALIZED VIEW 0" },
	{ "REFRESH MATERIALIZED VIEW v", "ddl REFRESH MATERIALIZED VIEW 0" },
	{ "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql RETURN $1",
	    "ddl CREATE FUNCTION 0" },
	{ "CREATE OR REPLACE FUNCTION f(int) RETURNS int LANGUAGE sql BEGIN "
	    "ATOMIC DELETE FROM t; SELECT $1; END",
	    "ddl CREATE FUNCTION 0" },
	{ "CREATE USER x", "ddl CREATE ROLE 0" },
	{ "CREATE GROUP x", "ddl CREATE ROLE 0" },
	{ "CREATE USER MAPPING FOR x SERVER y",
	    "ddl CREATE USER MAPPING 0" },
	{ "CREATE FOREIGN DATA WRAPPER x", "ddl CREATE FOREIGN DATA WRAPPER "
	    "0" },
	{ "CREATE EXTENSION vector", "ddl CREATE EXTENSION 0" },
	{ "CREATE TEXT SEARCH CONFIGURATION x (PARSER = y)",
	    "ddl CREATE TEXT SEARCH 0" },
	{ "CREATE CONSTRAINT TRIGGER x AFTER INSERT ON t FOR EACH ROW "
	    "EXECUTE FUNCTION f()", "ddl CREATE TRIGGER 0" },
	{ "CREATE TRUSTED PROCEDURAL LANGUAGE x", "ddl CREATE LANGUAGE 0" },
	{ "ALTER TABLE t ADD a int", "ddl ALTER TABLE 0" },
	{ "ALTER TABLE t DROP COLUMN a", "ddl ALTER TABLE 0 destructive" },
	{ "ALTER TABLE p DETACH PARTITION c", "ddl ALTER TABLE 0" },
	{ "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO x",
	    "ddl ALTER DEFAULT PRIVILEGES 0" },
	{ "ALTER DATABASE d SET work_mem = '1MB'", "ddl ALTER DATABASE 0" },
	{ "ALTER SUBSCRIPTION s OWNER TO x", "ddl ALTER SUBSCRIPTION 0" },
	{ "ALTER TABLESPACE s RENAME TO x", "ddl ALTER TABLESPACE 0" },
	{ "ALTER INDEX i RENAME TO j", "ddl ALTER INDEX 0" },
	{ "DROP TABLE t", "ddl DROP TABLE 0 destructive" },
	{ "DROP INDEX i", "ddl DROP INDEX 0 destructive" },
	{ "DROP OWNED BY x", "ddl DROP OWNED 0 destructive" },
	{ "DROP USER x", "ddl DROP ROLE 0 destructive" },
	{ "GRANT SELECT ON t TO x", "ddl GRANT 0" },
	{ "GRANT a TO b", "ddl GRANT ROLE 0" },
	{ "REVOKE a FROM b", "ddl REVOKE ROLE 0" },
	{ "COMMENT ON TABLE t IS 'x'", "ddl COMMENT 0" },
	{ "REINDEX TABLE t", "ddl REINDEX 0" },
	{ "CLUSTER t", "ddl CLUSTER 0" },
	{ "REASSIGN OWNED BY x TO y", "ddl REASSIGN OWNED 0" },
	{ "SECURITY LABEL ON TABLE t IS 'x'", "ddl SECURITY LABEL 0" },
	{ "IMPORT FOREIGN SCHEMA x FROM SERVER y INTO z",
	    "ddl IMPORT FOREIGN SCHEMA 0" },

	/* code */
	{ "DO $$ BEGIN COMMIT; END $$", "code DO 0" },
	{ "CALL p($1)", "code CALL 1 returning" },
	{ "LOAD 'x'", "code LOAD 0" },

	/* outside a transaction */
	{ "VACUUM", "outside VACUUM 0" },
	{ "VACUUM (ANALYZE, FULL) t", "outside VACUUM 0" },
	{ "CREATE INDEX CONCURRENTLY i ON t (a)",
	    "outside CREATE INDEX 0" },
	{ "DROP INDEX CONCURRENTLY i", "outside DROP INDEX 0 destructive" },
	{ "REINDEX (CONCURRENTLY) TABLE t", "outside REINDEX 0" },
	{ "REINDEX INDEX CONCURRENTLY t", "outside REINDEX 0" },
	{ "REINDEX DATABASE d", "outside REINDEX 0" },
	{ "REINDEX SYSTEM d", "outside REINDEX 0" },
	{ "REINDEX SCHEMA d", "outside REINDEX 0" },
	{ "ALTER TABLE p DETACH PARTITION c CONCURRENTLY",
	    "outside ALTER TABLE 0" },
	{ "CREATE DATABASE d", "outside CREATE DATABASE 0" },
	{ "DROP DATABASE d", "outside DROP DATABASE 0 destructive" },
	{ "ALTER DATABASE d SET TABLESPACE x", "outside ALTER DATABASE 0" },
	{ "CREATE TABLESPACE x LOCATION '/x'",
	    "outside CREATE TABLESPACE 0" },
	{ "DROP TABLESPACE x", "outside DROP TABLESPACE 0 destructive" },
	{ "ALTER SYSTEM SET a = 1", "outside ALTER SYSTEM 0" },
	{ "CLUSTER", "outside CLUSTER 0" },
	{ "CREATE SUBSCRIPTION s CONNECTION '' PUBLICATION p",
	    "outside CREATE SUBSCRIPTION 0" },

	/* what means nothing over HTTP */
	{ "BEGIN", "400 unsupported_statement" },
	{ "BEGIN ISOLATION LEVEL SERIALIZABLE", "400 unsupported_statement" },
	{ "START TRANSACTION", "400 unsupported_statement" },
	{ "COMMIT", "400 unsupported_statement" },
	{ ";COMMIT", "400 unsupported_statement" },
	{ "/* /* */ */ commit", "400 unsupported_statement" },
	{ "-- x\rcommit", "400 unsupported_statement" },
	{ "\v\fcommit", "400 unsupported_statement" },
	{ "COMMIT AND CHAIN", "400 unsupported_statement" },
	{ "COMMIT PREPARED 'x'", "400 unsupported_statement" },
	{ "END", "400 unsupported_statement" },
	{ "ROLLBACK", "400 unsupported_statement" },
	{ "ROLLBACK TO x", "400 unsupported_statement" },
	{ "ABORT", "400 unsupported_statement" },
	{ "SAVEPOINT x", "400 unsupported_statement" },
	{ "RELEASE x", "400 unsupported_statement" },
	{ "PREPARE TRANSACTION 'x'", "400 unsupported_statement" },
	{ "SET work_mem = 1", "400 unsupported_statement" },
	{ "SET LOCAL work_mem = 1", "400 unsupported_statement" },
	{ "SET TIME ZONE 'UTC'", "400 unsupported_statement" },
	{ "SET ROLE x", "400 unsupported_statement" },
	{ "SET SESSION AUTHORIZATION x", "400 unsupported_statement" },
	{ "SET TRANSACTION READ ONLY", "400 unsupported_statement" },
	{ "SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY",
	    "400 unsupported_statement" },
	{ "RESET ALL", "400 unsupported_statement" },
	{ "RESET ROLE", "400 unsupported_statement" },
	{ "DISCARD ALL", "400 unsupported_statement" },
	{ "DISCARD TEMP", "400 unsupported_statement" },
	{ "PREPARE p AS SELECT $1", "400 unsupported_statement" },
	{ "EXECUTE p(1)", "400 unsupported_statement" },
	{ "EXPLAIN EXECUTE p", "400 unsupported_statement" },
	{ "EXPLAIN ANALYZE EXECUTE p", "400 unsupported_statement" },
	{ "CREATE TABLE t AS EXECUTE p", "400 unsupported_statement" },
	{ "DEALLOCATE ALL", "400 unsupported_statement" },
	{ "DECLARE c CURSOR FOR SELECT 1", "400 unsupported_statement" },
	{ "FETCH c", "400 unsupported_statement" },
	{ "MOVE c", "400 unsupported_statement" },
	{ "CLOSE c", "400 unsupported_statement" },
	{ "LISTEN x", "400 unsupported_statement" },
	{ "UNLISTEN *", "400 unsupported_statement" },
	{ "COPY t FROM STDIN", "400 unsupported_statement" },
	{ "COPY t TO '/x'", "400 unsupported_statement" },
	{ "LOCK TABLE t", "400 unsupported_statement" },

	/* none, or several */
	{ "", "400 empty_statement" },
	{ " \n", "400 empty_statement" },
	{ ";;", "400 empty_statement" },
	{ "-- x\n/* y */;", "400 empty_statement" },
	{ "SELECT 1; SELECT 2", "400 multiple_statements" },
	{ "SELECT 1; COMMIT;", "400 multiple_statements" },
	{ "SELECT 1_000; SELECT 2", "400 multiple_statements" },
	{ "SELECT 1_000; ;SELECT 2", "400 multiple_statements" },

	/* never any PostgreSQL's */
	{ "SELECT 'a", "400 parse_error" },
	{ "SELECT E'a\\'", "400 parse_error" },
	{ "SELECT \"a", "400 parse_error" },
	{ "SELECT $a$ x $b$", "400 parse_error" },
	{ "SELECT 1 /* /* */", "400 parse_error" },
	{ "CREATE VIEW v AS SELECT $1", "400 params_mismatch" },
	{ "CREATE TABLE t (a int DEFAULT $2)", "400 params_mismatch" },

	/* what an older grammar cannot read */
	{ "SELECT 1_000 + $2 NEWER SYNTAX",
	    "write SELECT 2 returning unparsed" },
	{ "SELEC $1", "write UNKNOWN 1 returning unparsed" },
	{ "\"x\"", "write UNKNOWN 0 returning unparsed" },
	{ "WITH a AS (SELECT 1_0) SELECT 1 NEWER SYNTAX",
	    "write SELECT 0 returning unparsed" },
	{ "MERGE INTO a USING b ON a.x = b.x WHEN MATCHED THEN NEWER "
	    "RETURNING *", "write MERGE 0 returning unparsed" },
	{ "CREATE TABLE t (a int NEWER)", "ddl CREATE TABLE 0 unparsed" },
	{ "CREATE VIEW v NEWER $1", "ddl CREATE VIEW -1 unparsed" },
	{ "CREATE FROBNICATION x", "ddl CREATE 0 unparsed" },
	{ "DROP TABLE t NEWER", "ddl DROP TABLE 0 destructive unparsed" },
	{ "DELETE NEWER FROM t",
	    "write DELETE 0 returning destructive unparsed" },
	{ "UPDATE t SET a = 1 NEWER Where b",
	    "write UPDATE 0 returning unparsed" },
	{ "INSERT INTO t NEWER", "write INSERT 0 returning unparsed" },
	{ "GRANT SELECT ON t TO x NEWER SYNTAX", "ddl GRANT 0 unparsed" },
	{ "VACUUM t NEWER", "outside VACUUM 0 unparsed" },
	{ "CREATE UNIQUE INDEX CONCURRENTLY i ON t NEWER",
	    "outside CREATE INDEX 0 unparsed" },
	{ "CREATE INDEX i ON t NEWER", "ddl CREATE INDEX 0 unparsed" },
	{ "REINDEX TABLE CONCURRENTLY t NEWER",
	    "outside REINDEX 0 unparsed" },
	{ "REINDEX SCHEMA s NEWER", "outside REINDEX 0 unparsed" },
	{ "CREATE DATABASE d NEWER (x)",
	    "outside CREATE DATABASE 0 unparsed" },
	{ "ALTER TABLE t DETACH PARTITION p CONCURRENTLY NEWER",
	    "outside ALTER TABLE 0 unparsed" },
	{ "ALTER DATABASE d SET TABLESPACE x NEWER",
	    "outside ALTER DATABASE 0 unparsed" },
	{ "ALTER DATABASE d NEWER", "ddl ALTER DATABASE 0 unparsed" },
	{ "CLUSTER (NEWER", "outside CLUSTER 0 unparsed" },
	{ "CLUSTER t NEWER", "ddl CLUSTER 0 unparsed" },
	{ "ALTER SYSTEM NEWER", "outside ALTER SYSTEM 0 unparsed" },
	{ "DO $$ x $$ NEWER", "code DO 0 unparsed" },
	{ "CALL p($1) NEWER", "code CALL 1 returning unparsed" },
	{ "BEGIN NEWER", "400 unsupported_statement" },
	{ "SET x NEWER", "400 unsupported_statement" },
	{ "SET CONSTRAINTS NEWER", "write SET CONSTRAINTS 0 returning "
	    "unparsed" },
	{ "COPY t NEWER", "400 unsupported_statement" },
};

static void
test_verdicts(void)
{
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++)
		is_str(verdict(verdicts[i].sql), verdicts[i].want,
		    "verdict %zu on: %.40s", i, verdicts[i].sql);
}

/* No prefix of any of them crashes or reads too far. */
static void
test_prefixes(void)
{
	struct problem why;
	char *guarded;
	size_t n, checked = 0;

	problem_init(&why);
	for (size_t i = 0; i < sizeof(verdicts) / sizeof(verdicts[0]); i++) {
		n = strlen(verdicts[i].sql);
		guarded = tap_guarded(verdicts[i].sql, n + 1);
		for (; n > 0; n--) {
			guarded[n] = '\0';
			if (stmts_check(cache, guarded, n, &why) != NULL ||
			    (why.status == 400 && why.detail != NULL))
				checked++;
			else
				ok(0, "prefix %zu of verdict %zu", n, i);
		}
	}
	problem_fini(&why);
	ok(checked > 3000, "%zu prefixes", checked);
}

/* Every refusal names what was sent and says something more. */
static void
test_details(void)
{
	struct problem why;
	const struct stmt *st;

	problem_init(&why);
	st = stmts_check(cache, "rollback", 8, &why);
	ok(st == NULL && strstr(why.detail, "\"ROLLBACK\" has nothing") !=
	    NULL && strstr(why.detail, "dry_run") != NULL, "%s", why.detail);
	st = stmts_check(cache, "set role x", 10, &why);
	ok(st == NULL && strstr(why.detail, "key") != NULL, "%s", why.detail);
	st = stmts_check(cache, "set a=1", 7, &why);
	ok(st == NULL && strstr(why.detail, "settings") != NULL, "%s",
	    why.detail);
	st = stmts_check(cache, "explain execute x", 17, &why);
	ok(st == NULL && strstr(why.detail, "\"EXECUTE\" ") != NULL, "%s",
	    why.detail);
	st = stmts_check(cache, "a;b;c", 5, &why);
	ok(st == NULL && strstr(why.detail, "3 statements") != NULL, "%s",
	    why.detail);
	st = stmts_check(cache, "create view v as select $7", 26, &why);
	ok(st == NULL && strstr(why.detail, "$7") != NULL, "%s", why.detail);
	problem_fini(&why);
}

static void
test_parse_error(void)
{
	static const char sql[] = "select '\xc3\xa9\xc3\xa9',\n\t'open";
	char *long_text;
	struct problem why;

	problem_init(&why);
	ok(stmts_check(cache, sql, sizeof(sql) - 1, &why) == NULL, "open");
	is_str(why.title, "parse_error", "title");
	is_str(why.sqlstate, "42601", "sqlstate");
	ok(why.position == 15 && why.line == 2 && why.column_number == 2,
	    "at %d, %d:%d", why.position, why.line, why.column_number);
	is_str(why.excerpt, "\t'open\n\t^", "excerpt");
	is_str(why.detail, "unterminated quoted string at or near \"'open\"",
	    "detail");

	long_text = calloc(1, 70001);
	memset(long_text, '\'', 1);
	for (size_t i = 1; i < 69999; i += 2)
		memcpy(long_text + i, "\xc3\xa9", 2);
	ok(stmts_check(cache, long_text, strlen(long_text), &why) == NULL &&
	    strlen(why.detail) <= 300 && strlen(why.detail) > 290,
	    "a long message is cut to %zu", strlen(why.detail));
	ok(strlen(why.excerpt) < 300, "and so is the excerpt");
	free(long_text);
	problem_fini(&why);
}

static void
is_excerpt(const char *sql, int position, const char *want, int line,
    int column)
{
	size_t n = strlen(sql);
	struct problem why;

	problem_init(&why);
	why.position = position;
	stmt_excerpt(&why, tap_guarded(sql, n), n);
	is_str(why.excerpt != NULL ? why.excerpt : "none", want,
	    "excerpt at %d", position);
	ok(why.line == line && why.column_number == column, "%d:%d is %d:%d",
	    why.line, why.column_number, line, column);
	problem_fini(&why);
}

static void
test_excerpt(void)
{
	char line[301], *want;
	struct buf b;

	is_excerpt("abc", 1, "abc\n^", 1, 1);
	is_excerpt("abc", 3, "abc\n  ^", 1, 3);
	is_excerpt("abc", 4, "abc\n   ^", 1, 4);
	is_excerpt("abc", 5, "none", 0, 0);
	is_excerpt("abc", 0, "none", 0, 0);
	is_excerpt("", 1, "\n^", 1, 1);
	is_excerpt("a\nbc\nd", 4, "bc\n ^", 2, 2);
	is_excerpt("a\r\nbc\rd", 4, "bc\n^", 2, 1);
	is_excerpt("a\r\nbc\rd", 7, "d\n^", 3, 1);
	is_excerpt("a\n\n", 3, "\n^", 2, 1);
	is_excerpt("a\n\n", 4, "\n^", 3, 1);
	is_excerpt("\tx\t\xe2\x82\xac y", 6, "\tx\t\xe2\x82\xac y\n\t \t  ^",
	    1, 6);
	is_excerpt("a\x1b[2J\x7f", 6, "a [2J \n     ^", 1, 6);

	for (size_t i = 0; i < 300; i++)
		line[i] = (char)('a' + (char)(i % 26));
	line[300] = '\0';
	buf_init(&b, 1000);
	buf_addf(&b, "...%.120s...\n%*s^", line + 89, 63, "");
	want = buf_take(&b, NULL);
	is_excerpt(line, 150, want, 1, 150);
	free(want);
	buf_addf(&b, "%.69s...\n%*s^", line, 9, "");
	want = buf_take(&b, NULL);
	is_excerpt(line, 10, want, 1, 10);
	free(want);
	buf_addf(&b, "...%s\n%*s^", line + 240, 63, "");
	want = buf_take(&b, NULL);
	is_excerpt(line, 301, want, 1, 301);
	free(want);
	buf_fini(&b);
}

/* The oldest goes when the cache is full; what is asked for stays young. */
static void
test_cache(void)
{
	struct stmts *s = stmts_new(3);
	struct problem why;
	uint8_t sha256[SECRET_SHA256];
	const struct stmt *st;
	char sql[32];
	int i;

	problem_init(&why);
	st = stmts_check(s, "select 1", 8, &why);
	secret_sha256(sha256, "select 1", 8);
	ok(st->uses == 1 && memcmp(st->sha256, sha256, 32) == 0, "first");
	for (i = 2; i < 200; i++) {
		snprintf(sql, sizeof(sql), "select %d", i);
		ok(stmts_check(s, sql, strlen(sql), &why)->uses == 1,
		    "new: %s", sql);
		st = stmts_check(s, "select 1", 8, &why);
		if (st->uses != (unsigned)i)
			ok(0, "select 1 used %u, not %d", st->uses, i);
	}
	ok(stmts_check(s, "select 198", 10, &why)->uses == 2, "younger kept");
	ok(stmts_check(s, "select 197", 10, &why)->uses == 1, "oldest gone");
	ok(stmts_check(s, "begin", 5, &why) == NULL, "a refusal");
	ok(stmts_check(s, "select 1", 8, &why)->uses == 200, "displaces none");
	stmts_free(s);

	s = stmts_new(0);
	ok(stmts_check(s, "select 1", 8, &why)->uses == 1, "no cache");
	ok(stmts_check(s, "select 2", 8, &why)->uses == 1, "no cache");
	ok(stmts_check(s, "select 1", 8, &why)->uses == 1, "no cache");
	stmts_free(s);
	stmts_free(NULL);
	problem_fini(&why);
}

int
main(void)
{
	cache = stmts_new(64);
	test_verdicts();
	test_prefixes();
	test_details();
	test_parse_error();
	test_excerpt();
	test_cache();
	stmts_free(cache);
	return done();
}
