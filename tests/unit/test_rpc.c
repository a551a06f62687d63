/*
 * Procedures' files: their header, and what is refused where.
 */
#include "acdbd/rpc.h"
#include "acdbd/stmt.h"
#include "tap.h"

static struct stmts *stmts;
static struct buf err;

static struct rpc *
read_text(const char *text, size_t n)
{
	buf_clear(&err);
	return rpc_file_read("it", tap_guarded(text, n), n, stmts, &err);
}

static void
test_good(void)
{
	static const char text[] =
	    "-- A remark.\n"
	    "-- description: What it does,\n"
	    "--     and: more of it.\r\n"
	    "-- role:dbuser\n"
	    "--version: 12\n"
	    "-- args: {\n"
	    "--   \"type\": \"object\"\n"
	    "-- }\n"
	    "\n"
	    "-- about the statement\n"
	    "SELECT $1::jsonb;\n";
	struct rpc *p = read_text(text, sizeof(text) - 1);

	ok(p != NULL, "a procedure: %s", buf_cstr(&err));
	if (p == NULL)
		return;
	is_str(p->name, "it", "its name");
	is_str(p->description, "What it does, and: more of it.",
	    "a description of two lines");
	is_str(p->role, "dbuser", "its role");
	ok(p->version == 12 && p->nparams == 1, "version and parameters");
	is_str(p->schema, "\n{\n\"type\": \"object\"\n}", "its schema");
	is_str(p->sql, "\n-- about the statement\nSELECT $1::jsonb;\n",
	    "its statement");
	rpc_unref(rpc_ref(p));
	rpc_unref(p);
	/* A beginning is a whole, or is refused with a line. */
	for (size_t n = 0; n < sizeof(text) - 1; n++) {
		p = read_text(text, n);
		if (p == NULL && buf_len(&err) < 4)
			ok(0, "a reason for the first %zu bytes", n);
		rpc_unref(p);
	}
	p = read_text("-- role: a\n-- args: true\nSELECT 1", 33);
	ok(p != NULL && p->version == 1 && p->nparams == 0 &&
	    p->description[0] == '\0', "what need not be there");
	rpc_unref(p);
}

static void
refused(const char *text, const char *because)
{
	struct rpc *p = read_text(text, strlen(text));

	ok(p == NULL && strstr(buf_cstr(&err), because) == buf_cstr(&err),
	    "%s", buf_cstr(&err));
	rpc_unref(p);
}

static void
test_refused(void)
{
	refused("", "1: the header has no \"role\"");
	refused("-- role: a\nSELECT 1", "1: the header has no \"args\"");
	refused("-- role: a\n-- args: {}\n-- arg: {}\nSELECT 1",
	    "3: \"arg\" is not a field");
	refused("-- args: {}\n-- role:\nSELECT 1", "2: \"role\" is the name");
	refused("-- role: a\n-- args: {\nSELECT 1",
	    "2: the schema of the arguments: it is not valid JSON");
	refused("-- role: a\n-- args: {}\n-- version: one\nSELECT 1",
	    "3: \"version\"");
	refused("-- role: a\n-- args: {}\n", "3: ");
	refused("-- role: a\n-- args: {}\nBEGIN", "3: ");
	refused("-- role: a\n-- args: {}\nVACUUM", "3: ");
	refused("-- role: a\n-- args: {}\nSELECT $1, $2", "3: ");
}

static void
test_names(void)
{
	char longest[RPC_NAME_MAX + 2];

	memset(longest, 'a', sizeof(longest));
	longest[RPC_NAME_MAX] = '\0';
	ok(rpc_is_name("a") && rpc_is_name("_B-9") && rpc_is_name(longest),
	    "names");
	longest[RPC_NAME_MAX] = 'a';
	longest[RPC_NAME_MAX + 1] = '\0';
	ok(!rpc_is_name("") && !rpc_is_name("9a") && !rpc_is_name("a b") &&
	    !rpc_is_name("call") && !rpc_is_name("-a") &&
	    !rpc_is_name("a.b") && !rpc_is_name("\xc3\xa9") &&
	    !rpc_is_name(longest), "what is none");
}

int
main(void)
{
	stmts = stmts_new(8);
	buf_init(&err, 4096);
	test_good();
	test_refused();
	test_names();
	buf_fini(&err);
	stmts_free(stmts);
	return done();
}
