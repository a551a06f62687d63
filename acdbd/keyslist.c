/*
 * keyslist.c - the stories that look at keys and end them: GET /v1/auth/keys
 * and DELETE /v1/auth/keys/{key_id}.  A dbadmin key sees its workspace's.
 */
#include <stdlib.h>
#include <string.h>

#include "asking.h"
#include "audit.h"
#include "keys.h"
#include "lib/apikey.h"
#include "lib/json.h"
#include "route.h"
#include "stories.h"
#include "throttle.h"
#include "worker.h"

/* The page behind the cursor, newest first; one row more is read to know
 * whether there is a next page.  NULL where nothing has that cursor. */
static const char list_sql[] =
    "WITH page AS (SELECT k.* FROM acdb.api_keys k"
    "  WHERE k.workspace_id = $1::uuid AND ($2::text IS NULL"
    "   OR (k.created_at, k.key_id) < (SELECT c.created_at, c.key_id"
    "    FROM acdb.api_keys c WHERE c.key_id = $2"
    "    AND c.workspace_id = $1::uuid))"
    "  ORDER BY k.created_at DESC, k.key_id DESC LIMIT $3::int + 1),"
    " shown AS (SELECT * FROM page"
    "  ORDER BY created_at DESC, key_id DESC LIMIT $3::int)"
    " SELECT CASE WHEN $2::text IS NULL OR EXISTS (SELECT"
    "  FROM acdb.api_keys c WHERE c.key_id = $2"
    "  AND c.workspace_id = $1::uuid) THEN"
    " pg_catalog.json_build_object('items', coalesce((SELECT"
    "  pg_catalog.json_agg(pg_catalog.json_build_object("
    "   'key_id', key_id, 'role', pg_role, 'env', env, 'name', name,"
    "   'read_only', read_only, 'ungated', ungated, 'status', CASE"
    "    WHEN revoked_at IS NOT NULL THEN 'revoked'"
    "    WHEN expires_at <= pg_catalog.now() THEN 'expired'"
    "    WHEN secret_hash IS NULL THEN 'needs_reminting'"
    "    ELSE 'active' END,"
    "   'rate_per_second', rate_per_second, 'rate_burst', rate_burst,"
    "   'allow_from', allow_from, 'created_at', created_at,"
    "   'expires_at', expires_at, 'revoked_at', revoked_at,"
    "   'last_used_at', last_used_at)"
    "   ORDER BY created_at DESC, key_id DESC) FROM shown),"
    "  '[]'::json), 'next_cursor', CASE WHEN (SELECT count(*) FROM page) >"
    "  $3::int THEN (SELECT key_id FROM shown"
    "   ORDER BY created_at, key_id LIMIT 1) END) END";

/* Revoked now or before: it is revoked.  What it made is looked for behind
 * that. */
static const char revoke_sql[] =
    "SELECT pg_catalog.json_build_object('key_id', e.key_id,"
    "  'status', 'revoked', CASE WHEN $3::boolean THEN 'also_revoked'"
    "  ELSE 'still_active' END, acdb_api.key_made(e.id, $3::boolean))"
    " FROM (SELECT k.id, k.key_id, acdb_api.key_revoke(k.id)"
    "  FROM acdb.api_keys k WHERE k.workspace_id = $1::uuid"
    "  AND k.key_id = $2 OFFSET 0) e";

static enum verdict
step_list(struct req *r)
{
	struct asking *a = asking_of(r, 0);
	char cursor[APIKEY_ID + 1], limit[ASKING_LIMIT];
	int has_cursor;

	if (a == NULL)
		return STEP_REFUSE;
	if (a->answered)
		return asking_answer_page(r);
	if ((has_cursor = asking_page(r, cursor, sizeof(cursor), limit)) == -1)
		return STEP_REFUSE;
	const char *params[3] = { r->who.workspace_text,
	    has_cursor == 1 ? cursor : NULL, limit };

	return asking_send(r, list_sql, 3, params);
}

/* ?made=true: those that it made as well.  Returns 0, or -1 with r->why. */
static int
wants_made(struct req *r, const char **made)
{
	char text[8];
	int has = http_query(&r->head, "made", text, sizeof(text));

	*made = has == 1 && strcmp(text, "true") == 0 ? "true" : "false";
	if (has == 0 || (has == 1 && (strcmp(text, "true") == 0 ||
	    strcmp(text, "false") == 0)))
		return 0;
	return problem_set(&r->why, 400, "invalid_input",
	    "\"made\" is true or false");
}

static enum verdict
step_revoke(struct req *r)
{
	struct asking *a = asking_of(r, 0);
	struct slice id = route_param(r->route, &r->head);
	char key_id[APIKEY_ID + 1] = "";
	const char *made;

	if (a == NULL || wants_made(r, &made) == -1)
		return STEP_REFUSE;
	if (a->answered && a->text == NULL && r->why.status == 0) {
		problem_set(&r->why, 404, "not_found",
		    "no such key in this workspace");
		return STEP_REFUSE;
	}
	if (a->answered)
		return asking_answer_json(r);
	if (id.n == APIKEY_ID)
		memcpy(key_id, id.p, APIKEY_ID);
	const char *params[3] = { r->who.workspace_text, key_id, made };

	return asking_send(r, revoke_sql, 3, params);
}

static const struct step list_steps[] = {
	{ "authenticate", step_authenticate, false },
	{ "throttle", step_throttle, false },
	{ "admin", step_admin_reads, false },
	{ "list", step_list, false },
	{ "record", step_record, true },
	{ NULL, NULL, false },
};

static const struct step revoke_steps[] = {
	{ "authenticate", step_authenticate, false },
	{ "throttle", step_throttle, false },
	{ "admin", step_admin, false },
	{ "revoke", step_revoke, false },
	{ "record", step_record, true },
	{ NULL, NULL, false },
};

const struct story story_keys = { list_steps, asking_end };
const struct story story_revoke = { revoke_steps, asking_end };
