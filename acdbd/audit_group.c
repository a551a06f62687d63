/*
 * audit_group.c - see audit_group.h.
 *
 * A row becomes one element in each of several arrays, in binary form, and
 * the group one INSERT ... SELECT FROM unnest(...).  Must not know who waits
 * for a row, nor when a group goes.
 */
#include <stdlib.h>
#include <string.h>

#include "audit.h"
#include "audit_group.h"
#include "lib/pgarray.h"

#define ROWS_MAX	2048		/* gathered at most */
#define COLUMN_BYTES	(4 << 20)	/* of one column */

enum column { ID, REQUEST, WORKSPACE, KEY, ENDPOINT, COMMAND, SQL_HASH, SQL,
    DURATION, ROWS, STATUS, ERROR, PEER, TRACE, COLUMNS };
enum { DONE_ID, DONE_DURATION, DONE_ROWS, DONE_COLUMNS };

struct audit_group {
	struct pgarray	 column[COLUMNS];
	struct pgarray	 completed[DONE_COLUMNS];
	unsigned	 rows, completions;
};

static const char insert_sql[] =
    "INSERT INTO acdb.audit_logs (id, request_id, workspace_id, key_id,"
    " endpoint, command, sql_hash, sql, duration_us, rows_affected, status,"
    " error_code, client_ip, trace_id)"
    " SELECT i, r, w, k, e, c, h, s, d, n, t, x, p::inet, o FROM"
    " unnest($1::uuid[], $2::text[], $3::uuid[], $4::uuid[], $5::text[],"
    " $6::text[], $7::bytea[], $8::text[], $9::int8[], $10::int8[],"
    " $11::int4[], $12::text[], $13::text[], $14::text[])"
    " u(i, r, w, k, e, c, h, s, d, n, t, x, p, o)";

static const char complete_sql[] =
    "UPDATE acdb.audit_logs a SET duration_us = u.d, rows_affected = u.n"
    " FROM unnest($1::uuid[], $2::int8[], $3::int8[]) u(i, d, n)"
    " WHERE a.id = u.i";

static const uint32_t column_type[COLUMNS] = {
	[ID] = PGARRAY_UUID, [REQUEST] = PGARRAY_TEXT,
	[WORKSPACE] = PGARRAY_UUID, [KEY] = PGARRAY_UUID,
	[ENDPOINT] = PGARRAY_TEXT, [COMMAND] = PGARRAY_TEXT,
	[SQL_HASH] = PGARRAY_BYTEA, [SQL] = PGARRAY_TEXT,
	[DURATION] = PGARRAY_INT8, [ROWS] = PGARRAY_INT8,
	[STATUS] = PGARRAY_INT4, [ERROR] = PGARRAY_TEXT,
	[PEER] = PGARRAY_TEXT, [TRACE] = PGARRAY_TEXT,
};
static const uint32_t completed_type[DONE_COLUMNS] = {
	PGARRAY_UUID, PGARRAY_INT8, PGARRAY_INT8
};

struct audit_group *
audit_group_new(void)
{
	struct audit_group *g;

	if ((g = calloc(1, sizeof(*g))) == NULL)
		return NULL;
	for (int i = 0; i < COLUMNS; i++)
		pgarray_init(&g->column[i], column_type[i], COLUMN_BYTES);
	for (int i = 0; i < DONE_COLUMNS; i++)
		pgarray_init(&g->completed[i], completed_type[i],
		    COLUMN_BYTES);
	return g;
}

void
audit_group_free(struct audit_group *g)
{
	if (g == NULL)
		return;
	for (int i = 0; i < COLUMNS; i++)
		pgarray_fini(&g->column[i]);
	for (int i = 0; i < DONE_COLUMNS; i++)
		pgarray_fini(&g->completed[i]);
	free(g);
}

void
audit_group_clear(struct audit_group *g)
{
	for (int i = 0; i < COLUMNS; i++)
		pgarray_clear(&g->column[i]);
	for (int i = 0; i < DONE_COLUMNS; i++)
		pgarray_clear(&g->completed[i]);
	g->rows = g->completions = 0;
}

unsigned
audit_group_rows(const struct audit_group *g)
{
	return g->rows;
}

bool
audit_group_empty(const struct audit_group *g)
{
	return g->rows == 0 && g->completions == 0;
}

int
audit_group_add(struct audit_group *g, const struct audit_row *row)
{
	struct pgarray *c = g->column;

	if (g->rows >= ROWS_MAX || (row->sql != NULL &&
	    pgarray_room(&c[SQL]) < strlen(row->sql) + 8))
		return -1;
	pgarray_add(&c[ID], row->id, UUID_LEN);
	pgarray_adds(&c[REQUEST], row->request_id);
	pgarray_add(&c[WORKSPACE], row->who->workspace, UUID_LEN);
	pgarray_add(&c[KEY], row->who->key_uuid, UUID_LEN);
	pgarray_adds(&c[ENDPOINT], row->endpoint);
	pgarray_adds(&c[COMMAND], row->command[0] != '\0' ? row->command :
	    NULL);
	pgarray_add(&c[SQL_HASH], row->sql_hash, 32);
	pgarray_adds(&c[SQL], row->sql);
	pgarray_int8(&c[DURATION], row->duration_us);
	if (row->rows < 0)
		pgarray_add(&c[ROWS], NULL, 0);
	else
		pgarray_int8(&c[ROWS], row->rows);
	pgarray_int4(&c[STATUS], row->status);
	pgarray_adds(&c[ERROR], row->error);
	pgarray_adds(&c[PEER], row->peer[0] != '\0' ? row->peer : NULL);
	pgarray_adds(&c[TRACE], row->trace[0] != '\0' ? row->trace : NULL);
	g->rows++;
	return 0;
}

int
audit_group_complete(struct audit_group *g, const uint8_t id[UUID_LEN],
    int64_t duration_us, int64_t rows)
{
	if (g->completions >= ROWS_MAX)
		return -1;
	pgarray_add(&g->completed[DONE_ID], id, UUID_LEN);
	pgarray_int8(&g->completed[DONE_DURATION], duration_us);
	if (rows < 0)
		pgarray_add(&g->completed[DONE_ROWS], NULL, 0);
	else
		pgarray_int8(&g->completed[DONE_ROWS], rows);
	g->completions++;
	return 0;
}

int
audit_group_prepare(PGconn *conn)
{
	return PQsendPrepare(conn, "i", insert_sql, 0, NULL) &&
	    PQsendPrepare(conn, "c", complete_sql, 0, NULL) ? 0 : -1;
}

static int
send_arrays(PGconn *conn, const char *name, struct pgarray *arrays, int n)
{
	const char *values[COLUMNS];
	int lengths[COLUMNS], formats[COLUMNS];

	for (int i = 0; i < n; i++) {
		values[i] = pgarray_bytes(&arrays[i], &lengths[i]);
		formats[i] = 1;
	}
	return PQsendQueryPrepared(conn, name, n, values, lengths, formats, 0)
	    ? 0 : -1;
}

int
audit_group_send(struct audit_group *g, PGconn *conn)
{
	if (g->rows > 0 &&
	    send_arrays(conn, "i", g->column, COLUMNS) == -1)
		return -1;
	if (g->completions > 0 &&
	    send_arrays(conn, "c", g->completed, DONE_COLUMNS) == -1)
		return -1;
	return 0;
}
