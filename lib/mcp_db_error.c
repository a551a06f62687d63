/*
 * mcp_db_error.c - a refusal of the gateway, told to a model: everything
 * that PostgreSQL said, what has become of the transaction, whether to try
 * again, and what to do instead.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcp_db_priv.h"

#define TEXT_MAX_BYTES	9000	/* clients cut errors at about 10,000 */
#define PIECE_MAX	2000
#define ADVICE_ROOM	1000	/* kept for what to do, and the outcome */

/* What to do, by SQLSTATE or by the problem's title. */
static const struct {
	const char	*code, *advice;
} advice[] = {
	{ "42P01", "list_tables or search_schema show what there is. A name "
	    "with capitals needs double quotes (\"userData\"), a table "
	    "outside the search_path its schema (app.orders)." },
	{ "42703", "describe_table shows the columns. Names with capitals "
	    "need double quotes (\"userId\"); text is in single quotes." },
	{ "42883", "Check the name and the types of the arguments; cast "
	    "where needed ($1::int, col::text)." },
	{ "42P18", "Say the parameter's type: $1::text, $1::int." },
	{ "42P08", "Say the parameter's type: $1::text, $1::int." },
	{ "42601", "The syntax is PostgreSQL's: $1, $2 for params; names that "
	    "are reserved words (\"order\", \"user\") or have capitals in "
	    "double quotes, text in single ones, no backquotes; list_tables "
	    "and describe_table for SHOW TABLES, DESCRIBE and \\d." },
	{ "42P10", "ON CONFLICT needs a unique index or primary key on just "
	    "these columns: describe_table shows those there are." },
	{ "42804", "The types differ: cast one of them." },
	{ "42725", "More than one function fits: cast the arguments." },
	{ "3F000", "list_tables shows the schemas." },
	{ "22P02", "The value is not of that type: correct it or cast." },
	{ "42501", "This key's role may not do that; whoami tells the role. "
	    "Do not retry: another key or a GRANT is needed." },
	{ "25006", "This was run read-only. To write use sql_execute, with a "
	    "key that may write." },
	{ "25P02", "An earlier statement failed; the transaction is over." },
	{ "57014", "It took longer than its limit: make it cheaper (explain "
	    "shows how it runs) or pass a larger timeout_ms." },
	{ "55P03", "A lock was not free in time: try again in a moment." },
	{ "40001", "A concurrent transaction interfered: run it again." },
	{ "40P01", "A deadlock was resolved against this call: run it "
	    "again." },
	{ "23505", "The row exists already: update it, or INSERT ... ON "
	    "CONFLICT." },
	{ "23503", "A referenced row is missing, or one still refers to "
	    "this." },
	{ "multiple_statements", "Send one statement a call, or all of them "
	    "to sql_transaction." },
	{ "unsupported_statement", "Statements that belong together go to "
	    "sql_transaction, without BEGIN and COMMIT; a setting for them is "
	    "its first: SELECT set_config('work_mem', '64MB', true). What "
	    "cannot run in a transaction (VACUUM, CREATE INDEX CONCURRENTLY) "
	    "goes to sql_execute, without dry_run and read_only." },
	{ "statement_too_large", "Long values belong into params, many rows "
	    "into several calls." },
	{ "body_too_large", "Send less at once: several calls." },
	{ "unknown_procedure", "rpc_call with an empty procedure lists those "
	    "there are." },
	{ "params_mismatch", "params is an array with one value for each of "
	    "$1, $2 ..." },
	{ "rate_limited", "Wait as long as it says, then go on slower." },
	{ "too_many_connections", "Nothing is wrong with the SQL: all "
	    "connections are busy. Wait a second and try again." },
	{ "database_unavailable", "Nothing is wrong with the SQL: the "
	    "database is away. Try again in a few seconds." },
	{ "response_too_large", "Select fewer rows or columns, or aggregate." },
	{ "idempotency_conflict", "This idempotency_key belongs to another "
	    "request: use a new one." },
	{ "invalid_api_key", "The API key is not known to this gateway: the "
	    "user has to set another one." },
	{ "missing_or_invalid_api_key", "The user has to configure an API "
	    "key." },
	{ "key_inactive", "The API key was revoked or has expired: the user "
	    "has to set another one." },
};

static char *
text_of(const struct mcp_call *c, const char *name)
{
	const struct json *j = &c->answer.json;
	uint32_t i = json_member(j, 0, name);

	return i == 0 || j->tok[i].type != JSON_STRING ? NULL :
	    json_strdup(j, i);
}

static bool
member_is(const struct mcp_call *c, const char *name, const char *text)
{
	uint32_t i = json_member(&c->answer.json, 0, name);

	return i != 0 && json_is(&c->answer.json, i, text);
}

/* As much of a text as there is room for, cut at the end of a character. */
static void
put_piece(struct buf *out, const char *s)
{
	size_t n = strlen(s), room = buf_room(out);
	size_t most = room > ADVICE_ROOM + PIECE_MAX ? PIECE_MAX :
	    room > ADVICE_ROOM ? room - ADVICE_ROOM : 0;

	if (n <= most) {
		buf_add(out, s, n);
		return;
	}
	while (most > 0 && ((unsigned char)s[most] & 0xc0) == 0x80)
		most--;
	buf_add(out, s, most);
	buf_adds(out, "…");
}

static void
put_line(struct buf *out, const struct mcp_call *c, const char *label,
    const char *name)
{
	char *s = text_of(c, name);

	if (s != NULL) {
		buf_addf(out, "\n%s: ", label);
		put_piece(out, s);
	}
	free(s);
}

static void
put_advice(struct buf *out, const struct mcp_call *c, const char *state,
    const char *title)
{
	put_line(out, c, "Hint", "hint");
	for (size_t i = 0; i < NELEM(advice); i++)
		if ((state != NULL && strcmp(state, advice[i].code) == 0) ||
		    (title != NULL && strcmp(title, advice[i].code) == 0)) {
			buf_addf(out, "\nWhat to do: %s", advice[i].advice);
			return;
		}
}

/* What has become of it, and whether to try the same again.  Where PostgreSQL
 * has spoken and there was no transaction, nothing is undone. */
static void
put_outcome(struct buf *out, const struct mcp_call *c, bool spoke)
{
	const struct json *j = &c->answer.json;
	uint32_t retry = json_member(j, 0, "retryable");

	if (member_is(c, "tx", "committed"))
		buf_adds(out, "\nThe change WAS committed.");
	else if (member_is(c, "tx", "unknown"))
		buf_adds(out, "\nIt is UNKNOWN whether the change was "
		    "committed: look at the data before trying again.");
	else if (spoke && json_member(j, 0, "tx") == 0)
		buf_adds(out, "\nIt ran outside a transaction: what it did "
		    "before it failed STAYS (CREATE INDEX CONCURRENTLY leaves "
		    "an INVALID index, to be dropped).");
	else
		buf_adds(out, "\nNothing was committed.");
	if (retry != 0)
		buf_adds(out, j->tok[retry].type == JSON_TRUE ?
		    " The same call may be tried again." :
		    " Trying the same again will not help.");
}

static void
put_problem(struct buf *out, const struct mcp_call *c)
{
	const struct json *j = &c->answer.json;
	char *detail = text_of(c, "detail"), *title = text_of(c, "title");
	char *state = text_of(c, "sqlstate"), *excerpt = text_of(c, "excerpt");
	uint32_t k = json_member(j, 0, "statement");
	int64_t n;

	if (k != 0 && json_int(j, k, 0, 1000, &n) == 0)
		buf_addf(out, "Statement %lld (counted from 0) failed.\n",
		    (long long)n);
	put_piece(out, detail != NULL ? detail : "refused");
	buf_addf(out, " [%s%s%s]", title != NULL ? title : "error",
	    state != NULL ? ", SQLSTATE " : "", state != NULL ? state : "");
	if (excerpt != NULL) {
		buf_addc(out, '\n');
		put_piece(out, excerpt);
	}
	put_line(out, c, "Detail", "pg_detail");
	put_line(out, c, "Schema", "schema");
	put_line(out, c, "Table", "table");
	put_line(out, c, "Column", "column");
	put_line(out, c, "Data type", "datatype");
	put_line(out, c, "Constraint", "constraint");
	put_line(out, c, "Parameter's type", "parameter_type");
	put_line(out, c, "Where", "context");
	put_advice(out, c, state, title);
	/* What does not parse has not come to PostgreSQL. */
	put_outcome(out, c, state != NULL && strcmp(state, "42601") != 0);
	free(detail);
	free(title);
	free(state);
	free(excerpt);
}

void
mcp_db_explain_error(const struct mcp_call *c, struct buf *out)
{
	const char *p;
	size_t n;

	if (c->answer.status == 0) {
		p = buf_peek(&c->answer.body, &n);
		buf_add(out, p, n);
		return;
	}
	if (c->answer.has_json &&
	    c->answer.json.tok[0].type == JSON_OBJECT &&
	    c->answer.status >= 400) {
		put_problem(out, c);
		return;
	}
	buf_addf(out, "the gateway answered %d with something that is not "
	    "its own: is the URL right?", c->answer.status);
}

enum mcp_verdict
mcp_db_error(struct mcp_call *c)
{
	struct buf text;
	const char *p;
	size_t n;

	buf_init(&text, TEXT_MAX_BYTES);
	mcp_db_explain_error(c, &text);
	p = buf_peek(&text, &n);
	mcp_tool_error_text(c, p, n);
	buf_fini(&text);
	return MCP_DONE;
}
