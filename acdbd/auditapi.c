/*
 * auditapi.c - the story of GET /v1/audit: a workspace's own rows, for its
 * dbadmin keys, newest first.
 */
#include <string.h>

#include "asking.h"
#include "audit.h"
#include "keys.h"
#include "lib/apikey.h"
#include "lib/enc.h"
#include "lib/units.h"
#include "stories.h"
#include "throttle.h"
#include "worker.h"

#define TIME_MAX	64

/* The cursor is the id of the last row shown.  Ids are time-ordered only
 * within one gateway, so the row's own time goes with it. */
static const char list_sql[] =
    "WITH page AS (SELECT a.*, k.key_id AS key_text"
    "  FROM acdb.audit_logs a LEFT JOIN acdb.api_keys k ON k.id = a.key_id"
    "  WHERE a.workspace_id = $1::uuid"
    "  AND ($2::timestamptz IS NULL OR a.created_at >= $2::timestamptz)"
    "  AND ($3::timestamptz IS NULL OR a.created_at < $3::timestamptz)"
    "  AND ($4::text IS NULL OR k.key_id = $4)"
    "  AND ($5::int IS NULL OR a.status = $5::int)"
    "  AND ($6::uuid IS NULL OR (a.created_at, a.id) < (SELECT"
    "   c.created_at, c.id FROM acdb.audit_logs c WHERE c.id = $6::uuid"
    "   AND c.workspace_id = $1::uuid))"
    "  ORDER BY a.created_at DESC, a.id DESC LIMIT $7::int + 1),"
    " shown AS (SELECT * FROM page"
    "  ORDER BY created_at DESC, id DESC LIMIT $7::int)"
    " SELECT CASE WHEN $6::uuid IS NULL OR EXISTS (SELECT"
    "  FROM acdb.audit_logs c WHERE c.id = $6::uuid"
    "  AND c.workspace_id = $1::uuid) THEN"
    " pg_catalog.json_build_object('items', coalesce((SELECT"
    "  pg_catalog.json_agg(pg_catalog.json_build_object("
    "   'id', id, 'created_at', created_at, 'request_id', request_id,"
    "   'key_id', key_text, 'endpoint', endpoint, 'command', command,"
    "   'sql_hash', pg_catalog.encode(sql_hash, 'hex'), 'sql', sql,"
    "   'duration_us', duration_us, 'rows_affected', rows_affected,"
    "   'status', status, 'error_code', error_code,"
    "   'client_ip', pg_catalog.host(client_ip), 'trace_id', trace_id)"
    "   ORDER BY created_at DESC, id DESC) FROM shown), '[]'::json),"
    "  'next_cursor', CASE WHEN (SELECT count(*) FROM page) > $7::int"
    "   THEN (SELECT id FROM shown ORDER BY created_at, id LIMIT 1) END) END";

static enum verdict
refuse(struct req *r, const char *detail)
{
	problem_set(&r->why, 400, "invalid_input", "%s", detail);
	return STEP_REFUSE;
}

static enum verdict
step_list(struct req *r)
{
	struct asking *a = asking_of(r, 0);
	static const char *const names[] = { "since", "until", "key_id",
	    "status" };
	char text[NELEM(names)][TIME_MAX];
	char cursor[UUID_TEXT], limit[ASKING_LIMIT];
	int has[NELEM(names)], has_cursor;
	uint8_t id[UUID_LEN];
	int64_t n;

	if (a == NULL)
		return STEP_REFUSE;
	if (a->answered)
		return asking_answer_page(r);
	for (size_t i = 0; i < NELEM(names); i++)
		if ((has[i] = http_query(&r->head, names[i], text[i],
		    sizeof(text[i]))) == -1)
			return refuse(r, "a query parameter is malformed");
	if ((has_cursor = asking_page(r, cursor, sizeof(cursor), limit)) == -1)
		return STEP_REFUSE;
	if (has[3] == 1 && units_int(text[3], 100, 599, &n) == -1)
		return refuse(r, "\"status\" is an HTTP status");
	if (has_cursor == 1 && uuid_parse(id, cursor, strlen(cursor)) == -1)
		return refuse(r, "\"cursor\" is the next_cursor of the page "
		    "before");
	const char *params[7] = { r->who.workspace_text,
	    has[0] == 1 ? text[0] : NULL, has[1] == 1 ? text[1] : NULL,
	    has[2] == 1 ? text[2] : NULL, has[3] == 1 ? text[3] : NULL,
	    has_cursor == 1 ? cursor : NULL, limit };

	return asking_send(r, list_sql, 7, params);
}

static const struct step steps[] = {
	{ "authenticate", step_authenticate, false },
	{ "throttle", step_throttle, false },
	{ "admin", step_admin_reads, false },
	{ "list", step_list, false },
	{ "record", step_record, true },
	{ NULL, NULL, false },
};

const struct story story_audit = { steps, asking_end };
