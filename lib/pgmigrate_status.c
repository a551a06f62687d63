/*
 * pgmigrate_status.c - hold the embedded migrations against those the
 * database has seen.  Changes nothing.
 */
#include <stdlib.h>
#include <string.h>

#include "enc.h"
#include "exitcode.h"
#include "pgmigrate_priv.h"

const char *
pgmigrate_state_name(enum pgmigrate_state s)
{
	static const char *const names[] = {
		[PGMIGRATE_APPLIED] = "applied",
		[PGMIGRATE_PENDING] = "pending",
		[PGMIGRATE_EDITED] = "edited",
		[PGMIGRATE_MISSING] = "missing",
	};

	return names[s];
}

/* What the database recorded: version, name, hexadecimal hash, time. */
static PGresult *
recorded(PGconn *c, struct pg_error *e)
{
	int ours = pgmigrate_check_ours(c, e);

	if (ours == -1)
		return NULL;
	return pg_query(c, ours == 0 ?
	    "SELECT 0, '', '', '' WHERE false" :
	    "SELECT version, name, encode(sha256, 'hex'),"
	    " to_char(applied_at AT TIME ZONE 'UTC',"
	    " 'YYYY-MM-DD\"T\"HH24:MI:SS\"Z\"')"
	    " FROM acdb.schema_migrations ORDER BY version", 0, NULL, e);
}

static int
row_version(const PGresult *r, int i)
{
	return (int)strtol(PQgetvalue(r, i, 0), NULL, 10);
}

static enum pgmigrate_state
compare(const struct migration_file *f, const PGresult *r, int i)
{
	uint8_t sha[SECRET_SHA256];
	char hex[SECRET_SHA256 * 2 + 1];

	pgmigrate_file_sha256(f, sha);
	enc_hex(hex, sha, sizeof(sha));
	return strcmp(hex, PQgetvalue(r, i, 2)) == 0 ? PGMIGRATE_APPLIED :
	    PGMIGRATE_EDITED;
}

int
pgmigrate_status(PGconn *c,
    void (*row)(void *arg, const struct pgmigrate_row *r), void *arg,
    struct pg_error *e)
{
	const struct migration_file *f = pgmigrate_file_next(NULL, "");
	PGresult *r = recorded(c, e);
	int bad = 0, i = 0;

	if (r == NULL)
		return -1;
	/* Both lists are in order of version: merge them. */
	while (f != NULL || i < PQntuples(r)) {
		struct pgmigrate_row out = { .applied_at = "" };
		bool in_db = i < PQntuples(r) && (f == NULL ||
		    row_version(r, i) <= pgmigrate_file_version(f));
		bool here = f != NULL && (!in_db ||
		    row_version(r, i) == pgmigrate_file_version(f));

		out.version = here ? pgmigrate_file_version(f) :
		    row_version(r, i);
		out.name = here ? f->name : PQgetvalue(r, i, 1);
		out.state = !in_db ? PGMIGRATE_PENDING : !here ?
		    PGMIGRATE_MISSING : compare(f, r, i);
		if (in_db)
			out.applied_at = PQgetvalue(r, i++, 3);
		if (here)
			f = pgmigrate_file_next(f, "");
		bad += out.state != PGMIGRATE_APPLIED;
		row(arg, &out);
	}
	PQclear(r);
	return bad;
}
