/*
 * pg.h - a blocking connection to PostgreSQL for the command-line tools and
 * for acdbd's master before it serves: connect, run, ask for one value, and
 * say what went wrong in one line that a script can branch on.
 *
 * Never for a worker: everything here waits.
 */
#ifndef PG_H
#define PG_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "buf.h"
#include "cdefs.h"

#define PG_VERSION_MIN	160000

/* What went wrong.  text is one line without a full stop and without a
 * secret. */
struct pg_error {
	int		 code;		/* of exitcode.h; 0: nothing yet */
	char		 sqlstate[6];	/* "" where no server spoke */
	int		 position;	/* 1-based character in the SQL that
					 * was sent; 0: none */
	struct buf	 text;
};

void	 pg_error_init(struct pg_error *e);
void	 pg_error_fini(struct pg_error *e);

/* Fill in what went wrong (what stood there before is forgotten).  Always
 * returns -1. */
int	 pg_error_set(struct pg_error *e, int code, const char *fmt, ...)
	    PRINTF(3, 4);

/* The text, never NULL. */
const char *pg_error_text(struct pg_error *e);

struct pg_login {
	const char	*url;		/* postgres://... or keyword=value */
	const char	*user;		/* instead of the URL's; may be NULL */
	const char	*password;	/* where the URL has none, and always
					 * when user is set; NULL: none */
	const char	*app;		/* application_name */
	const char	*options;	/* "-c name=value ..."; may be NULL */
};

/* Connect and wait, at most 10 s a host unless the URL says otherwise.
 * Refuses a server older than 16.  The caller owns the connection
 * (PQfinish).  NULL: e says why; code is EXIT_CONFIG (the URL),
 * EXIT_UNREACHABLE, EXIT_AUTH, or EXIT_REFUSED (a server too old). */
PGconn	*pg_connect(const struct pg_login *l, struct pg_error *e) MUST_CHECK;

/* Run statements without parameters, several if need be; their rows are
 * dropped.  Returns 0, or -1 with e (EXIT_REFUSED, or EXIT_UNREACHABLE when
 * the connection is gone). */
int	 pg_run(PGconn *c, const char *sql, struct pg_error *e) MUST_CHECK;

/* Run one statement with n text parameters.  The caller owns the result
 * (PQclear).  NULL as -1 of pg_run(). */
PGresult *pg_query(PGconn *c, const char *sql, int n,
	    const char *const *params, struct pg_error *e) MUST_CHECK;

/* The first column of the first row of a statement with n text parameters:
 * appended to out.  Returns 1; 0 where there is no row or it is NULL; or -1
 * as pg_run(). */
int	 pg_value(PGconn *c, const char *sql, int n,
	    const char *const *params, struct buf *out, struct pg_error *e)
	    MUST_CHECK;

/* The same for a boolean: 1 for true; 0 for false, NULL or no row; or -1. */
int	 pg_true(PGconn *c, const char *sql, int n,
	    const char *const *params, struct pg_error *e) MUST_CHECK;

/* Drop notices below WARNING, hand the others to say (a line each; may be
 * NULL: dropped too).  keeps a borrow of arg until PQfinish. */
void	 pg_notices(PGconn *c, void (*say)(void *arg, const char *line),
	    void *arg);

#endif
