/*
 * db_keys.c - finds and describes keys and workspaces in the database.  The
 * only place that knows the columns of a key.
 */
#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "db.h"
#include "keyarg.h"
#include "lib/exitcode.h"

#define CANDIDATES	5

static char *
copy_value(PGresult *r, int row, int *rc)
{
	char *s = strdup(PQgetvalue(r, row, 0));

	if (s == NULL)
		*rc = EXIT_LOCAL;
	return s;
}

static void
ambiguous(const char *arg, PGresult *r)
{
	warnx("'%s' is the beginning of several keys:", arg);
	for (int i = 0; i < PQntuples(r) && i < CANDIDATES; i++)
		fprintf(stderr, "  %s  %s\n", PQgetvalue(r, i, 1),
		    PQgetvalue(r, i, 0));
	if (PQntuples(r) > CANDIDATES)
		fputs("  ...\n", stderr);
}

char *
db_key(struct db *db, const char *arg, int *rc)
{
	/* One that is named whole must not fall to a longer one. */
	static const char sql[] = "SELECT k.id, k.key_id FROM acdb.api_keys k "
	    "WHERE pg_catalog.starts_with(k.key_id, $1) OR "
	    "pg_catalog.starts_with(k.id::text, pg_catalog.lower($1)) "
	    "ORDER BY k.key_id = $1 DESC, k.id LIMIT 6";
	const char *id = keyarg(arg);
	char *uuid = NULL;
	PGresult *r;

	if (id == NULL) {
		*rc = EXIT_USAGE;
		return NULL;
	}
	if ((r = db_run(db, rc, sql, 1, &id)) == NULL)
		return NULL;
	if (PQntuples(r) == 0) {
		warnx("no key '%s'", id);
		*rc = EXIT_REFUSED;
	} else if (PQntuples(r) > 1 && strcmp(PQgetvalue(r, 0, 1), id) != 0) {
		ambiguous(id, r);
		*rc = EXIT_REFUSED;
	} else
		uuid = copy_value(r, 0, rc);
	PQclear(r);
	return uuid;
}

char *
db_workspace(struct db *db, const char *arg, bool *archived, int *rc)
{
	static const char sql[] = "SELECT w.id, w.archived_at IS NOT NULL "
	    "FROM acdb.workspaces w WHERE w.name = $1 "
	    "OR w.id::text = pg_catalog.lower($1) "
	    "ORDER BY w.name = $1 DESC LIMIT 1";
	char *uuid = NULL;
	PGresult *r;

	if ((r = db_run(db, rc, sql, 1, &arg)) == NULL)
		return NULL;
	if (PQntuples(r) == 1) {
		uuid = copy_value(r, 0, rc);
		if (archived != NULL)
			*archived = PQgetvalue(r, 0, 1)[0] == 't';
	}
	PQclear(r);
	return uuid;
}

static const char keys_sql[] =
    "SELECT pg_catalog.json_build_object("
    "'items', coalesce(pg_catalog.json_agg(pg_catalog.json_build_object("
    "'key_id', k.key_id, 'id', k.id, 'name', k.name, 'env', k.env, "
    "'role', k.pg_role, 'workspace', w.name, 'workspace_id', w.id, "
    "'status', CASE WHEN k.revoked_at IS NOT NULL THEN 'revoked' "
    "WHEN k.expires_at <= pg_catalog.now() THEN 'expired' "
    "WHEN w.archived_at IS NOT NULL THEN 'archived' "
    "WHEN k.secret_hash IS NULL THEN 'needs_reminting' "
    "ELSE 'active' END, "
    "'read_only', k.read_only, 'ungated', k.ungated, "
    "'rate_per_second', k.rate_per_second, "
    "'rate_burst', k.rate_burst, 'allow_from', k.allow_from, "
    "'created_at', k.created_at, 'expires_at', k.expires_at, "
    "'revoked_at', k.revoked_at, 'last_used_at', k.last_used_at, "
    "'created_by', k.created_by) ORDER BY w.name, k.created_at, k.id), "
    "'[]'::json), 'next_cursor', NULL) "
    "FROM acdb.api_keys k JOIN acdb.workspaces w ON w.id = k.workspace_id "
    "WHERE ($1::uuid IS NULL OR k.id = $1) "
    "AND ($2::uuid IS NULL OR k.workspace_id = $2) "
    "AND ($3 OR k.revoked_at IS NULL AND w.archived_at IS NULL "
    "AND (k.expires_at IS NULL OR k.expires_at > pg_catalog.now()))";

int
db_keys(struct db *db, const char *key, const char *workspace, bool all,
    struct buf *out)
{
	const char *values[3] = { key, workspace, all ? "t" : "f" };
	PGresult *r;
	int rc;

	if ((r = db_run(db, &rc, keys_sql, 3, values)) == NULL)
		return rc;
	if (buf_adds(out, PQgetvalue(r, 0, 0)) != 0) {
		warn("the list of keys");
		rc = EXIT_LOCAL;
	}
	PQclear(r);
	return rc;
}
