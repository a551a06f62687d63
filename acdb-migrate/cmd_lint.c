/*
 * cmd_lint.c - acdb-migrate lint: tables with a workspace_id that are not
 * isolated, and those without one, which every workspace shares.  With a
 * directory, the files of an application's migrations instead.
 */
#include <stdlib.h>
#include <string.h>

#include "appfile.h"
#include "cmd.h"
#include "lib/exitcode.h"
#include "lib/sqllex.h"

#define THEIRS \
	"n.nspname NOT IN ('acdb', 'acdb_api', 'acdb_guard', 'agentcoopdb'," \
	" 'ext', 'pg_catalog', 'information_schema', 'pg_toast')" \
	" AND n.nspname !~ '^pg_temp' AND NOT EXISTS (SELECT 1" \
	" FROM pg_catalog.pg_depend x WHERE x.objid = c.oid" \
	" AND x.deptype = 'e')"

static const char query[] =
    "SELECT pg_catalog.quote_ident(n.nspname) || '.' ||"
    " pg_catalog.quote_ident(c.relname), CASE"
    " WHEN a.attname IS NULL THEN 'shared: no workspace_id, every workspace"
    " sees its rows'"
    " WHEN a.atttypid <> 'pg_catalog.uuid'::regtype THEN"
    " 'workspace_id is not uuid'"
    " WHEN NOT c.relrowsecurity THEN 'row-level security is not enabled'"
    " WHEN NOT c.relforcerowsecurity THEN 'row-level security is not forced'"
    " WHEN NOT EXISTS (SELECT 1 FROM pg_catalog.pg_policy p"
    " WHERE p.polrelid = c.oid) THEN 'has no policy'"
    " WHEN NOT EXISTS (SELECT 1 FROM pg_catalog.pg_policy p WHERE"
    " p.polrelid = c.oid AND p.polname = 'acdb_guard') THEN 'lacks the"
    " policy acdb_guard' END, a.attname IS NULL"
    " FROM pg_catalog.pg_class c"
    " JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace"
    " LEFT JOIN pg_catalog.pg_attribute a ON a.attrelid = c.oid"
    " AND a.attname = 'workspace_id' AND NOT a.attisdropped"
    " WHERE c.relkind IN ('r', 'p') AND " THEIRS " ORDER BY 1";

static void
show(const struct cmd_call *c, int n, const char *table, const char *what,
    bool shared)
{
	if (!c->json) {
		printf("%s: %s%s\n", table, shared ? "note: " : "", what);
		return;
	}
	printf("%s{\"table\":", n > 0 ? "," : "");
	cmd_json_str(table);
	printf(",\"verdict\":\"%s\",\"what\":", shared ? "NOTE" : "FAIL");
	cmd_json_str(what);
	fputs("}", stdout);
}

static int
lint_database(const struct cmd_call *c)
{
	struct pg_error e;
	PGconn *conn;
	PGresult *r;
	int code = EXIT_OK, shown = 0;

	if (c->url == NULL) {
		cmd_say(NULL, CMD_NO_URL);
		return EXIT_CONFIG;
	}
	if ((conn = cmd_connect(c, &code)) == NULL)
		return code;
	pg_error_init(&e);
	if ((r = pg_query(conn, query, 0, NULL, &e)) == NULL)
		code = cmd_fail(&e);
	if (r != NULL && c->json)
		fputs("{\"tables\":[", stdout);
	for (int i = 0; r != NULL && i < PQntuples(r); i++) {
		bool shared = PQgetvalue(r, i, 2)[0] == 't';

		if (PQgetisnull(r, i, 1))
			continue;
		show(c, shown++, PQgetvalue(r, i, 0), PQgetvalue(r, i, 1),
		    shared);
		if (!shared)
			code = EXIT_CHECK;
	}
	if (r != NULL && c->json)
		puts("]}");
	PQclear(r);
	PQfinish(conn);
	pg_error_fini(&e);
	return code;
}

/* Statements that PostgreSQL refuses in a transaction. */
static int
lint_statement(const char *path, const struct appsql *q,
    const struct appstmt *s)
{
	static const char *const alone[] = { "VACUUM", "CREATE DATABASE",
	    "DROP DATABASE", "ALTER SYSTEM", "CREATE TABLESPACE" };
	char words[96];
	bool bad = false;

	sqllex_keywords(s->sql, strlen(s->sql), 4, words, sizeof(words));
	for (size_t i = 0; i < NELEM(alone); i++)
		bad |= strncmp(words, alone[i], strlen(alone[i])) == 0;
	bad |= strstr(words, "INDEX CONCURRENTLY") != NULL;
	if (!bad || q->no_transaction)
		return 0;
	printf("%s:%zu: %s needs -- acdb: no-transaction at the top\n", path,
	    s->line, words);
	return 1;
}

static int
lint_file(const char *path)
{
	struct appsql q;
	struct buf err;
	int bad = 0;

	if (path == NULL)
		return 0;
	buf_init(&err, 4096);
	if (appsql_read(&q, path, &err) == -1) {
		printf("%s\n", buf_cstr(&err));
		buf_fini(&err);
		return 1;
	}
	for (int i = 0; i < q.n; i++)
		bad += lint_statement(path, &q, &q.s[i]);
	appsql_fini(&q);
	buf_fini(&err);
	return bad;
}

static int
lint_files(const char *dir)
{
	struct appdir d;
	struct buf err;
	int bad = 0;

	buf_init(&err, 4096);
	if (appdir_read(&d, dir, &err) == -1) {
		cmd_say(NULL, buf_cstr(&err));
		buf_fini(&err);
		return EXIT_LOCAL;
	}
	for (size_t i = 0; i < d.n; i++) {
		if (d.f[i].up == NULL) {
			printf("%s: has no way up\n", d.f[i].down);
			bad++;
		}
		bad += lint_file(d.f[i].up) + lint_file(d.f[i].down);
	}
	appdir_fini(&d);
	buf_fini(&err);
	return bad > 0 ? EXIT_CHECK : EXIT_OK;
}

int
cmd_lint(struct cmd_call *c)
{
	if (c->argc > 0 && c->dir != NULL) {
		cmd_say(NULL, "lint takes one directory: DIR or --dir DIR");
		return EXIT_USAGE;
	}
	if (c->argc > 0 || c->dir != NULL)
		return lint_files(c->argc > 0 ? c->argv[0] : c->dir);
	return lint_database(c);
}
