/*
 * mcp_db_gate.c - statements that destroy data need a word from the user:
 * DROP, TRUNCATE, DELETE and UPDATE without WHERE.
 *
 * The gateway decides which those are, refuses them with a token that is
 * good for the same key, statement and parameters and for some minutes, and
 * runs them with it.  Here the user is asked, with the number of rows that
 * would go: by elicitation where the client has it; else the model is told
 * the token, and to ask.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mcp_db_priv.h"

#define TABLES_MAX	4
#define SQL_SHOWN	1500	/* bytes of its front, and of its end */
#define COUNT_MS	2000

enum { BEGIN, ASKED, COUNTED, ELICITED };

struct gate {
	char	*token, *sql;
	bool	 counting;
};

static void
gate_free(void *p)
{
	struct gate *g = p;

	if (g == NULL)
		return;
	free(g->token);
	free(g->sql);
	free(g);
}

/* Blanks and comments. */
static const char *
skip(const char *p)
{
	const char *end;

	for (;;) {
		while (isspace((unsigned char)*p))
			p++;
		if (p[0] == '-' && p[1] == '-')
			p += strcspn(p, "\n");
		else if (p[0] == '/' && p[1] == '*' &&
		    (end = strstr(p + 2, "*/")) != NULL)
			p = end + 2;
		else
			return p;
	}
}

static bool
word(const char **p, const char *w)
{
	size_t n = strlen(w);

	if (strncasecmp(*p, w, n) != 0 || isalnum((unsigned char)(*p)[n]) ||
	    (*p)[n] == '_')
		return false;
	*p = skip(*p + n);
	return true;
}

/* The end of a name at p, with its dots; p itself where there is none. */
static const char *
name_end(const char *p)
{
	const char *q;

	for (;;) {
		if (*p == '"') {
			if ((q = strchr(p + 1, '"')) == NULL)
				return p;
			p = q + 1;
		} else
			while (isalnum((unsigned char)*p) || *p == '_' ||
			    (unsigned char)*p >= 0x80)
				p++;
		if (*p != '.' && *p != '"')
			return p;
		p += *p == '.';
	}
}

/* A query that counts the rows of the tables that a statement names: as a
 * help to the user, it need not understand every statement. */
static int
put_count(struct buf *sql, const char *p)
{
	const char *end;
	bool many;
	int n = 0;

	p = skip(p);
	if (word(&p, "DELETE"))
		many = !word(&p, "FROM");
	else if (word(&p, "UPDATE"))
		many = false;
	else if (word(&p, "TRUNCATE")) {
		(void)word(&p, "TABLE");
		many = true;
	} else {
		many = word(&p, "DROP");
		if ((!many && !word(&p, "ALTER")) || !word(&p, "TABLE") ||
		    (word(&p, "IF") && !word(&p, "EXISTS")))
			return -1;
	}
	do {
		(void)word(&p, "ONLY");
		if ((end = name_end(p)) == p)
			break;
		buf_addf(sql, "%sSELECT '", n == 0 ? "" : " UNION ALL ");
		for (const char *q = p; q < end; q++)
			if (*q != '\'')
				buf_addc(sql, *q);
		buf_adds(sql, "', count(*) FROM ");
		buf_add(sql, p, (size_t)(end - p));
		p = skip(end);
		if (*p == '*')
			p = skip(p + 1);
	} while (++n < TABLES_MAX && many && *p == ',' &&
	    (p = skip(p + 1)) != NULL);
	return n > 0 ? 0 : -1;
}

/* The SQL of statement k of the call: an argument, or one of a list. */
static char *
statement_sql(const struct mcp_call *c, int64_t k)
{
	struct mcp_value v = strcmp(c->tool->name, "sql_transaction") == 0 ?
	    mcp_arg(c, "statements") : mcp_arg(c, "sql");
	uint32_t i;

	if (v.j == NULL || v.j->tok[v.i].type == JSON_STRING)
		return mcp_strdup(v);
	i = json_first(v.j, v.i);
	for (; i != 0 && k > 0; k--)
		i = json_next(v.j, v.i, i);
	if (i == 0)
		return NULL;
	v.i = i;
	return v.j->tok[i].type == JSON_OBJECT ?
	    mcp_strdup(mcp_member(v, "sql")) : mcp_strdup(v);
}

static bool
is_held_back(const struct mcp_call *c)
{
	uint32_t title = !c->answer.has_json ? 0 :
	    json_member(&c->answer.json, 0, "title");

	return c->answer.status == 409 && title != 0 &&
	    json_is(&c->answer.json, title, "confirmation_required");
}

static struct gate *
hold(struct mcp_call *c)
{
	const struct json *j = &c->answer.json;
	uint32_t token = json_member(j, 0, "confirm_token");
	uint32_t k = json_member(j, 0, "statement");
	struct gate *g;
	int64_t n = 0;

	if (k != 0 && json_int(j, k, 0, 10000, &n) == -1)
		n = 0;
	if (token == 0 || (g = calloc(1, sizeof(*g))) == NULL)
		return NULL;
	g->token = json_strdup(j, token);
	g->sql = statement_sql(c, n);
	if (c->state_free != NULL)
		c->state_free(c->state);
	c->state = g;
	c->state_free = gate_free;
	return g->token == NULL || g->sql == NULL ? NULL : g;
}

/* What destroys may stand anywhere in a statement: of a long one both ends are
 * shown, and how much is not. */
static void
put_sql(struct buf *out, const char *sql)
{
	size_t n = strlen(sql), front = SQL_SHOWN, end;

	if (n <= (size_t)2 * SQL_SHOWN) {
		buf_add(out, sql, n);
		return;
	}
	end = n - SQL_SHOWN;
	while (((unsigned char)sql[front] & 0xc0) == 0x80)
		front--;
	while (((unsigned char)sql[end] & 0xc0) == 0x80)
		end++;
	buf_add(out, sql, front);
	buf_addf(out, " … (%zu bytes are not shown) … ", end - front);
	buf_adds(out, sql + end);
}

/* What is about to happen, for the user. */
static void
put_question(struct mcp_call *c, const struct gate *g, struct buf *out)
{
	char *name, *count;
	uint32_t n = g->counting && mcp_db_ok(c) ? mcp_db_rows(c, 0) : 0;

	if (mcp_arg(c, "confirm_token").j != NULL)
		buf_adds(out, "The confirm_token that was given is not, or "
		    "no longer, good for this. ");
	buf_adds(out, "This destroys data: ");
	put_sql(out, g->sql);
	buf_addc(out, '\n');
	for (uint32_t i = 0; i < n; i++) {
		name = mcp_db_cell(c, 0, i, 0);
		count = mcp_db_cell(c, 0, i, 1);
		if (name != NULL && count != NULL)
			buf_addf(out, "%s has %s row%s now. ", name, count,
			    strcmp(count, "1") == 0 ? "" : "s");
		free(name);
		free(count);
	}
	if (n == 0)
		buf_adds(out, "How many rows it would affect is not known. ");
}

#define ELICIT_SCHEMA "\"requestedSchema\":{\"type\":\"object\"," \
    "\"properties\":{\"confirm\":{\"type\":\"boolean\",\"title\":" \
    "\"Yes, run it\"}},\"required\":[\"confirm\"]}"

static enum mcp_verdict
ask_user(struct mcp_call *c, const struct gate *g)
{
	struct buf question, params;
	const char *p;
	size_t n;

	buf_init(&question, 8192);
	buf_init(&params, 65536);
	put_question(c, g, &question);
	buf_adds(&question, "Run it?");
	p = buf_peek(&question, &n);
	if (c->modern)
		buf_adds(&params, "{\"confirm\":{\"method\":"
		    "\"elicitation/create\",\"params\":");
	buf_adds(&params, "{");
	if (c->version >= MCP_2025_11_25)
		buf_adds(&params, "\"mode\":\"form\",");
	buf_adds(&params, "\"message\":");
	json_put_str(&params, p, n);
	buf_adds(&params, "," ELICIT_SCHEMA "}");
	if (c->modern) {
		buf_adds(&params, "}}");
		mcp_input_required(c, buf_cstr(&params), g->token);
	} else
		mcp_tell_request(c, "elicitation/create", buf_cstr(&params));
	buf_fini(&question);
	buf_fini(&params);
	c->step = ELICITED;
	return c->modern ? MCP_DONE : MCP_CLIENT;
}

static enum mcp_verdict
tell_token(struct mcp_call *c, const struct gate *g)
{
	struct buf text;
	const char *p;
	size_t n;

	buf_init(&text, 8192);
	buf_adds(&text, "CONFIRMATION NEEDED. ");
	put_question(c, g, &text);
	buf_addf(&text, "Nothing was done. Tell the user what would happen; "
	    "only if the user agrees, call %s again with the same arguments "
	    "and confirm_token \"%s\" (good for this statement alone, for "
	    "some minutes).", c->tool->name, g->token);
	p = buf_peek(&text, &n);
	mcp_tool_error_text(c, p, n);
	buf_fini(&text);
	return MCP_DONE;
}

static enum mcp_verdict
ask_or_tell(struct mcp_call *c)
{
	const struct gate *g = c->state;

	if (c->client.elicitation && (c->modern || c->session != NULL))
		return ask_user(c, g);
	return tell_token(c, g);
}

/* The answer to an elicitation says yes. */
static bool
agrees(struct mcp_value v)
{
	struct mcp_value action = mcp_member(v, "action");
	struct mcp_value yes = mcp_member(mcp_member(v, "content"),
	    "confirm");

	return action.j != NULL && json_is(action.j, action.i, "accept") &&
	    yes.j != NULL && yes.j->tok[yes.i].type == JSON_TRUE;
}

static enum mcp_verdict
declined(struct mcp_call *c)
{
	return mcp_tool_error(c, "The user declined: nothing was done. Do not "
	    "try it another way.");
}

/* What stands for the user's word at the beginning: a token the model was
 * given, or the state and answer that a modern client sends again. */
static enum mcp_verdict
begin(struct mcp_call *c,
    enum mcp_verdict (*ask)(struct mcp_call *, const char *))
{
	struct mcp_value v = mcp_input_response(c, "confirm");
	char *token = mcp_arg_str(c, "confirm_token"), *state = NULL;
	enum mcp_verdict verdict;

	c->step = ASKED;
	if (c->modern && (state = mcp_request_state(c)) != NULL &&
	    v.j != NULL && !agrees(v)) {
		free(token);
		free(state);
		return declined(c);
	}
	verdict = ask(c, token != NULL ? token : state != NULL && v.j != NULL
	    ? state : "required");
	free(token);
	free(state);
	return verdict;
}

static enum mcp_verdict
held_back(struct mcp_call *c)
{
	struct gate *g = hold(c);
	struct buf sql;

	if (g == NULL)
		return mcp_db_error(c);
	c->step = COUNTED;
	buf_init(&sql, 4096);
	g->counting = put_count(&sql, g->sql) == 0 && !buf_failed(&sql);
	if (g->counting)
		buf_addf(mcp_db_ask_sql(c, buf_cstr(&sql)),
		    ",\"timeout_ms\":%d,\"read_only\":true", COUNT_MS);
	buf_fini(&sql);
	return g->counting ? mcp_db_ask_end(c) : ask_or_tell(c);
}

enum mcp_verdict
mcp_db_gate(struct mcp_call *c,
    enum mcp_verdict (*ask)(struct mcp_call *, const char *),
    enum mcp_verdict (*tell)(struct mcp_call *))
{
	const struct gate *g = c->state;

	switch (c->step) {
	case BEGIN:
		return begin(c, ask);
	case ASKED:
		return is_held_back(c) ? held_back(c) : tell(c);
	case COUNTED:
		return ask_or_tell(c);
	case ELICITED:
		if (c->refused || !agrees(c->reply))
			return declined(c);
		c->step = ASKED;
		return ask(c, g->token);
	}
	return mcp_error(c, MCP_E_INTERNAL, NULL, "no such step");
}
