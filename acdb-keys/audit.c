/*
 * audit.c - acdb-keys audit: what was done with the keys, oldest first.  On
 * the database alone.
 *
 * Following reads, once a second, what has become visible since the last
 * look: rows commit in another order than they begin, so what is new is
 * decided by the snapshots of the two looks and not by a time or an id.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "commands.h"
#include "db.h"
#include "lib/cdefs.h"
#include "lib/exitcode.h"
#include "lib/units.h"
#include "place.h"
#include "table.h"

#define SINCE_DEFAULT	"1h"

/* A transaction that is still open can hold back a row for so long. */
#define FOLLOW_WINDOW	"interval '1 hour'"

#define COLUMNS "pg_catalog.json_build_object('created_at', a.created_at, " \
    "'id', a.id, 'request_id', a.request_id, 'workspace', w.name, " \
    "'workspace_id', a.workspace_id, 'key_id', k.key_id, 'role', " \
    "k.pg_role, 'endpoint', a.endpoint, 'command', a.command, 'sql_hash', " \
    "pg_catalog.encode(a.sql_hash, 'hex'), 'sql', a.sql, 'status', " \
    "a.status, 'error_code', a.error_code, 'rows_affected', " \
    "a.rows_affected, 'duration_us', a.duration_us, 'client_ip', " \
    "pg_catalog.host(a.client_ip), 'trace_id', a.trace_id), " \
    "pg_catalog.to_char(a.created_at, 'YYYY-MM-DD\"T\"HH24:MI:SS.MS\"Z\"'), " \
    "a.status, k.key_id, k.pg_role, w.name, " \
    "coalesce(a.command, a.endpoint), a.error_code, a.rows_affected, " \
    "pg_catalog.round(a.duration_us / 1000.0, 1), " \
    "pg_catalog.host(a.client_ip), a.request_id, a.trace_id"

#define TABLES " FROM acdb.audit_logs a " \
    "LEFT JOIN acdb.api_keys k ON k.id = a.key_id " \
    "LEFT JOIN acdb.workspaces w ON w.id = a.workspace_id "

/* The ids are of version 7: they begin with the milliseconds since 1970, so
 * the primary key finds what is recent.  A minute is for clocks that
 * differ. */
#define ID_FROM(time) "(pg_catalog.lpad(pg_catalog.to_hex((1000 * " \
    "pg_catalog.date_part('epoch', " time " - interval '1 minute'))" \
    "::bigint), 12, '0') || '00000000000000000000')::uuid"

/* xmin has lost its upper half; what is recent lies within 2^31 of the
 * snapshot's end. */
#define XID8 "(SELECT CASE WHEN x > s.top THEN x - 4294967296 ELSE x END " \
    "FROM (SELECT (s.top & ~4294967295) | a.xmin::text::bigint AS x) y)" \
    "::text::xid8"

static const char since_sql[] = "SELECT " COLUMNS TABLES
    "WHERE a.id >= " ID_FROM("pg_catalog.now() - $1::interval")
    " AND a.created_at >= pg_catalog.now() - $1::interval"
    " AND ($2::uuid IS NULL OR a.key_id = $2) ORDER BY a.created_at, a.id";

static const char follow_sql[] = "SELECT " COLUMNS TABLES
    ", (SELECT pg_catalog.pg_snapshot_xmax("
    "pg_catalog.pg_current_snapshot())::text::bigint AS top) s "
    "WHERE a.id >= " ID_FROM("pg_catalog.now() - " FOLLOW_WINDOW)
    " AND NOT pg_catalog.pg_visible_in_snapshot(" XID8
    ", $1::pg_snapshot) AND ($2::uuid IS NULL OR a.key_id = $2) "
    "ORDER BY a.created_at, a.id";

struct audit {
	const char	*since;
	const char	*key;
	bool		 follow;
	bool		 json;
};

/* In the order of COLUMNS, behind the JSON. */
enum { COL_JSON, COL_TIME, COL_STATUS, COL_KEY, COL_ROLE, COL_WORKSPACE,
    COL_COMMAND, COL_ERROR, COL_ROWS, COL_MS, COL_IP, COL_REQUEST,
    COL_TRACE };

static void
field(PGresult *r, int col, const char *name)
{
	if (PQgetisnull(r, 0, col))
		return;
	printf(" %s=", name);
	table_text(stdout, PQgetvalue(r, 0, col));
}

static int
print(void *arg, PGresult *r)
{
	const struct audit *a = arg;

	if (a->json)
		puts(PQgetvalue(r, 0, COL_JSON));
	else {
		printf("%s %s ", PQgetvalue(r, 0, COL_TIME),
		    PQgetvalue(r, 0, COL_STATUS));
		table_text(stdout, PQgetvalue(r, 0, COL_COMMAND));
		field(r, COL_ERROR, "error");
		field(r, COL_KEY, "key");
		field(r, COL_ROLE, "role");
		field(r, COL_WORKSPACE, "workspace");
		field(r, COL_ROWS, "rows");
		field(r, COL_MS, "ms");
		field(r, COL_IP, "from");
		field(r, COL_REQUEST, "request");
		field(r, COL_TRACE, "trace");
		putchar('\n');
	}
	if (!ferror(stdout))
		return EXIT_OK;
	warn("standard output");
	return EXIT_LOCAL;
}

/* What has become visible since the snapshot in *seen, which becomes that
 * of now.  Both are taken in one transaction that sees one state. */
static int
look(struct db *db, struct audit *a, const char *key, const char *sql,
    char **seen)
{
	const char *v[2] = { *seen != NULL ? *seen : a->since, key };
	PGresult *r;
	char *now = NULL;
	int rc;

	rc = db_do(db, "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", 0,
	    NULL);
	if (rc != EXIT_OK)
		return rc;
	r = db_run(db, &rc, "SELECT pg_catalog.pg_current_snapshot()", 0,
	    NULL);
	if (r == NULL)
		return rc;
	now = strdup(PQgetvalue(r, 0, 0));
	PQclear(r);
	if (now == NULL)
		return EXIT_LOCAL;
	rc = db_each(db, sql, 2, v, print, a);
	free(*seen);
	*seen = now;
	if (rc == EXIT_OK)
		rc = db_do(db, "COMMIT", 0, NULL);
	if (rc == EXIT_OK && fflush(stdout) != 0) {
		warn("standard output");
		rc = EXIT_LOCAL;
	}
	return rc;
}

static int
run(struct db *db, struct audit *a)
{
	char *key = NULL, *seen = NULL;
	int rc = EXIT_OK;

	if (a->key != NULL && (key = db_key(db, a->key, &rc)) == NULL)
		return rc;
	rc = look(db, a, key, since_sql, &seen);
	while (rc == EXIT_OK && a->follow) {
		sleep(1);
		rc = look(db, a, key, follow_sql, &seen);
	}
	free(seen);
	free(key);
	return rc;
}

int
audit_main(const struct cmd *c, int argc, char **argv)
{
	struct cmd_common common = { 0 };
	struct audit a = { 0 };
	const char *since = SINCE_DEFAULT;
	const struct cmd_opt opts[] = {
		{ "since", CMD_TEXT, &since, "DURATION",
		    "from so long ago on (1h)" },
		{ "key", CMD_TEXT, &a.key, "KEY_ID", "of this key alone" },
		{ "follow", CMD_FLAG, &a.follow, NULL,
		    "go on with what is new, until interrupted" },
	};
	int rc = cmd_options(c, opts, NELEM(opts), &common, argc, argv);
	char interval[40];
	struct place p;
	int64_t ms;

	if (rc != CMD_GO)
		return rc;
	if (optind != argc)
		return cmd_usage(c, "audit takes no arguments");
	if (units_duration(since, &ms) != 0 || ms < 0)
		return cmd_usage(c, "--since '%s' is not a duration such as "
		    "1h or 30d", since);
	snprintf(interval, sizeof(interval), "%lld ms", (long long)ms);
	a.since = interval;
	a.json = common.json;
	if ((rc = place_open(&p, &common, "audit")) != EXIT_OK)
		return rc;
	rc = run(p.db, &a);
	place_close(&p);
	return rc;
}
