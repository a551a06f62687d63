/*
 * mcp_db_explain.c - explain: how PostgreSQL would run a statement, what it
 * costs, and what stands out.
 *
 * Without analyze nothing is run.  With it the statement is, in a read-only
 * transaction, so that it can change nothing.
 */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "mcp_db_priv.h"
#include "sqllex.h"

#define MANY_ROWS	10000.0	/* worth an index */
#define FAR_OFF		10.0	/* times, of an estimate */
#define FINDINGS_MAX	20	/* shown */

struct findings {
	struct buf	 json;
	int		 n;
};

static enum mcp_verdict
ask(struct mcp_call *c)
{
	bool analyze = mcp_arg_bool(c, "analyze");
	struct mcp_value params = mcp_arg(c, "params");
	bool has = params.j != NULL && params.j->tok[params.i].n > 0;
	char *sql = mcp_arg_str(c, "sql");
	struct buf text, *body;

	if (sql == NULL)
		return mcp_tool_error(c, "sql cannot be read");
	if (strncasecmp(sql + strspn(sql, " \t\r\n"), "EXPLAIN", 7) == 0) {
		free(sql);
		return mcp_tool_error(c, "pass the statement itself, without "
		    "EXPLAIN in front; analyze: true is for EXPLAIN ANALYZE");
	}
	/* A generic plan is not to be had: what is bound for GENERIC_PLAN's
	 * placeholders is looked at after all, and NULL makes nonsense. */
	if (!has && sqllex_params(sql, strlen(sql)) > 0) {
		free(sql);
		return mcp_tool_error(c, "the plan depends on the values: "
		    "pass params, with a typical value for each of $1, $2 "
		    "...");
	}
	buf_init(&text, MCP_MESSAGE_MAX);
	buf_addf(&text, "EXPLAIN (%s) ", analyze ? "ANALYZE, BUFFERS" :
	    "COSTS");
	buf_adds(&text, sql);
	free(sql);
	body = mcp_db_ask_sql(c, buf_cstr(&text));
	buf_fini(&text);
	mcp_db_pass(c, body, "params");
	mcp_db_pass(c, body, "timeout_ms");
	buf_adds(body, ",\"read_only\":true");
	return mcp_db_ask_end(c);
}

/* The number behind a label in a line of a plan; -1: it is not there.  What
 * looks like one may be of a name or of a constant. */
static double
number(const char *line, const char *label)
{
	const char *p = strstr(line, label);
	double n = p == NULL ? -1 : strtod(p + strlen(label), NULL);

	return isfinite(n) ? n : -1;
}

static void
put_finding(struct findings *f, const char *fmt, const char *line, double n)
{
	struct buf text;
	const char *p;
	size_t len;

	if (f->n++ >= FINDINGS_MAX)
		return;
	while (*line == ' ' || *line == '-' || *line == '>')
		line++;
	buf_init(&text, 1024);
	buf_addf(&text, "%.*s: ", (int)strcspn(line, "("), line);
	while (buf_len(&text) > 3 && buf_peek(&text, &len)[len - 3] == ' ') {
		buf_truncate(&text, buf_len(&text) - 3);
		buf_adds(&text, ": ");
	}
	buf_addf(&text, "%.0f ", n);
	buf_adds(&text, fmt);
	p = buf_peek(&text, &len);
	if (f->n > 1)
		buf_addc(&f->json, ',');
	json_put_str(&f->json, p, len);
	buf_fini(&text);
}

/* What stands out in one line; node is the last line that named one. */
static void
look(const char *line, const char *node, struct findings *findings)
{
	double rows = number(line, " rows="), actual = -1, removed;
	const char *second = strstr(line, "actual ");

	if (second != NULL)
		actual = number(second, " rows=");
	if (strstr(line, "Seq Scan on ") != NULL &&
	    (actual >= 0 ? actual : rows) >= MANY_ROWS)
		put_finding(findings, "rows are read one by one: an index on "
		    "what is filtered or joined would help, if few of them "
		    "are wanted", line, actual >= 0 ? actual : rows);
	if (actual >= 0 && rows > 0 && (actual > rows * FAR_OFF ||
	    actual * FAR_OFF < rows) && actual + rows > 1000)
		put_finding(findings, "rows came, the estimate was far off: "
		    "ANALYZE the table, or extended statistics", line,
		    actual);
	removed = number(line, "Rows Removed by Filter: ");
	if (removed >= MANY_ROWS)
		put_finding(findings, "rows were read and thrown away: index "
		    "the filter", node, removed);
	if (strstr(line, "external merge") != NULL)
		put_finding(findings, "kB were sorted on disk: raise work_mem "
		    "(a setting) or sort by an index", node,
		    number(line, "Disk: "));
}

static void
put_member(struct buf *out, const char *name, double n)
{
	if (n >= 0)
		buf_addf(out, ",\"%s\":%g", name, n);
}

static void
put_summary(struct buf *out, const struct mcp_call *c, const char *first)
{
	const char *cost = strstr(first, "(cost=");
	double total = cost == NULL ? -1 : number(cost, "..");
	double rows = number(first, " rows="), planning = -1, execution = -1;
	uint32_t row = 0;
	char *line;

	/* The times are the last of their kind. */
	while (mcp_db_next_line(c, &row, &line)) {
		if (line == NULL)
			continue;
		if (strncmp(line, "Planning Time: ", 15) == 0)
			planning = number(line, ": ");
		if (strncmp(line, "Execution Time: ", 16) == 0)
			execution = number(line, ": ");
		free(line);
	}
	buf_addf(out, ",\"summary\":{\"total_cost\":%g,\"rows\":%.0f",
	    total < 0 ? 0.0 : total, rows < 0 ? 0.0 : rows);
	put_member(out, "planning_ms", planning);
	put_member(out, "execution_ms", execution);
	buf_addc(out, '}');
}

static void
put_findings(struct buf *out, const struct findings *f, bool plan_cut)
{
	size_t n;
	const char *p = buf_peek(&f->json, &n);

	buf_adds(out, ",\"findings\":[");
	buf_add(out, p, n);
	buf_addc(out, ']');
	if (!plan_cut && f->n <= FINDINGS_MAX)
		return;
	buf_adds(out, ",\"truncated\":true,\"notice\":\"INCOMPLETE: ");
	if (plan_cut)
		buf_adds(out, "only the front of the plan is shown. ");
	if (f->n > FINDINGS_MAX)
		buf_addf(out, "%d findings are not shown. ",
		    f->n - FINDINGS_MAX);
	buf_adds(out, "Explain a part of the statement.\"");
}

static enum mcp_verdict
tell(struct mcp_call *c)
{
	struct buf out, plan;
	struct findings findings = { .n = 0 };
	char *line, *node = strdup(""), *first = NULL;
	uint32_t row = 0;
	const char *p;
	size_t n;

	buf_init(&out, MCP_OUT_MAX / 4);
	buf_init(&plan, MCP_DB_BYTES);
	buf_init(&findings.json, MCP_OUT_MAX / 4);
	while (mcp_db_next_line(c, &row, &line)) {
		if (line == NULL)
			continue;
		if (!buf_failed(&plan))
			buf_addf(&plan, "%s%s", first != NULL ? "\n" : "",
			    line);
		look(line, node != NULL ? node : "", &findings);
		if (first == NULL)
			first = strdup(line);
		if (strstr(line, "(cost=") != NULL) {
			free(node);
			node = line;
		} else
			free(line);
	}
	p = buf_peek(&plan, &n);
	buf_adds(&out, "{\"plan\":");
	json_put_str(&out, p, n);
	put_summary(&out, c, first != NULL ? first : "");
	put_findings(&out, &findings, buf_failed(&plan));
	buf_addc(&out, '}');
	mcp_tool_json(c, &out);
	free(node);
	free(first);
	buf_fini(&out);
	buf_fini(&plan);
	buf_fini(&findings.json);
	return MCP_DONE;
}

enum mcp_verdict
mcp_db_plan(struct mcp_call *c)
{
	if (c->step++ == 0)
		return ask(c);
	return mcp_db_ok(c) ? tell(c) : mcp_db_error(c);
}
