/*
 * pgmigrate_priv.h - between the files of the migrator, nobody else.
 */
#ifndef PGMIGRATE_PRIV_H
#define PGMIGRATE_PRIV_H

#include <stddef.h>
#include <stdint.h>

#include "migrations.h"
#include "pgmigrate.h"
#include "secret.h"

/* pgmigrate_files.c: the embedded files by their names. */

/* The version of a numbered file, 0 of any other. */
int	pgmigrate_file_version(const struct migration_file *f);
void	pgmigrate_file_sha256(const struct migration_file *f,
	    uint8_t out[SECRET_SHA256]);
/* The next file behind f (NULL: the first) whose name begins with prefix,
 * NULL behind the last; "" are the numbered ones. */
const struct migration_file *pgmigrate_file_next(const struct migration_file *f,
	    const char *prefix);

/* pgmigrate_run.c: one transaction. */

/* Make a superuser's session fit to migrate: no timeouts, nothing of ours in
 * the server's log. */
int	pgmigrate_run_prepare(PGconn *c, struct pg_error *e) MUST_CHECK;
/* BEGIN, and the settings that the files read, for this transaction. */
int	pgmigrate_run_begin(PGconn *c, const struct pgmigrate *m,
	    struct pg_error *e) MUST_CHECK;
/* The text of one file; e then begins with file:line where that is known. */
int	pgmigrate_run_file(PGconn *c, const struct migration_file *f,
	    struct pg_error *e) MUST_CHECK;
/* COMMIT; or ROLLBACK where rc is -1 (e is kept).  Returns rc, or -1. */
int	pgmigrate_run_end(PGconn *c, int rc, struct pg_error *e) MUST_CHECK;

/* pgmigrate_check.c: what forbids to migrate here.  Each -1 with e. */

/* Whether the database holds our control plane.  1, 0 or -1. */
int	pgmigrate_check_ours(PGconn *c, struct pg_error *e) MUST_CHECK;
/* Whether it is one of the existing gateway, not yet taken over. */
int	pgmigrate_check_takeover_due(PGconn *c, struct pg_error *e) MUST_CHECK;
int	pgmigrate_check_place(PGconn *c, const struct pgmigrate *m,
	    struct pg_error *e) MUST_CHECK;

/* One line to m->say, formatted. */
void	pgmigrate_say(const struct pgmigrate *m, const char *fmt, ...)
	    PRINTF(2, 3);

#endif
