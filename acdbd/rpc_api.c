/*
 * rpc_api.c - the stories that tell what procedures there are: GET /v1/rpc
 * and GET /v1/rpc/{name}, for any key.  Only a dbadmin sees the statements.
 */
#include <string.h>

#include "asking.h"
#include "audit.h"
#include "keys.h"
#include "route.h"
#include "rpc_known.h"
#include "stories.h"
#include "throttle.h"
#include "worker.h"

#define MEMBERS \
	"'name', name, 'version', version, 'description', description," \
	" 'role', role, 'permitted', $3 = 'dbadmin' OR coalesce((SELECT" \
	"  pg_catalog.pg_has_role(a.oid, b.oid, 'MEMBER')" \
	"  FROM pg_catalog.pg_roles a, pg_catalog.pg_roles b" \
	"  WHERE a.rolname = $3 AND b.rolname = role), false)," \
	" 'source', source, 'args_schema', args_schema"

/*
 * What the workspace ($1) registered, and what files ($2) have of other
 * names; by name, behind the cursor $4, one more than $5 to know whether
 * there is a next page; or just the one called $6.
 */
static const char list_sql[] =
    "WITH mine AS (SELECT name, version, description, pg_role AS role,"
    "  args_schema::json AS args_schema, sql, 'workspace' AS source"
    "  FROM acdb.rpcs WHERE workspace_id = $1::uuid),"
    " either AS (SELECT * FROM mine UNION ALL SELECT f.name, f.version,"
    "  f.description, f.role, f.args_schema, f.sql, 'file'"
    "  FROM pg_catalog.json_to_recordset($2::json) AS f(name text,"
    "  version int, description text, role text, args_schema json, sql text)"
    "  WHERE f.name NOT IN (SELECT name FROM mine)),"
    " page AS (SELECT * FROM either WHERE ($4::text IS NULL"
    "  OR name COLLATE \"C\" > $4) AND ($6::text IS NULL OR name = $6)"
    "  ORDER BY name COLLATE \"C\" LIMIT $5::int + 1),"
    " shown AS (SELECT name, CASE WHEN $3 = 'dbadmin'"
    "  THEN pg_catalog.json_build_object(" MEMBERS ", 'sql', sql)"
    "  ELSE pg_catalog.json_build_object(" MEMBERS ") END AS item"
    "  FROM page ORDER BY name COLLATE \"C\" LIMIT $5::int)"
    " SELECT CASE WHEN $6::text IS NOT NULL THEN (SELECT item FROM shown)"
    "  ELSE pg_catalog.json_build_object('items', coalesce((SELECT"
    "   pg_catalog.json_agg(item ORDER BY name COLLATE \"C\") FROM shown),"
    "   '[]'::json), 'next_cursor', CASE WHEN (SELECT count(*) FROM page) >"
    "   $5::int THEN (SELECT name FROM shown"
    "    ORDER BY name COLLATE \"C\" DESC LIMIT 1) END) END";

/* The page behind cursor, or the one called name; the other is NULL. */
static enum verdict
ask(struct req *r, const char *cursor, const char *limit, const char *name)
{
	const char *params[6] = { r->who.workspace_text,
	    rpc_files_json(rpc_known_files(r->w->rpcs)), r->who.role, cursor,
	    limit, name };

	return asking_send(r, list_sql, 6, params);
}

static enum verdict
step_list(struct req *r)
{
	struct asking *a = asking_of(r, 0);
	char cursor[RPC_NAME_MAX + 1], limit[ASKING_LIMIT];
	int has_cursor;

	if (a == NULL)
		return STEP_REFUSE;
	if (a->answered)
		return asking_answer_json(r);
	if ((has_cursor = asking_page(r, cursor, sizeof(cursor), limit)) == -1)
		return STEP_REFUSE;
	return ask(r, has_cursor == 1 ? cursor : NULL, limit, NULL);
}

static enum verdict
step_get(struct req *r)
{
	struct asking *a = asking_of(r, 0);
	struct slice path = route_param(r->route, &r->head);
	char name[RPC_NAME_MAX + 1] = "";

	if (a == NULL)
		return STEP_REFUSE;
	if (a->answered && (r->why.status != 0 || a->text != NULL))
		return asking_answer_json(r);
	if (path.n < sizeof(name)) {
		memcpy(name, path.p, path.n);
		name[path.n] = '\0';
	}
	if (a->answered || !rpc_is_name(name)) {
		problem_set(&r->why, 404, "unknown_procedure",
		    "there is no procedure of that name");
		return STEP_REFUSE;
	}
	return ask(r, NULL, "1", name);
}

static const struct step list_steps[] = {
	{ "authenticate", step_authenticate, false },
	{ "throttle", step_throttle, false },
	{ "list", step_list, false },
	{ "record", step_record, true },
	{ NULL, NULL, false },
};

static const struct step get_steps[] = {
	{ "authenticate", step_authenticate, false },
	{ "throttle", step_throttle, false },
	{ "get", step_get, false },
	{ "record", step_record, true },
	{ NULL, NULL, false },
};

const struct story story_rpc_list = { list_steps, asking_end };
const struct story story_rpc_get = { get_steps, asking_end };
