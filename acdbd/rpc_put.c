/*
 * rpc_put.c - the stories that register a procedure and take one away again:
 * PUT and DELETE /v1/rpc/{name}, for a dbadmin key, in its workspace.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "asking.h"
#include "audit.h"
#include "keys.h"
#include "lib/json.h"
#include "lib/secret.h"
#include "route.h"
#include "rpc.h"
#include "sqlopts.h"
#include "sqlreq.h"
#include "stories.h"
#include "throttle.h"
#include "worker.h"

/* The first character tells what came of it: 'r' no such role, 'n' too many
 * procedures, '1' a new one, '0' in place of an old one; the answer behind
 * it.  Without a version ($3) an old one's goes up. */
static const char put_sql[] =
    "WITH put AS (INSERT INTO acdb.rpcs AS p (workspace_id, name, version,"
    "  description, pg_role, args_schema, sql, updated_by)"
    "  SELECT $1::uuid, $2, coalesce($3::int, 1), $4, r.rolname, $6, $7,"
    "  $8::uuid FROM pg_catalog.pg_roles r WHERE r.rolname = $5"
    "  AND ((SELECT count(*) FROM acdb.rpcs WHERE workspace_id = $1::uuid)"
    "   < 1000 OR EXISTS (SELECT FROM acdb.rpcs"
    "    WHERE workspace_id = $1::uuid AND name = $2))"
    "  ON CONFLICT (workspace_id, name) DO UPDATE SET"
    "  version = coalesce($3::int, p.version + 1),"
    "  description = EXCLUDED.description, pg_role = EXCLUDED.pg_role,"
    "  args_schema = EXCLUDED.args_schema, sql = EXCLUDED.sql,"
    "  updated_at = pg_catalog.now(), updated_by = EXCLUDED.updated_by"
    "  RETURNING CASE WHEN xmax = 0 THEN '1' ELSE '0' END ||"
    "  pg_catalog.json_build_object('name', name, 'version', version,"
    "  'description', description, 'role', pg_role, 'source', 'workspace',"
    "  'args_schema', args_schema::json, 'sql', sql)::text AS told)"
    " SELECT coalesce((SELECT told FROM put), CASE WHEN EXISTS (SELECT"
    "  FROM pg_catalog.pg_roles r WHERE r.rolname = $5) THEN 'n'"
    "  ELSE 'r' END)";

static const char delete_sql[] =
    "DELETE FROM acdb.rpcs WHERE workspace_id = $1::uuid AND name = $2"
    " RETURNING name";

enum member { SQL, ROLE, DESCRIPTION, SCHEMA, VERSION, MEMBERS };

static const char *const names[MEMBERS] = { "sql", "role", "description",
    "args_schema", "version" };

/* What the body asks for; each owned. */
struct wanted {
	char	*text[MEMBERS];		/* NULL: not there */
	uint8_t	 hash[SECRET_SHA256];	/* of the statement */
};

static void
wanted_free(struct wanted *w)
{
	if (w == NULL)
		return;
	for (int i = 0; i < MEMBERS; i++)
		free(w->text[i]);
	free(w);
}

/* The procedure's name in the path; "" where none can have it. */
static void
path_name(const struct req *r, char name[RPC_NAME_MAX + 1])
{
	struct slice path = route_param(r->route, &r->head);

	name[0] = '\0';
	if (path.n <= RPC_NAME_MAX) {
		memcpy(name, path.p, path.n);
		name[path.n] = '\0';
	}
}

/* Strings as their text, the schema as it was written, the version as its
 * digits. */
static int
read_member(struct wanted *w, const struct json *j, uint32_t i, int m,
    struct problem *why)
{
	const char *raw;
	int64_t version;
	size_t n;

	if (m == SCHEMA) {
		raw = json_raw(j, i, &n);
		w->text[m] = strndup(raw, n);
	} else if (m == VERSION) {
		if (json_int(j, i, 1, INT32_MAX, &version) == -1)
			return problem_set(why, 400, "invalid_input",
			    "\"version\" is a whole number from 1");
		if (asprintf(&w->text[m], "%lld", (long long)version) == -1)
			w->text[m] = NULL;
	} else if (j->tok[i].type != JSON_STRING)
		return problem_set(why, 400, "invalid_json",
		    "\"%s\" must be a string", names[m]);
	else if ((w->text[m] = json_strdup(j, i)) == NULL && errno == EILSEQ)
		return problem_set(why, 400, "invalid_input",
		    "\"%s\" cannot hold the character NUL (\\u0000)",
		    names[m]);
	return w->text[m] == NULL ? problem_internal(why) : 0;
}

static int
read_body(struct wanted *w, const struct json *j, struct problem *why)
{
	int m;

	for (uint32_t i = json_first(j, 0); i != 0;
	    i = json_next(j, 0, i + 1)) {
		for (m = 0; m < MEMBERS && !json_is(j, i, names[m]); m++)
			continue;
		if (m == MEMBERS)
			return sqlopts_unknown(j, i, "sql, role, description, "
			    "args_schema, version", why);
		if (read_member(w, j, i + 1, m, why) == -1)
			return -1;
	}
	for (m = 0; m < MEMBERS; m++)
		if (w->text[m] == NULL && (m == SQL || m == ROLE ||
		    m == SCHEMA))
			return problem_set(why, 400, "invalid_json",
			    "\"%s\" is missing", names[m]);
	return 0;
}

/* Only to see that it is one. */
static int
check(struct req *r, const struct wanted *w, const char *name)
{
	struct rpc_text t = { .name = name, .role = w->text[ROLE],
	    .description = w->text[DESCRIPTION] == NULL ? "" :
	    w->text[DESCRIPTION], .schema = w->text[SCHEMA],
	    .sql = w->text[SQL], .version = 1 };
	struct rpc *p;

	if ((int64_t)strlen(t.sql) > r->w->conf->max_statement_bytes)
		return problem_set(&r->why, 400, "statement_too_large",
		    "the statement has %zu bytes, the limit is %lld",
		    strlen(t.sql),
		    (long long)r->w->conf->max_statement_bytes);
	if ((p = rpc_new(&t, r->w->stmts, &r->why)) == NULL)
		return -1;
	rpc_unref(p);
	return 0;
}

/* "parse": r->aside is what is wanted from here on. */
static enum verdict
step_parse(struct req *r)
{
	struct wanted *w = calloc(1, sizeof(*w));
	char name[RPC_NAME_MAX + 1];
	struct json j;
	const char *p;
	size_t n;
	int rc;

	if ((r->aside = w) == NULL) {
		problem_internal(&r->why);
		return STEP_REFUSE;
	}
	path_name(r, name);
	p = buf_peek(&r->body, &n);
	if (sqlreq_content_type(r, &r->why) == -1 ||
	    sqlreq_object(&j, p, n, &r->why) == -1)
		return STEP_REFUSE;
	rc = read_body(w, &j, &r->why);
	json_fini(&j);
	if (rc == -1 || check(r, w, name) == -1)
		return STEP_REFUSE;
	secret_sha256(w->hash, w->text[SQL], strlen(w->text[SQL]));
	snprintf(r->command, sizeof(r->command), "%s", name);
	r->sql = w->text[SQL];
	r->sql_hash = w->hash;
	return STEP_NEXT;
}

static enum verdict
answer_put(struct req *r, const struct asking *a, const char *role)
{
	if (r->why.status != 0)
		return STEP_REFUSE;
	switch (a->text == NULL ? '\0' : a->text[0]) {
	case '0':
	case '1':
		r->answer.status = a->text[0] == '1' ? 201 : 200;
		r->answer.type = "application/json";
		buf_adds(&r->answer.body, a->text + 1);
		return STEP_NEXT;
	case 'n':
		problem_set(&r->why, 400, "invalid_input",
		    "the workspace has 1000 procedures, which is the limit");
		return STEP_REFUSE;
	default:
		problem_set(&r->why, 400, "invalid_role",
		    "the role \"%s\" does not exist", role);
		return STEP_REFUSE;
	}
}

static enum verdict
step_put(struct req *r)
{
	struct asking *a = asking_of(r, 0);
	const struct wanted *w = r->aside;
	char name[RPC_NAME_MAX + 1], key[UUID_TEXT];

	if (a == NULL)
		return STEP_REFUSE;
	if (a->answered)
		return answer_put(r, a, w->text[ROLE]);
	path_name(r, name);
	uuid_text(key, r->who.key_uuid);
	const char *params[8] = { r->who.workspace_text, name,
	    w->text[VERSION], w->text[DESCRIPTION] == NULL ? "" :
	    w->text[DESCRIPTION], w->text[ROLE], w->text[SCHEMA],
	    w->text[SQL], key };

	return asking_send(r, put_sql, 8, params);
}

static enum verdict
step_delete(struct req *r)
{
	struct asking *a = asking_of(r, 0);
	char name[RPC_NAME_MAX + 1];

	if (a == NULL)
		return STEP_REFUSE;
	path_name(r, name);
	if (a->answered && r->why.status != 0)
		return STEP_REFUSE;
	if (!rpc_is_name(name) || (a->answered && a->text == NULL)) {
		problem_set(&r->why, 404, "unknown_procedure",
		    "no procedure of that name is registered in this "
		    "workspace");
		return STEP_REFUSE;
	}
	if (a->answered) {
		buf_adds(&r->answer.body, "{\"name\":");
		json_put_cstr(&r->answer.body, name);
		buf_adds(&r->answer.body, ",\"status\":\"deleted\"}");
		r->answer.status = 200;
		r->answer.type = "application/json";
		return STEP_NEXT;
	}
	snprintf(r->command, sizeof(r->command), "%s", name);
	const char *params[2] = { r->who.workspace_text, name };

	return asking_send(r, delete_sql, 2, params);
}

static void
end_put(struct req *r)
{
	wanted_free(r->aside);
	r->aside = NULL;
	asking_end(r);
}

static const struct step put_steps[] = {
	{ "authenticate", step_authenticate, false },
	{ "throttle", step_throttle, false },
	{ "admin", step_admin, false },
	{ "body", step_body, false },
	{ "parse", step_parse, false },
	{ "put", step_put, false },
	{ "record", step_record, true },
	{ NULL, NULL, false },
};

static const struct step delete_steps[] = {
	{ "authenticate", step_authenticate, false },
	{ "throttle", step_throttle, false },
	{ "admin", step_admin, false },
	{ "delete", step_delete, false },
	{ "record", step_record, true },
	{ NULL, NULL, false },
};

const struct story story_rpc_put = { put_steps, end_put };
const struct story story_rpc_delete = { delete_steps, asking_end };
