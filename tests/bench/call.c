/*
 * call.c - one call as acdbd makes it, straight through libpq.  Must not
 * know how many there are nor who waits for them (floor.c does).
 */
#include "call.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "lib/cdefs.h"

#define CTX_LIFE_US	(60 * INT64_C(1000000))
#define TIMEOUT_MS	"5000"
#define STATEMENT	"bench_stmt"

static const char only_role[] =
    "SELECT pg_catalog.set_config('role', $1, true)";

static int64_t
wall_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int
prepare(struct call *c, const char *name, const char *sql)
{
	PGresult *r = PQprepare(c->c.pg.conn, name, sql, 0, NULL);
	int ok = PQresultStatus(r) == PGRES_COMMAND_OK;

	if (!ok)
		fprintf(stderr, "floor: prepare %s: %s", name,
		    PQerrorMessage(c->c.pg.conn));
	PQclear(r);
	return ok ? 0 : -1;
}

/* The statement is prepared as the key role, whose rights it needs. */
static int
prepare_statement(struct call *c)
{
	char set[160];
	PGresult *r;
	int rc;

	snprintf(set, sizeof(set), "SET ROLE %s", c->plan->role);
	PQclear(PQexec(c->c.pg.conn, set));
	rc = prepare(c, STATEMENT, c->plan->sql);
	if ((c->plan->parts & PART_ROLE) != 0) {
		r = PQexec(c->c.pg.conn, "RESET ROLE");
		PQclear(r);
	}
	return rc == 0 ? prepare(c, "bench_role", only_role) : -1;
}

int
call_open(struct call *c, const struct call_plan *plan, uint32_t seed)
{
	uint8_t ctx_key[32];

	*c = (struct call){ .plan = plan, .seed = seed };
	secret_context_key(ctx_key, plan->password);
	c->mac = secret_mac_new(ctx_key, sizeof(ctx_key));
	secret_wipe(ctx_key, sizeof(ctx_key));
	uuid_text(c->ws_text, plan->workspace);
	pconn_init(&c->c, (plan->parts & PART_UNNAMED) == 0);
	c->c.pg.conn = PQconnectdb(plan->conninfo);
	if (c->mac == NULL || PQstatus(c->c.pg.conn) != CONNECTION_OK) {
		fprintf(stderr, "floor: %s", PQerrorMessage(c->c.pg.conn));
		return -1;
	}
	c->c.pid = PQbackendPID(c->c.pg.conn);
	if (prepare_statement(c) != 0 ||
	    PQenterPipelineMode(c->c.pg.conn) != 1 ||
	    PQsetnonblocking(c->c.pg.conn, 1) != 0)
		return -1;
	return 0;
}

void
call_close(struct call *c)
{
	PQfinish(c->c.pg.conn);
	c->c.pg.conn = NULL;
	pconn_forget(&c->c);
	secret_mac_free(c->mac);
	*c = (struct call){ 0 };
}

/* The arguments of the audit functions, binary where that is shorter. */
struct audit_args {
	uint8_t		 id[UUID_LEN];
	uint8_t		 mac[SECRET_SHA256];
	uint8_t		 sql_hash[SECRET_SHA256];
	char		 request_id[2 * UUID_LEN + 1];
};

static void
audit_args(struct call *c, struct audit_args *a, char domain,
    const char **value, int *length, int *format)
{
	const struct call_plan *plan = c->plan;
	const char *v[PCONN_AUDIT] = { (const char *)a->id,
	    (const char *)plan->workspace, (const char *)plan->key,
	    a->request_id, "/v1/sql/execute",
	    plan->write ? "INSERT" : "SELECT", (const char *)a->sql_hash,
	    NULL, "127.0.0.1", (const char *)a->mac, NULL };
	static const int n[PCONN_AUDIT] = { 16, 16, 16, 0, 0, 0, 32, 0, 0,
	    32, 0 };

	uuid_v7(a->id);
	enc_hex(a->request_id, a->id, UUID_LEN);
	memset(a->sql_hash, 0x5a, sizeof(a->sql_hash));
	context_audit_mac(a->mac, c->mac, domain, c->c.pid, a->id,
	    plan->workspace);
	for (int i = 0; i < PCONN_AUDIT; i++) {
		value[i] = v[i];
		length[i] = n[i];
		format[i] = n[i] > 0;
	}
}

static int
frame(struct call *c, enum frame f, int n, const char *const *values,
    const int *lengths, const int *formats)
{
	int rc = pconn_frame(&c->c, f, n, values, lengths, formats);

	if (rc == PCONN_SENT_PREPARE)
		pconn_frame_prepared(&c->c, f);
	return rc == PCONN_FAILED ? -1 : 0;
}

static int
send_open(struct call *c)
{
	const struct call_plan *plan = c->plan;
	const char *value[4 + PCONN_AUDIT] = { c->ctx, c->ws_text, plan->role,
	    TIMEOUT_MS };
	int length[4 + PCONN_AUDIT] = { 0 }, format[4 + PCONN_AUDIT] = { 0 };
	bool audited = plan->write && (plan->parts & PART_AUDIT) != 0;
	struct audit_args a;
	int64_t now;

	if ((plan->parts & PART_ROLE) == 0)
		return 0;
	if ((plan->parts & PART_CONTEXT) == 0)
		return PQsendQueryPrepared(c->c.pg.conn, "bench_role", 1,
		    &plan->role, NULL, NULL, 0) ? 0 : -1;
	now = wall_us();
	if (now >= c->ctx_renew_us) {
		context_token(c->ctx, c->mac, c->c.pid, now + CTX_LIFE_US,
		    plan->workspace, plan->login);
		c->ctx_renew_us = now + CTX_LIFE_US / 2;
	}
	if (audited)
		audit_args(c, &a, 'a', value + 4, length + 4, format + 4);
	return frame(c, audited ? FRAME_OPEN_AUDITED : FRAME_OPEN,
	    audited ? 4 + PCONN_AUDIT : 4, value, length, format);
}

static int
send_statement(struct call *c)
{
	const struct call_plan *plan = c->plan;
	char value[ASK_MAX];
	const char *v[1] = { value };

	ask_next(&plan->ask, &c->seed, value);
	if ((plan->parts & PART_PARSE) != 0)
		return PQsendQueryParams(c->c.pg.conn, plan->sql, 1, NULL, v,
		    NULL, NULL, 0) ? 0 : -1;
	return PQsendQueryPrepared(c->c.pg.conn, STATEMENT, 1, v, NULL, NULL,
	    0) ? 0 : -1;
}

static int
send_statements(struct call *c)
{
	for (unsigned i = 0; i < c->plan->statements; i++)
		if (send_statement(c) != 0)
			return -1;
	return 0;
}

static int
send_close(struct call *c)
{
	const char *value[PCONN_AUDIT + 2] = {
	    [PCONN_AUDIT] = c->plan->role, [PCONN_AUDIT + 1] = c->ctx };
	int length[PCONN_AUDIT + 2] = { 0 }, format[PCONN_AUDIT + 2] = { 0 };
	struct audit_args a;

	if (c->plan->write || (c->plan->parts & PART_AUDIT) == 0)
		return 0;
	if (frame(c, FRAME_HELD, 0, NULL, NULL, NULL) != 0)
		return -1;
	audit_args(c, &a, 'w', value, length, format);
	return frame(c, FRAME_CLOSE, PCONN_AUDIT + 2, value, length, format);
}

int
call_send(struct call *c)
{
	static const struct {
		unsigned	part;
		enum frame	frame;
	} front[] = {
		{ PART_RESET, FRAME_RESET },
		{ PART_BEGIN, FRAME_BEGIN },
		{ PART_HYGIENE, FRAME_ROLE },
		{ PART_HYGIENE, FRAME_SEQUENCES },
		{ PART_HYGIENE, FRAME_CURSORS },
		{ PART_HYGIENE, FRAME_UNLISTEN },
	};
	const struct call_plan *plan = c->plan;
	bool pure = (plan->parts & PART_PURE) != 0;
	int rc = 0;

	for (size_t i = 0; rc == 0 && i < NELEM(front); i++)
		if ((plan->parts & front[i].part) != 0)
			rc = frame(c, front[i].frame == FRAME_BEGIN && pure ?
			    FRAME_BEGIN_READ_ONLY : front[i].frame, 0, NULL,
			    NULL, NULL);
	if (rc != 0 || send_open(c) != 0 || send_statements(c) != 0 ||
	    send_close(c) != 0 || ((plan->parts & PART_BEGIN) != 0 &&
	    frame(c, pure ? FRAME_ROLLBACK : FRAME_COMMIT, 0, NULL, NULL,
	    NULL) != 0) ||
	    PQpipelineSync(c->c.pg.conn) != 1) {
		fprintf(stderr, "floor: send: %s",
		    PQerrorMessage(c->c.pg.conn));
		return -1;
	}
	c->unsent = PQflush(c->c.pg.conn) == 1;
	return 0;
}

/* Results are looked at only for their status: what a gateway does with them
 * is its own cost, not the floor's. */
int
call_read(struct call *c)
{
	PGconn *conn = c->c.pg.conn;
	PGresult *r;
	ExecStatusType status;

	if (PQconsumeInput(conn) != 1)
		goto failed;
	if (c->unsent)
		c->unsent = PQflush(conn) == 1;
	while (!PQisBusy(conn)) {
		if ((r = PQgetResult(conn)) == NULL)
			continue;
		status = PQresultStatus(r);
		PQclear(r);
		if (status == PGRES_PIPELINE_SYNC)
			return 1;
		if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK &&
		    status != PGRES_SINGLE_TUPLE)
			goto failed;
		if (c->plan->single_row)
			(void)PQsetSingleRowMode(conn);
	}
	return 0;
failed:
	fprintf(stderr, "floor: %s", PQerrorMessage(conn));
	return -1;
}
