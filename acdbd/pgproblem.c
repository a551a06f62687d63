/*
 * pgproblem.c - see pgproblem.h.
 */
#include <stdlib.h>
#include <string.h>

#include "pgproblem.h"
#include "stmt.h"

#define TEXT_MAX	65536	/* of a message: more helps nobody */

/* By SQLSTATE, or by class (two characters); the first match counts.  The
 * contract's table of errors is the order. */
static const struct {
	const char	*sqlstate;
	int		 status;
	const char	*title;
	int		 retryable;
} map[] = {
	{ "42601", 400, "parse_error", 0 },
	{ "42P01", 400, "undefined_object", 0 },
	{ "42883", 400, "undefined_object", 0 },
	{ "42703", 400, "undefined_object", 0 },
	{ "42704", 400, "undefined_object", 0 },
	{ "3F000", 400, "undefined_object", 0 },
	{ "22", 400, "invalid_input", 0 },
	{ "42501", 403, "permission_denied", 0 },
	{ "25006", 403, "permission_denied", 0 },
	{ "57014", 408, "statement_timeout", 0 },
	{ "23505", 409, "unique_violation", 0 },
	{ "23502", 409, "integrity_violation", 0 },
	{ "23503", 409, "integrity_violation", 0 },
	{ "23514", 409, "integrity_violation", 0 },
	{ "23P01", 409, "integrity_violation", 0 },
	{ "40001", 409, "serialization_failure", 1 },
	{ "40P01", 409, "deadlock_detected", 1 },
	{ "53300", 503, "too_many_connections", 1 },
	{ "57P01", 503, "database_unavailable", 1 },
	{ "57P02", 503, "database_unavailable", 1 },
	{ "57P03", 503, "database_unavailable", 1 },
	{ "55P03", 500, "database_error", 1 },
	{ "53", 500, "database_error", 1 },
	{ "", 500, "database_error", 0 },
};

/* How much of a text is told; no character is halved. */
static int
told(const char *s)
{
	size_t n = strnlen(s, TEXT_MAX + 1);

	if (n <= TEXT_MAX)
		return (int)n;
	for (n = TEXT_MAX; n > 0 && (s[n] & 0xc0) == 0x80; n--)
		continue;
	return (int)n;
}

static char *
field(const PGresult *res, int code)
{
	const char *s = PQresultErrorField(res, code);

	return s == NULL ? NULL : strndup(s, (size_t)told(s));
}

int
pgproblem_set(struct problem *why, const PGresult *res, const char *sql,
    size_t n)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	const char *message = PQresultErrorField(res,
	    PG_DIAG_MESSAGE_PRIMARY);
	const char *position = PQresultErrorField(res,
	    PG_DIAG_STATEMENT_POSITION);
	size_t i;

	/* No SQLSTATE: libpq's own words, the connection is gone. */
	if (state == NULL) {
		problem_set(why, 503, "database_unavailable",
		    "the connection to the database was lost");
		why->retry_after = 1;
		why->retryable = 1;
		return -1;
	}
	for (i = 0; strncmp(state, map[i].sqlstate, strlen(map[i].sqlstate));
	    i++)
		continue;
	if (message == NULL)
		message = "";
	problem_set(why, map[i].status, map[i].title, "%.*s", told(message),
	    message);
	strncpy(why->sqlstate, state, sizeof(why->sqlstate) - 1);
	why->retryable = map[i].retryable;
	if (map[i].status == 503)
		why->retry_after = 1;
	why->hint = field(res, PG_DIAG_MESSAGE_HINT);
	why->pg_detail = field(res, PG_DIAG_MESSAGE_DETAIL);
	why->schema = field(res, PG_DIAG_SCHEMA_NAME);
	why->table = field(res, PG_DIAG_TABLE_NAME);
	why->column = field(res, PG_DIAG_COLUMN_NAME);
	why->datatype = field(res, PG_DIAG_DATATYPE_NAME);
	why->constraint = field(res, PG_DIAG_CONSTRAINT_NAME);
	why->context = field(res, PG_DIAG_CONTEXT);
	why->severity = field(res, PG_DIAG_SEVERITY_NONLOCALIZED);
	if (position != NULL && sql != NULL) {
		why->position = (int)strtol(position, NULL, 10);
		stmt_excerpt(why, sql, n);
	}
	return -1;
}

int
pgproblem_parameter(const PGresult *res)
{
	static const char head[] = "unnamed portal parameter $";
	const char *context = PQresultErrorField(res, PG_DIAG_CONTEXT);
	const char *line = context == NULL ? NULL : strrchr(context, '\n');

	/* Nothing else tells it: the outermost line, below what the type's own
	 * input function has to say.  A server that speaks another language
	 * than English leaves it to the context to be read. */
	line = line == NULL ? context : line + 1;
	if (line == NULL || strncmp(line, head, strlen(head)) != 0)
		return 0;
	return (int)strtol(line + strlen(head), NULL, 10);
}

int
pgproblem_unavailable(struct problem *why)
{
	(void)problem_set(why, 503, "database_unavailable",
	    "the database cannot be reached at the moment");
	why->retry_after = 1;
	why->retryable = 1;
	return -1;
}
