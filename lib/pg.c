/*
 * pg.c - see pg.h.  Runs statements and tells failures apart; must not know
 * what the statements are for.  Connecting is pg_connect.c's.
 */
#include <libpq-events.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#include "exitcode.h"
#include "pg.h"

#define ERROR_MAX	8192

void
pg_error_init(struct pg_error *e)
{
	memset(e, 0, sizeof(*e));
	buf_init(&e->text, ERROR_MAX);
}

void
pg_error_fini(struct pg_error *e)
{
	buf_fini(&e->text);
}

int
pg_error_set(struct pg_error *e, int code, const char *fmt, ...)
{
	va_list ap;

	e->code = code;
	e->sqlstate[0] = '\0';
	e->position = 0;
	buf_clear(&e->text);
	va_start(ap, fmt);
	(void)buf_addv(&e->text, fmt, ap);
	va_end(ap);
	return -1;
}

const char *
pg_error_text(struct pg_error *e)
{
	const char *s = buf_cstr(&e->text);

	return s != NULL ? s : "out of memory";
}

/* What the server said of a statement, in one line. */
static int
refused(PGconn *c, const PGresult *r, struct pg_error *e)
{
	const char *state = PQresultErrorField(r, PG_DIAG_SQLSTATE);
	const char *what = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);
	const char *detail = PQresultErrorField(r, PG_DIAG_MESSAGE_DETAIL);
	const char *where = PQresultErrorField(r, PG_DIAG_CONTEXT);
	const char *pos = PQresultErrorField(r, PG_DIAG_STATEMENT_POSITION);

	if (what == NULL)
		return pg_error_set(e, EXIT_UNREACHABLE,
		    "the connection to PostgreSQL was lost");
	(void)pg_error_set(e, PQstatus(c) == CONNECTION_OK ? EXIT_REFUSED :
	    EXIT_UNREACHABLE, "%s", what);
	if (detail != NULL)
		(void)buf_addf(&e->text, " (%s)", detail);
	if (where != NULL)
		(void)buf_addf(&e->text, " [%.*s]",
		    (int)strcspn(where, "\n"), where);
	if (state != NULL && strlen(state) == 5)
		memcpy(e->sqlstate, state, 6);
	if (pos != NULL)
		e->position = (int)strtol(pos, NULL, 10);
	return -1;
}

static bool
good(const PGresult *r)
{
	ExecStatusType s = PQresultStatus(r);

	return s == PGRES_COMMAND_OK || s == PGRES_TUPLES_OK ||
	    s == PGRES_EMPTY_QUERY;
}

int
pg_run(PGconn *c, const char *sql, struct pg_error *e)
{
	PGresult *r = PQexec(c, sql);
	int rc = 0;

	if (!good(r))
		rc = refused(c, r, e);
	PQclear(r);
	return rc;
}

PGresult *
pg_query(PGconn *c, const char *sql, int n, const char *const *params,
    struct pg_error *e)
{
	PGresult *r = PQexecParams(c, sql, n, NULL, params, NULL, NULL, 0);

	if (good(r))
		return r;
	(void)refused(c, r, e);
	PQclear(r);
	return NULL;
}

int
pg_value(PGconn *c, const char *sql, int n, const char *const *params,
    struct buf *out, struct pg_error *e)
{
	PGresult *r = pg_query(c, sql, n, params, e);
	int rc = 0;

	if (r == NULL)
		return -1;
	if (PQntuples(r) > 0 && !PQgetisnull(r, 0, 0)) {
		rc = 1;
		if (buf_adds(out, PQgetvalue(r, 0, 0)) == -1)
			rc = pg_error_set(e, EXIT_LOCAL, "out of memory");
	}
	PQclear(r);
	return rc;
}

int
pg_true(PGconn *c, const char *sql, int n, const char *const *params,
    struct pg_error *e)
{
	PGresult *r = pg_query(c, sql, n, params, e);
	int rc;

	if (r == NULL)
		return -1;
	rc = PQntuples(r) > 0 && !PQgetisnull(r, 0, 0) &&
	    PQgetvalue(r, 0, 0)[0] == 't';
	PQclear(r);
	return rc;
}

struct listener {
	void	(*say)(void *, const char *);
	void	 *arg;
};

static void
drop_notice(void *arg, const PGresult *r)
{
	(void)arg;
	(void)r;
}

static void
pass_notice(void *arg, const PGresult *r)
{
	const struct listener *l = arg;
	const char *level = PQresultErrorField(r,
	    PG_DIAG_SEVERITY_NONLOCALIZED);
	const char *what = PQresultErrorField(r, PG_DIAG_MESSAGE_PRIMARY);

	if (what != NULL && level != NULL && strcmp(level, "WARNING") == 0)
		l->say(l->arg, what);
}

/* libpq frees what is registered by this name with the connection. */
static int
listener_event(PGEventId id, void *info, void *arg)
{
	(void)info;
	if (id == PGEVT_CONNDESTROY)
		free(arg);
	return 1;
}

void
pg_notices(PGconn *c, void (*say)(void *arg, const char *line), void *arg)
{
	struct listener *l;

	if (say == NULL || (l = malloc(sizeof(*l))) == NULL) {
		(void)PQsetNoticeReceiver(c, drop_notice, NULL);
		return;
	}
	l->say = say;
	l->arg = arg;
	(void)PQsetNoticeReceiver(c, pass_notice, l);
	if (!PQregisterEventProc(c, listener_event, "acdb notices", l)) {
		(void)PQsetNoticeReceiver(c, drop_notice, NULL);
		free(l);
	}
}
