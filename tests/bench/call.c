/*
 * call.c - one call as acdbd makes it, straight through libpq.  Must not
 * know how many there are nor who waits for them (floor.c does).
 */
#include "call.h"

#include <endian.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "hist.h"
#include "lib/cdefs.h"

#define CTX_LIFE_US	(60 * INT64_C(1000000))

static const char audit_call[] = "acdb_api.audit($1::uuid, $2::uuid, "
    "$3::uuid, $4, '/v1/sql/execute', $5, $6::bytea, NULL, $7::inet, "
    "$8::bytea)";

/* One text of the pipeline, prepared under its name. */
struct part {
	unsigned	 part;		/* PART_*, 0: always */
	const char	*name;
	const char	*sql;
};

static const struct part before[] = {
	{ PART_HYGIENE,	"b_seq",	"DISCARD SEQUENCES" },
	{ PART_HYGIENE,	"b_close",	"CLOSE ALL" },
	{ PART_HYGIENE,	"b_unlisten",	"UNLISTEN *" },
	{ PART_RESET,	"b_reset",	"RESET ALL" },
	{ PART_BEGIN,	"b_begin",	"BEGIN" },
};
static const struct part commit = { PART_BEGIN, "b_commit", "COMMIT" };

static const char setup_context[] =
    "SELECT pg_catalog.set_config('acdb.ctx', $1, true), "
    "pg_catalog.set_config('app.workspace_id', $2, true), "
    "pg_catalog.set_config('role', $3, true)";
static const char setup_role[] =
    "SELECT pg_catalog.set_config('role', $1, true)";

static int64_t
wall_us(void)
{
	struct timespec t;

	clock_gettime(CLOCK_REALTIME, &t);
	return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void
put32(uint8_t *p, uint32_t v)
{
	v = htobe32(v);
	memcpy(p, &v, sizeof(v));
}

/* The token of acdb.ctx: expiry, workspace, and the MAC that binds them to
 * this backend and login. */
static void
sign_context(struct call *c, int64_t now_us)
{
	const char *login = c->plan->login;
	uint8_t msg[1 + 4 + 8 + UUID_LEN + 64], token[8 + UUID_LEN + 32];
	uint64_t expiry = htobe64((uint64_t)(now_us + CTX_LIFE_US));
	size_t nlogin = strnlen(login, 64);

	memcpy(token, &expiry, 8);
	memcpy(token + 8, c->plan->workspace, UUID_LEN);
	msg[0] = 'c';
	put32(msg + 1, (uint32_t)PQbackendPID(c->pg));
	memcpy(msg + 5, token, 8 + UUID_LEN);
	memcpy(msg + 5 + 8 + UUID_LEN, login, nlogin);
	secret_mac(c->mac, token + 8 + UUID_LEN, msg,
	    5 + 8 + UUID_LEN + nlogin);
	enc_hex(c->ctx, token, sizeof(token));
}

static const char *
prologue(const struct call_plan *plan)
{
	static char with_audit[1024];

	if ((plan->parts & PART_CONTEXT) == 0)
		return plan->parts & PART_ROLE ? setup_role : NULL;
	if (!plan->write || (plan->parts & PART_AUDIT) == 0)
		return setup_context;
	snprintf(with_audit, sizeof(with_audit), "SELECT %s, "
	    "pg_catalog.set_config('acdb.ctx', $9, true), "
	    "pg_catalog.set_config('app.workspace_id', $10, true), "
	    "pg_catalog.set_config('role', $11, true)", audit_call);
	return with_audit;
}

#define AUDIT_IF_WRITTEN "acdb_api.audit_if_written($1::uuid, $2::uuid, " \
    "$3::uuid, $4, '/v1/sql/execute', $5, $6::bytea, NULL, $7::inet, " \
    "$8::bytea)"

static const char *
audit_if_written(const struct call_plan *plan)
{
	if ((plan->parts & PART_GUARD) != 0)
		return "SELECT CASE WHEN "
		    "pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL "
		    "THEN " AUDIT_IF_WRITTEN " END";
	return "SELECT " AUDIT_IF_WRITTEN;
}

static int
prepare(struct call *c, const char *name, const char *sql)
{
	PGresult *r = PQprepare(c->pg, name, sql, 0, NULL);
	int ok = PQresultStatus(r) == PGRES_COMMAND_OK;

	if (!ok)
		fprintf(stderr, "floor: prepare %s: %s", name,
		    PQerrorMessage(c->pg));
	PQclear(r);
	return ok ? 0 : -1;
}

static int
prepare_all(struct call *c)
{
	const struct call_plan *plan = c->plan;

	for (size_t i = 0; i < NELEM(before); i++)
		if (prepare(c, before[i].name, before[i].sql) != 0)
			return -1;
	if (prepare(c, commit.name, commit.sql) != 0)
		return -1;
	if (prologue(plan) != NULL &&
	    prepare(c, "b_setup", prologue(plan)) != 0)
		return -1;
	if ((plan->parts & PART_AUDIT) != 0 && !plan->write &&
	    prepare(c, "b_audit", audit_if_written(plan)) != 0)
		return -1;
	return 0;
}

/* The statement is prepared as the key role, whose rights it needs. */
static int
prepare_statement(struct call *c)
{
	char set[160];
	PGresult *r;
	int rc;

	snprintf(set, sizeof(set), "SET ROLE %s", c->plan->role);
	PQclear(PQexec(c->pg, set));
	rc = prepare(c, "b_stmt", c->plan->sql);
	if ((c->plan->parts & PART_ROLE) != 0) {
		r = PQexec(c->pg, "RESET ROLE");
		PQclear(r);
	}
	return rc;
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
	c->pg = PQconnectdb(plan->conninfo);
	if (c->mac == NULL || PQstatus(c->pg) != CONNECTION_OK) {
		fprintf(stderr, "floor: %s", PQerrorMessage(c->pg));
		return -1;
	}
	if (prepare_all(c) != 0 || prepare_statement(c) != 0)
		return -1;
	if (PQenterPipelineMode(c->pg) != 1 || PQsetnonblocking(c->pg, 1) != 0)
		return -1;
	return 0;
}

void
call_close(struct call *c)
{
	PQfinish(c->pg);
	secret_mac_free(c->mac);
	*c = (struct call){ 0 };
}

/* Send a prepared statement, or the same text to be parsed anew. */
static int
send(struct call *c, const char *name, const char *sql, bool parse, int n,
    const char *const *value, const int *length, const int *format)
{
	if (parse)
		return PQsendQueryParams(c->pg, sql, n, NULL, value, length,
		    format, 0);
	return PQsendQueryPrepared(c->pg, name, n, value, length, format, 0);
}

/* The ten arguments of the audit functions, binary where that is smaller,
 * then the settings. */
struct audit_args {
	uint8_t		 id[UUID_LEN];
	uint8_t		 mac[32];
	uint8_t		 sql_hash[32];
	char		 request_id[33];
	const char	*value[11];
	int		 length[11];
	int		 format[11];
};

static void
audit_args(struct call *c, struct audit_args *a, char domain)
{
	const struct call_plan *plan = c->plan;
	uint8_t msg[1 + 4 + 2 * UUID_LEN];
	static const int length[11] = { 16, 16, 16, 0, 0, 32, 0, 32 };
	static const int format[11] = { 1, 1, 1, 0, 0, 1, 0, 1 };

	uuid_v7(a->id);
	enc_hex(a->request_id, a->id, UUID_LEN);
	memset(a->sql_hash, 0x5a, sizeof(a->sql_hash));
	msg[0] = (uint8_t)domain;
	put32(msg + 1, (uint32_t)PQbackendPID(c->pg));
	memcpy(msg + 5, a->id, UUID_LEN);
	memcpy(msg + 5 + UUID_LEN, plan->workspace, UUID_LEN);
	secret_mac(c->mac, a->mac, msg, sizeof(msg));
	a->value[0] = (const char *)a->id;
	a->value[1] = (const char *)plan->workspace;
	a->value[2] = (const char *)plan->key;
	a->value[3] = a->request_id;
	a->value[4] = plan->write ? "INSERT" : "SELECT";
	a->value[5] = (const char *)a->sql_hash;
	a->value[6] = "127.0.0.1";
	a->value[7] = (const char *)a->mac;
	a->value[8] = c->ctx;
	a->value[9] = c->ws_text;
	a->value[10] = plan->role;
	memcpy(a->length, length, sizeof(length));
	memcpy(a->format, format, sizeof(format));
}

static int
send_setup(struct call *c, bool parse)
{
	const struct call_plan *plan = c->plan;
	const char *sql = prologue(plan);
	struct audit_args a;
	int64_t now;

	if (sql == NULL)
		return 1;
	if ((plan->parts & PART_CONTEXT) == 0)
		return send(c, "b_setup", sql, parse, 1, &plan->role, NULL,
		    NULL);
	now = wall_us();
	if (now >= c->ctx_renew_us) {
		sign_context(c, now);
		c->ctx_renew_us = now + CTX_LIFE_US / 2;
	}
	if (!plan->write || (plan->parts & PART_AUDIT) == 0) {
		const char *v[3] = { c->ctx, c->ws_text, plan->role };

		return send(c, "b_setup", sql, parse, 3, v, NULL, NULL);
	}
	audit_args(c, &a, 'a');
	return send(c, "b_setup", sql, parse, 11, a.value, a.length, a.format);
}

static int
send_statement(struct call *c)
{
	const struct call_plan *plan = c->plan;
	char key[16];
	const char *v[1] = { key };

	c->seed = c->seed * 1664525 + 1013904223;
	snprintf(key, sizeof(key), "%u",
	    (unsigned)(((uint64_t)c->seed * plan->key_max) >> 32) + 1);
	return send(c, "b_stmt", plan->sql, plan->parts & PART_PARSE, 1, v,
	    NULL, NULL);
}

int
call_send(struct call *c)
{
	const struct call_plan *plan = c->plan;
	bool parse = (plan->parts & PART_UNNAMED) != 0;
	struct audit_args a;
	int ok = 1;

	c->sent_ns = hist_now();
	for (size_t i = 0; ok && i < NELEM(before); i++)
		if ((plan->parts & before[i].part) != 0)
			ok = send(c, before[i].name, before[i].sql, parse, 0,
			    NULL, NULL, NULL);
	ok = ok && send_setup(c, parse) && send_statement(c);
	if (ok && (plan->parts & PART_AUDIT) != 0 && !plan->write) {
		audit_args(c, &a, 'w');
		ok = send(c, "b_audit", audit_if_written(plan), parse, 8,
		    a.value, a.length, a.format);
	}
	if (ok && (plan->parts & PART_BEGIN) != 0)
		ok = send(c, commit.name, commit.sql, parse, 0, NULL, NULL,
		    NULL);
	if (!ok || PQpipelineSync(c->pg) != 1) {
		fprintf(stderr, "floor: send: %s", PQerrorMessage(c->pg));
		return -1;
	}
	c->unsent = PQflush(c->pg) == 1;
	return 0;
}

/* Results behind the pipeline's end are looked at only for their status:
 * what a gateway does with them is its own cost, not the floor's. */
int
call_read(struct call *c)
{
	PGresult *r;
	ExecStatusType status;

	if (PQconsumeInput(c->pg) != 1)
		goto failed;
	if (c->unsent)
		c->unsent = PQflush(c->pg) == 1;
	while (!PQisBusy(c->pg)) {
		if ((r = PQgetResult(c->pg)) == NULL)
			continue;
		status = PQresultStatus(r);
		PQclear(r);
		if (status == PGRES_PIPELINE_SYNC)
			return 1;
		if (status != PGRES_TUPLES_OK && status != PGRES_COMMAND_OK &&
		    status != PGRES_SINGLE_TUPLE)
			goto failed;
		if (c->plan->single_row)
			(void)PQsetSingleRowMode(c->pg);
	}
	return 0;
failed:
	fprintf(stderr, "floor: %s", PQerrorMessage(c->pg));
	return -1;
}
