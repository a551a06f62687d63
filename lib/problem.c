/*
 * problem.c - see problem.h.  Knows the shape of a problem document, not
 * who asks or what for.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json.h"
#include "problem.h"

#define TYPE_PREFIX	"urn:agentcoopdb:problem:"

void
problem_init(struct problem *why)
{
	memset(why, 0, sizeof(*why));
	why->statement = -1;
	why->retryable = -1;
}

void
problem_fini(struct problem *why)
{
	free(why->detail);
	free(why->hint);
	free(why->pg_detail);
	free(why->schema);
	free(why->table);
	free(why->column);
	free(why->datatype);
	free(why->parameter_type);
	free(why->constraint);
	free(why->context);
	free(why->severity);
	free(why->excerpt);
	free(why->confirm_token);
	problem_init(why);
}

int
problem_set(struct problem *why, int status, const char *title,
    const char *fmt, ...)
{
	va_list ap;
	char *detail;

	/* Formatted first: an argument may stand in the old problem. */
	va_start(ap, fmt);
	if (vasprintf(&detail, fmt, ap) == -1)
		detail = NULL;
	va_end(ap);
	problem_fini(why);
	why->status = status;
	why->title = title;
	why->detail = detail;
	return -1;
}

int
problem_internal(struct problem *why)
{
	return problem_set(why, 500, "internal_error", "%s",
	    "the server failed; its log tells more under this request id");
}

static void
put_text(struct buf *out, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0')
		return;
	buf_addf(out, ",\"%s\":", name);
	json_put_cstr(out, value);
}

static void
put_count(struct buf *out, const char *name, int value, int least)
{
	if (value >= least)
		buf_addf(out, ",\"%s\":%d", name, value);
}

static const char *
tx_name(enum problem_tx tx)
{
	switch (tx) {
	case PROBLEM_TX_COMMITTED:
		return "committed";
	case PROBLEM_TX_ROLLED_BACK:
		return "rolled_back";
	case PROBLEM_TX_UNKNOWN:
		return "unknown";
	case PROBLEM_TX_NONE:
		break;
	}
	return NULL;
}

/* What PostgreSQL said beside its message, in its own order. */
static void
put_database(const struct problem *why, struct buf *out)
{
	put_text(out, "sqlstate", why->sqlstate);
	put_text(out, "severity", why->severity);
	put_text(out, "hint", why->hint);
	put_text(out, "pg_detail", why->pg_detail);
	put_count(out, "position", why->position, 1);
	put_count(out, "line", why->line, 1);
	put_count(out, "line_column", why->column_number, 1);
	put_text(out, "schema", why->schema);
	put_text(out, "table", why->table);
	put_text(out, "column", why->column);
	put_text(out, "datatype", why->datatype);
	put_text(out, "constraint", why->constraint);
	put_text(out, "context", why->context);
	put_count(out, "parameter", why->parameter, 1);
	put_text(out, "parameter_type", why->parameter_type);
	put_text(out, "excerpt", why->excerpt);
}

void
problem_write(const struct problem *why, const char *request_id,
    struct buf *out)
{
	const char *title = why->title != NULL ? why->title : "unknown";

	buf_addf(out, "{\"type\":\"" TYPE_PREFIX "%s\",\"title\":\"%s\","
	    "\"status\":%d", title, title, why->status);
	put_text(out, "detail", why->detail);
	put_database(why, out);
	put_count(out, "statement", why->statement, 0);
	if (why->retryable >= 0)
		buf_addf(out, ",\"retryable\":%s",
		    why->retryable ? "true" : "false");
	put_text(out, "tx", tx_name(why->tx));
	put_text(out, "confirm_token", why->confirm_token);
	put_text(out, "request_id", request_id);
	buf_addc(out, '}');
}
