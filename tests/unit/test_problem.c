/*
 * Problem documents: what is known is told, in order, and nothing else.
 */
#include "lib/json.h"
#include "lib/problem.h"
#include "tap.h"

static struct buf out;

static const char *
written(const struct problem *why, const char *request_id)
{
	buf_clear(&out);
	problem_write(why, request_id, &out);
	return buf_cstr(&out);
}

static int
refuse(struct problem *why, const char *name)
{
	return problem_set(why, 400, "invalid_role", "no role \"%s\"", name);
}

static void
fill(struct problem *why)
{
	snprintf(why->sqlstate, sizeof(why->sqlstate), "%s", "23505");
	why->severity = strdup("ERROR");
	why->hint = strdup("h");
	why->pg_detail = strdup("p");
	why->position = 8;
	why->line = 1;
	why->column_number = 8;
	why->schema = strdup("s");
	why->table = strdup("t");
	why->column = strdup("c");
	why->datatype = strdup("d");
	why->constraint = strdup("k");
	why->context = strdup("x");
	why->parameter = 2;
	why->parameter_type = strdup("int4[]");
	why->excerpt = strdup("SELECT y\n       ^");
	why->statement = 0;
	why->retryable = 0;
	why->retry_after = 3;
	why->tx = PROBLEM_TX_ROLLED_BACK;
	why->allow = "GET";
	why->close = true;
}

int
main(void)
{
	struct problem why;
	struct json j;
	const char *p;
	size_t n;

	buf_init(&out, 10000);
	problem_init(&why);
	ok(why.status == 0 && why.statement == -1 && why.retryable == -1,
	    "none at first");
	ok(refuse(&why, "a\"b") == -1, "a refusal is -1");
	is_str(written(&why, NULL),
	    "{\"type\":\"urn:agentcoopdb:problem:invalid_role\","
	    "\"title\":\"invalid_role\",\"status\":400,"
	    "\"detail\":\"no role \\\"a\\\"b\\\"\"}", "the least");
	fill(&why);
	is_str(written(&why, "r-1"),
	    "{\"type\":\"urn:agentcoopdb:problem:invalid_role\","
	    "\"title\":\"invalid_role\",\"status\":400,"
	    "\"detail\":\"no role \\\"a\\\"b\\\"\",\"sqlstate\":\"23505\","
	    "\"severity\":\"ERROR\",\"hint\":\"h\",\"pg_detail\":\"p\","
	    "\"position\":8,\"line\":1,\"line_column\":8,\"schema\":\"s\","
	    "\"table\":\"t\",\"column\":\"c\",\"datatype\":\"d\","
	    "\"constraint\":\"k\",\"context\":\"x\","
	    "\"parameter\":2,\"parameter_type\":\"int4[]\","
	    "\"excerpt\":\"SELECT y\\n       ^\",\"statement\":0,"
	    "\"retryable\":false,\"tx\":\"rolled_back\","
	    "\"request_id\":\"r-1\"}", "all of it");
	p = buf_peek(&out, &n);
	ok(json_read(&j, p, n, NULL) == 0, "is JSON");
	json_fini(&j);

	ok(problem_set(&why, 409, "unique_violation", "after: %s",
	    why.detail) == -1, "the old detail may be an argument");
	why.retryable = 1;
	why.tx = PROBLEM_TX_UNKNOWN;
	is_str(written(&why, "r-2"),
	    "{\"type\":\"urn:agentcoopdb:problem:unique_violation\","
	    "\"title\":\"unique_violation\",\"status\":409,"
	    "\"detail\":\"after: no role \\\"a\\\"b\\\"\","
	    "\"retryable\":true,\"tx\":\"unknown\",\"request_id\":\"r-2\"}",
	    "nothing is left of the one before");
	ok(why.retry_after == 0 && why.allow == NULL && !why.close,
	    "nor of what goes into the head");
	ok(problem_internal(&why) == -1 && why.status == 500, "a failure");
	is_str(why.title, "internal_error", "says no more than that");
	problem_set(&why, 400, "parse_error", "a\xff" "b");
	ok(strstr(written(&why, NULL), "a\xef\xbf\xbd" "b") != NULL,
	    "bytes that are no text are replaced");
	problem_fini(&why);
	ok(why.status == 0 && why.detail == NULL, "none at last");
	problem_fini(&why);
	buf_fini(&out);
	return done();
}
