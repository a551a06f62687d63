/*
 * trail.c - see trail.h.  What a row is and how a group is sent are acdbd's
 * own code (acdbd/audit_group.c), so that the two cannot grow apart.
 */
#include "trail.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "acdbd/audit.h"
#include "acdbd/audit_group.h"
#include "hist.h"

#define CALLS_MAX	1024		/* in one group */

struct batch {
	struct audit_group *group;
	int		 n;
	int64_t		 began[CALLS_MAX];
};

struct trail {
	const struct call_plan *plan;
	struct principal who;
	PGconn		*conn;
	struct batch	 batch[2];
	int		 gathering;
	bool		 busy;
};

static int
failed(const struct trail *t)
{
	fprintf(stderr, "floor: audit: %s", PQerrorMessage(t->conn));
	return -1;
}

/* Take in results up to a Sync.  Returns 1 at it, 0 before it, or -1. */
static int
results(struct trail *t)
{
	ExecStatusType status;
	PGresult *r;

	while (!PQisBusy(t->conn)) {
		if ((r = PQgetResult(t->conn)) == NULL)
			continue;
		status = PQresultStatus(r);
		PQclear(r);
		if (status == PGRES_PIPELINE_SYNC)
			return 1;
		if (status != PGRES_COMMAND_OK)
			return failed(t);
	}
	return 0;
}

static int
prepare(struct trail *t)
{
	int end = 0;

	if (PQenterPipelineMode(t->conn) != 1 ||
	    audit_group_prepare(t->conn) == -1 ||
	    PQpipelineSync(t->conn) != 1)
		return failed(t);
	while (end == 0) {
		if (PQconsumeInput(t->conn) != 1)
			return failed(t);
		end = results(t);
	}
	return end == 1 && PQsetnonblocking(t->conn, 1) == 0 ? 0 : -1;
}

struct trail *
trail_open(const struct call_plan *plan)
{
	const char *keys[] = { "dbname", "user", "password", "options", NULL };
	const char *values[] = { plan->conninfo, "agentcoopdb_gateway",
	    plan->password, AUDIT_GROUP_OPTIONS, NULL };
	struct trail *t = calloc(1, sizeof(*t));

	if (t == NULL)
		return NULL;
	t->plan = plan;
	t->who.known = true;
	memcpy(t->who.key_uuid, plan->key, UUID_LEN);
	memcpy(t->who.workspace, plan->workspace, UUID_LEN);
	t->conn = PQconnectdbParams(keys, values, 1);
	for (int i = 0; i < 2; i++)
		t->batch[i].group = audit_group_new();
	if (PQstatus(t->conn) != CONNECTION_OK) {
		(void)failed(t);
		goto close;
	}
	if (t->batch[0].group == NULL || t->batch[1].group == NULL ||
	    prepare(t) == -1)
		goto close;
	return t;
close:
	trail_close(t);
	return NULL;
}

void
trail_close(struct trail *t)
{
	if (t == NULL)
		return;
	PQfinish(t->conn);
	for (int i = 0; i < 2; i++)
		audit_group_free(t->batch[i].group);
	free(t);
}

int
trail_socket(const struct trail *t)
{
	return PQsocket(t->conn);
}

int
trail_pid(const struct trail *t)
{
	return PQbackendPID(t->conn);
}

int
trail_add(struct trail *t, int64_t began_ns)
{
	struct batch *b = &t->batch[t->gathering];
	char request_id[2 * UUID_LEN + 1];
	uint8_t hash[32];
	struct audit_row row = { .who = &t->who, .request_id = request_id,
	    .endpoint = "/v1/sql/execute", .command = "SELECT",
	    .peer = "127.0.0.1", .trace = "", .sql_hash = hash, .rows = 1,
	    .duration_us = (hist_now() - began_ns) / 1000, .status = 200 };

	uuid_v7(row.id);
	enc_hex(request_id, row.id, UUID_LEN);
	memset(hash, 0x5a, sizeof(hash));
	if (b->n == CALLS_MAX || audit_group_add(b->group, &row) == -1) {
		fputs("floor: audit: more calls than a group holds\n",
		    stderr);
		return -1;
	}
	b->began[b->n++] = began_ns;
	return 0;
}

int
trail_flush(struct trail *t)
{
	struct batch *b = &t->batch[t->gathering];

	if (t->busy || b->n == 0)
		return 0;
	if (audit_group_send(b->group, t->conn) == -1 ||
	    PQpipelineSync(t->conn) != 1 || PQflush(t->conn) == -1)
		return failed(t);
	t->busy = true;
	t->gathering = 1 - t->gathering;
	t->batch[t->gathering].n = 0;
	audit_group_clear(t->batch[t->gathering].group);
	return 0;
}

int
trail_read(struct trail *t, const int64_t **began)
{
	struct batch *b = &t->batch[1 - t->gathering];
	int end;

	if (PQflush(t->conn) == -1 || PQconsumeInput(t->conn) != 1)
		return failed(t);
	if (!t->busy || (end = results(t)) == 0)
		return 0;
	if (end == -1)
		return -1;
	t->busy = false;
	*began = b->began;
	return b->n;
}
