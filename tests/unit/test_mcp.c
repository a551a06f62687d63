/*
 * test_mcp.c - the protocol without transport or gateway: eras, headers,
 * refusals, what is told in between.
 */
#include <time.h>

#include "lib/mcp_db.h"
#include "tap.h"

#define META(more) "\"_meta\":{\"io.modelcontextprotocol/protocolVersion\":" \
    "\"2026-07-28\",\"io.modelcontextprotocol/clientCapabilities\":{" more "}}"
#define CALL(method, params) "{\"jsonrpc\":\"2.0\",\"id\":7,\"method\":\"" \
    method "\",\"params\":{" params "}}"
#define SQL(sql) "\"name\":\"sql_query\",\"arguments\":{\"sql\":\"" sql "\"}"

static struct mcp_call *
call_of(const char *message, size_t n, const char *version,
    const char *method, const char *name)
{
	struct mcp_from from = { .http = version != NULL, .version = version,
	    .method = method, .name = name };
	struct mcp_call *c;

	if (version != NULL && *version == '\0')
		from.version = NULL;
	c = mcp_call_new(&mcp_db_server, &from, tap_guarded(message, n), n);
	if (c == NULL)
		abort();
	return c;
}

static const struct {
	const char *version, *method, *name;	/* NULL version: no HTTP */
	const char *message;
	int	 status;
	const char *want;	/* in the answer; "": there is none;
				 * "ask": a request to the gateway */
} cases[] = {
	/* versions */
	{ NULL, NULL, NULL, CALL("initialize",
	    "\"protocolVersion\":\"2024-11-05\""), 200,
	    "\"protocolVersion\":\"2024-11-05\"" },
	{ NULL, NULL, NULL, CALL("initialize",
	    "\"protocolVersion\":\"2026-07-28\""), 200,
	    "\"protocolVersion\":\"2025-11-25\"" },
	{ "", NULL, NULL, CALL("ping", ""), 200, "\"result\":{}" },
	{ "1999-01-01", NULL, NULL, CALL("ping", ""), 400, "-32022" },
	{ "2026-07-28", "server/discover", NULL,
	    CALL("server/discover", META("")), 200, "supportedVersions" },
	/* the modern era asks for its _meta, and for no more than that */
	{ "2026-07-28", "tools/list", NULL, CALL("tools/list", ""), 400,
	    "-32602" },
	{ NULL, NULL, NULL, CALL("tools/list", "\"_meta\":{"
	    "\"io.modelcontextprotocol/clientCapabilities\":{}}"), 400,
	    "-32602" },
	{ NULL, NULL, NULL, CALL("ping", META("")), 404, "-32601" },
	{ NULL, NULL, NULL, CALL("server/discover", ""), 200, "-32601" },
	/* headers and body say the same */
	{ "2026-07-28", "tools/call", "sql_query", CALL("tools/call",
	    SQL("SELECT 1") "," META("")), 200, "ask" },
	{ "2026-07-28", "tools/call", "=?base64?c3FsX3F1ZXJ5?=",
	    CALL("tools/call", SQL("SELECT 1") "," META("")), 200, "ask" },
	{ "2026-07-28", "tools/call", "=?base64?c3FsX3F1ZXJ?=",
	    CALL("tools/call", SQL("SELECT 1") "," META("")), 400, "-32020" },
	{ "2026-07-28", "tools/call", "sql_execute", CALL("tools/call",
	    SQL("SELECT 1") "," META("")), 400, "-32020" },
	{ "2026-07-28", "tools/list", NULL, CALL("tools/call",
	    SQL("SELECT 1") "," META("")), 400, "-32020" },
	{ "", "tools/list", NULL, CALL("tools/list", META("")), 400,
	    "-32020" },
	/* messages that are none */
	{ NULL, NULL, NULL, "{", 400, "-32700" },
	{ NULL, NULL, NULL, "[]", 400, "-32600" },
	{ NULL, NULL, NULL, "{\"jsonrpc\":\"2.0\",\"id\":null,"
	    "\"method\":\"ping\"}", 400, "\"id\":null,\"error\"" },
	{ NULL, NULL, NULL, CALL("nonsense", ""), 200, "-32601" },
	{ NULL, NULL, NULL, "{\"jsonrpc\":\"2.0\",\"method\":\"ping\"}", 202,
	    "" },
	/* batches are of 2025-03-26 and before */
	{ "2025-03-26", NULL, NULL, "[" CALL("ping", "") "," CALL("x", "")
	    "]", 200, "[{\"jsonrpc\":\"2.0\",\"id\":7,\"result\":{}},{" },
	{ "2025-06-18", NULL, NULL, "[" CALL("ping", "") "]", 400, "-32600" },
	/* tools */
	{ NULL, NULL, NULL, CALL("tools/call", "\"name\":\"nope\""), 200,
	    "-32602" },
	{ NULL, NULL, NULL, CALL("tools/call", "\"name\":\"sql_query\""), 200,
	    "missing argument \\\"sql\\\"" },
	{ NULL, NULL, NULL, CALL("tools/call", "\"name\":\"sql_query\","
	    "\"arguments\":{\"sql\":\"SELECT 1\",\"limit\":1}"), 200,
	    "there is no argument \\\"limit\\\"" },
	{ NULL, NULL, NULL, CALL("tools/call", "\"name\":\"sql_query\","
	    "\"arguments\":{\"sql\":\"SELECT $1\",\"params\":\"[1]\"}"), 200,
	    "ask" },
};

static void
test_cases(void)
{
	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct mcp_call *c = call_of(cases[i].message,
		    strlen(cases[i].message), cases[i].version,
		    cases[i].method, cases[i].name);
		enum mcp_verdict v = mcp_call_run(c);
		const char *out = buf_cstr(&c->out), *want = cases[i].want;

		ok(c->status == cases[i].status && (v == MCP_ASK ?
		    strcmp(want, "ask") == 0 : *want == '\0' ? *out == '\0' :
		    strstr(out, want) != NULL), "%.120s", cases[i].message);
		if (tap_failed > 0)
			printf("# case %zu: %d %s\n", i, c->status, out);
		mcp_call_free(c);
	}
}

static void
test_prefixes(void)
{
	static const char text[] = CALL("tools/call", SQL("SELECT 1") ","
	    META("\"elicitation\":{}"));
	int whole = 0;

	for (size_t n = 0; n < sizeof(text); n++) {
		struct mcp_call *c = call_of(text, n, NULL, NULL, NULL);

		whole += mcp_call_run(c) == MCP_ASK;
		mcp_call_free(c);
	}
	ok(whole == 1, "only the whole message is one");
}

static const struct {
	const char *caps;
	bool	 forms;
} clients[] = {
	{ "", false }, { "\"roots\":{}", false },
	{ "\"elicitation\":{}", true },
	{ "\"elicitation\":{\"form\":{}}", true },
	{ "\"elicitation\":{\"url\":{}}", false },
	{ "\"elicitation\":{\"url\":{},\"form\":{}}", true },
};

static void
test_elicitation(void)
{
	char text[512];

	for (size_t i = 0; i < sizeof(clients) / sizeof(clients[0]); i++) {
		struct mcp_call *c;

		snprintf(text, sizeof(text), CALL("tools/list", META("%s")),
		    clients[i].caps);
		c = call_of(text, strlen(text), NULL, NULL, NULL);
		ok(c->client.elicitation == clients[i].forms,
		    "forms can be sent: %s", clients[i].caps);
		mcp_call_free(c);
	}
}

static void
test_progress(void)
{
	static const struct {
		const char *token, *told;
	} tokens[] = {
		{ "5", "\"progressToken\":5,\"progress\":2," },
		{ "\"a\\nb\"", "\"progressToken\":\"a\\nb\",\"progress\":2," },
		{ "{\n}", NULL }, { "[\n]", NULL }, { "null", NULL },
	};
	char text[512];

	for (size_t i = 0; i < sizeof(tokens) / sizeof(tokens[0]); i++) {
		struct mcp_call *c;
		bool told;

		snprintf(text, sizeof(text), CALL("tools/call", SQL("SELECT 1")
		    ",\"_meta\":{\"progressToken\":%s}"), tokens[i].token);
		c = call_of(text, strlen(text), NULL, NULL, NULL);
		if (mcp_call_run(c) != MCP_ASK)
			abort();
		told = mcp_call_beat(c, 2);
		ok(told == (tokens[i].told != NULL) && (!told || strstr(
		    buf_cstr(&c->tell), tokens[i].told) != NULL),
		    "progress by the token %zu", i);
		mcp_call_free(c);
	}
}

/* What a reader's call asks of the gateway changes nothing, whatever the key
 * may. */
static void
test_reader(void)
{
	static const char text[] = "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
	    "\"tools/call\",\"params\":{\"name\":\"sql_execute\","
	    "\"arguments\":{\"sql\":\"DELETE FROM t\",\"read_only\":false}}}";
	struct mcp_from from = { .who = { .known = true, .read_only = true } };
	struct mcp_call *c = mcp_call_new(&mcp_db_server, &from, text,
	    strlen(text));

	if (c == NULL)
		abort();
	ok(mcp_call_run(c) == MCP_ASK && !c->ask.writes && strstr(
	    buf_cstr(&c->ask.body), "\"read_only\":true") != NULL,
	    "a reader's sql_execute is read-only");
	mcp_call_free(c);
}

static void
answer_with(struct mcp_call *c, int status, const char *text)
{
	struct buf body;

	buf_init(&body, 4096);
	buf_adds(&body, text);
	mcp_call_answer(c, status, &body);
	buf_fini(&body);
}

/* What a long statement destroys is shown, wherever that stands. */
static void
test_question(void)
{
	struct mcp_call *c;
	struct buf text;
	const char *out;

	buf_init(&text, 8192);
	buf_adds(&text, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
	    "\"tools/call\",\"params\":{\"name\":\"sql_execute\","
	    "\"arguments\":{\"sql\":\"SELECT '");
	for (int i = 0; i < 2000; i++)
		buf_adds(&text, "é");
	buf_adds(&text, "'; DELETE FROM people\"}}}");
	c = call_of(buf_cstr(&text), buf_len(&text), NULL, NULL, NULL);
	buf_fini(&text);
	ok(mcp_call_run(c) == MCP_ASK, "asked of the gateway");
	answer_with(c, 409, "{\"title\":\"confirmation_required\","
	    "\"confirm_token\":\"x\"}");
	ok(mcp_call_run(c) == MCP_DONE, "held back");
	out = buf_cstr(&c->out);
	ok(strstr(out, "SELECT 'éé") != NULL && strstr(out, "é … (") != NULL &&
	    strstr(out, ") … é") != NULL && strstr(out, "FROM people") != NULL,
	    "with both ends of what it is");
	mcp_call_free(c);
}

/* A plan of many lines takes no longer than its length asks. */
static void
test_long_plan(void)
{
	static const char text[] = CALL("tools/call", "\"name\":\"explain\","
	    "\"arguments\":{\"sql\":\"SELECT 1\"}");
	struct mcp_call *c = call_of(text, strlen(text), NULL, NULL, NULL);
	struct buf body;
	clock_t before;

	ok(mcp_call_run(c) == MCP_ASK, "asked for a plan");
	buf_init(&body, 1 << 24);
	buf_adds(&body, "{\"rows\":[[\"Append  (cost=0.00..1 rows=1)\"]");
	for (int i = 0; i < 100000; i++)
		buf_adds(&body, ",[\"  ->  Result\"]");
	buf_adds(&body, "]}");
	mcp_call_answer(c, 200, &body);
	buf_fini(&body);
	before = clock();
	ok(mcp_call_run(c) == MCP_DONE, "told");
	ok(clock() - before < 3 * CLOCKS_PER_SEC, "soon");
	mcp_call_free(c);
}

/* A message is one call of its sender, whatever it holds. */
static void
test_batch(void)
{
	struct buf text;
	struct mcp_call *c;

	for (int n = MCP_BATCH_MAX; n <= MCP_BATCH_MAX + 1; n++) {
		buf_init(&text, 1 << 16);
		for (int i = 0; i < n; i++)
			buf_addf(&text, "%c" CALL("ping", ""),
			    i == 0 ? '[' : ',');
		buf_addc(&text, ']');
		c = call_of(buf_cstr(&text), buf_len(&text), "2025-03-26",
		    NULL, NULL);
		ok(mcp_call_run(c) == MCP_DONE && c->status ==
		    (n > MCP_BATCH_MAX ? 400 : 200), "a batch of %d", n);
		mcp_call_free(c);
		buf_fini(&text);
	}
}

int
main(void)
{
	test_batch();
	test_question();
	test_long_plan();
	test_cases();
	test_prefixes();
	test_elicitation();
	test_progress();
	test_reader();
	return done();
}
