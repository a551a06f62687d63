/*
 * db.h - the control plane's tables and functions, over one blocking
 * connection.
 *
 * Every function complains on standard error where it fails and gives the
 * exit code for it.  Times come in UTC.
 */
#ifndef DB_H
#define DB_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "lib/buf.h"
#include "lib/cdefs.h"

struct db;

/* Connect to AGENTCOOPDB_DATABASE_URL (or _FILE) with the URL's password or
 * AGENTCOOPDB_GATEWAY_PASSWORD (or _FILE).  NULL, with *rc other than
 * EXIT_OK, where that fails. */
struct db *db_open(int *rc) MUST_CHECK;
void	 db_close(struct db *db);	/* NULL is fine */

/* Run one statement with n text parameters.  The caller owns the result
 * (PQclear).  NULL where it failed, with the exit code in *rc. */
PGresult *db_run(struct db *db, int *rc, const char *sql, int n,
	    const char *const *values) MUST_CHECK;
/* The same where no rows are of interest.  Returns an exit code. */
int	 db_do(struct db *db, const char *sql, int n,
	    const char *const *values) MUST_CHECK;

/* The same for a statement with many rows: each is given to row() as it
 * comes.  Returns an exit code; that of row() where it is not EXIT_OK. */
int	 db_each(struct db *db, const char *sql, int n,
	    const char *const *values, int (*row)(void *arg, PGresult *r),
	    void *arg) MUST_CHECK;

/* COMMIT.  Returns EXIT_OK; EXIT_UNKNOWN where the connection broke before
 * the answer came. */
int	 db_commit(struct db *db) MUST_CHECK;

/* The uuid of the key that arg names by its id, its uuid or an unambiguous
 * prefix of one, with or without "acd_<env>_" in front.  To be freed; NULL
 * with *rc. */
char	*db_key(struct db *db, const char *arg, int *rc) MUST_CHECK;

/* The uuid of a workspace, by name or uuid; to be freed.  NULL with *rc:
 * EXIT_OK where there is none.  archived may be NULL. */
char	*db_workspace(struct db *db, const char *arg, bool *archived,
	    int *rc) MUST_CHECK;

/* Append {"items":[...],"next_cursor":null}: the one key (uuid), or the
 * keys of a workspace (uuid; NULL: of all), those out of force only with
 * all.  Returns an exit code. */
int	 db_keys(struct db *db, const char *key, const char *workspace,
	    bool all, struct buf *out) MUST_CHECK;

/* Make role servable, if it is not and may be: give it a data-plane login.
 * Returns an exit code. */
int	 db_serve_role(struct db *db, const char *role) MUST_CHECK;

#endif
