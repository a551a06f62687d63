/*
 * rpc.c - one procedure, made of its parts and checked; see rpc.h.
 *
 * It knows what a procedure is.  It must not know where it came from.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/jsonschema.h"
#include "req.h"
#include "rpc.h"
#include "stmt.h"

bool
rpc_is_name(const char *name)
{
	static const char first[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz_";
	static const char rest[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
	    "abcdefghijklmnopqrstuvwxyz_0123456789-";
	size_t n = strlen(name);

	return n >= 1 && n <= RPC_NAME_MAX && strspn(name, first) > 0 &&
	    strspn(name, rest) == n && strcmp(name, "call") != 0;
}

static int
check_text(const struct rpc_text *t, struct problem *why)
{
	if (!rpc_is_name(t->name))
		return problem_set(why, 400, "invalid_input",
		    "\"%.100s\" is not a name for a procedure: letters, "
		    "digits, \"_\" and \"-\", at most %d, none of \"call\"",
		    t->name, RPC_NAME_MAX);
	if (t->role[0] == '\0' || strlen(t->role) > ROLE_MAX)
		return problem_set(why, 400, "invalid_role",
		    "\"role\" is the name of a database role");
	if (t->version < 1)
		return problem_set(why, 400, "invalid_input",
		    "\"version\" is a whole number from 1");
	if (strlen(t->description) > RPC_TEXT_MAX)
		return problem_set(why, 400, "invalid_input",
		    "\"description\" has more than %d bytes", RPC_TEXT_MAX);
	if (strlen(t->schema) > RPC_SCHEMA_MAX)
		return problem_set(why, 400, "invalid_schema",
		    "the schema of the arguments has more than %d bytes",
		    RPC_SCHEMA_MAX);
	return 0;
}

static int
check_sql(struct rpc *p, struct stmts *stmts, struct problem *why)
{
	const struct stmt *s = stmts_check(stmts, p->sql, p->sql_len, why);

	if (s == NULL)
		return -1;
	if (s->kind == STMT_OUTSIDE)
		return problem_set(why, 400, "unsupported_statement",
		    "\"%s\" cannot run in a transaction, and a procedure "
		    "runs in one", s->command);
	if (s->nparams > 1)
		return problem_set(why, 400, "params_mismatch",
		    "a procedure's one parameter is $1, its arguments as "
		    "JSON text; this one uses $%d", s->nparams);
	p->nparams = s->nparams == 1;
	return 0;
}

static int
check_schema(struct rpc *p, struct problem *why)
{
	struct jsonschema_error err;

	p->args = jsonschema_new(p->schema, strlen(p->schema), &err);
	if (p->args != NULL)
		return 0;
	if (err.keyword[0] == '\0')
		return problem_set(why, 400, "invalid_schema",
		    "the schema of the arguments%s%s: %s", err.path[0] ==
		    '\0' ? "" : " at ", err.path, err.what);
	return problem_set(why, 400, "invalid_schema",
	    "the schema of the arguments%s%s: \"%s\" %s", err.path[0] ==
	    '\0' ? "" : " at ", err.path, err.keyword, err.what);
}

struct rpc *
rpc_new(const struct rpc_text *t, struct stmts *stmts, struct problem *why)
{
	struct rpc *p;

	if (check_text(t, why) == -1)
		return NULL;
	if ((p = calloc(1, sizeof(*p))) == NULL) {
		problem_internal(why);
		return NULL;
	}
	p->refs = 1;
	p->version = t->version;
	p->name = strdup(t->name);
	p->description = strdup(t->description);
	p->role = strdup(t->role);
	p->schema = strdup(t->schema);
	p->sql = strdup(t->sql);
	p->sql_len = strlen(t->sql);
	if (p->name == NULL || p->description == NULL || p->role == NULL ||
	    p->schema == NULL || p->sql == NULL) {
		problem_internal(why);
		goto drop;
	}
	if (check_schema(p, why) == -1 || check_sql(p, stmts, why) == -1)
		goto drop;
	return p;
 drop:
	rpc_unref(p);
	return NULL;
}

struct rpc *
rpc_ref(struct rpc *p)
{
	p->refs++;
	return p;
}

void
rpc_unref(struct rpc *p)
{
	if (p == NULL || --p->refs > 0)
		return;
	free(p->name);
	free(p->description);
	free(p->role);
	free(p->schema);
	jsonschema_free(p->args);
	free(p->sql);
	free(p);
}
