/*
 * pconn.c - see pconn.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "lib/enc.h"
#include "lib/secret.h"
#include "pconn.h"

/*
 * set_config() runs as the login, which alone may; the role comes last, and
 * with it the session can do what the key can.  What is set is local to the
 * transaction.
 */
#define OPEN								\
	"pg_catalog.set_config('acdb.ctx', $1, true),"			\
	" pg_catalog.set_config('app.workspace_id', $2, true),"		\
	" pg_catalog.set_config('statement_timeout', $4, true),"
#define BECOME	" pg_catalog.set_config('role', $3, true)"
#define AUDIT_TYPES(a, b, c, d, e, f, g, h, i, j, k)			\
	"($" #a "::pg_catalog.uuid, $" #b "::pg_catalog.uuid,"		\
	" $" #c "::pg_catalog.uuid, $" #d "::pg_catalog.text,"		\
	" $" #e "::pg_catalog.text, $" #f "::pg_catalog.text,"		\
	" $" #g "::pg_catalog.bytea, $" #h "::pg_catalog.text,"		\
	" $" #i "::pg_catalog.inet, $" #j "::pg_catalog.bytea,"		\
	" $" #k "::pg_catalog.text)"

static const char *const frame_sql[FRAMES] = {
	[FRAME_RESET] = "RESET ALL",
	[FRAME_ROLE] = "RESET ROLE",
	[FRAME_SEQUENCES] = "DISCARD SEQUENCES",
	[FRAME_CURSORS] = "CLOSE ALL",
	[FRAME_UNLISTEN] = "UNLISTEN *",
	[FRAME_DEALLOCATE] = "DEALLOCATE ALL",
	[FRAME_SEED] = "SELECT pg_catalog.set_config('seed', $1, false)",
	[FRAME_BEGIN] = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE",
	[FRAME_BEGIN_READ_ONLY] =
	    "BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY",
	[FRAME_CHAIN] = "COMMIT AND CHAIN",
	[FRAME_OPEN] = "SELECT " OPEN BECOME,
	[FRAME_OPEN_AUDITED] = "SELECT " OPEN " acdb_api.audit"
	    AUDIT_TYPES(5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) "," BECOME,
	[FRAME_OPEN_SESSION] = "SELECT"
	    " pg_catalog.set_config('acdb.ctx', $1, false),"
	    " pg_catalog.set_config('app.workspace_id', $2, false),"
	    " pg_catalog.set_config('statement_timeout', $4, false),"
	    " pg_catalog.set_config('role', $3, false)",
	[FRAME_CLAIM] = "SELECT acdb_api.idempotency_claim("
	    "$1::pg_catalog.uuid, $2::pg_catalog.uuid, $3::pg_catalog.text,"
	    " $4::pg_catalog.bytea, $5::pg_catalog.int8,"
	    " $6::pg_catalog.bytea)",
	[FRAME_SAVEPOINT] = "SAVEPOINT acdb_call",
	[FRAME_ROLLBACK_TO] = "ROLLBACK TO SAVEPOINT acdb_call",
	[FRAME_CHECK] = "SET CONSTRAINTS ALL IMMEDIATE",
	[FRAME_STORE] = "SELECT acdb_api.idempotency_store("
	    "$1::pg_catalog.uuid, $2::pg_catalog.uuid, $3::pg_catalog.text,"
	    " $4::pg_catalog.bytea, $5::pg_catalog.int4,"
	    " $6::pg_catalog.text, $7::pg_catalog.bytea,"
	    " $8::pg_catalog.bool, $9::pg_catalog.bytea)",
	[FRAME_HELD] = "CLOSE ALL",
	/* Most calls write nothing, leave role and context alone, and then
	 * ask nothing of acdb_api. */
	[FRAME_CLOSE] = "SELECT CASE WHEN"
	    " pg_catalog.pg_current_xact_id_if_assigned() IS NOT NULL"
	    " OR (pg_catalog.current_setting('role')"
	    "  OPERATOR(pg_catalog.=) $12::pg_catalog.text) IS NOT TRUE"
	    " OR (pg_catalog.current_setting('acdb.ctx', true)"
	    "  OPERATOR(pg_catalog.=) $13::pg_catalog.text) IS NOT TRUE THEN"
	    " acdb_api.audit_if_written"
	    AUDIT_TYPES(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11) " ELSE false END",
	[FRAME_COMMIT] = "COMMIT",
	[FRAME_ROLLBACK] = "ROLLBACK",
};

void
pconn_init(struct pconn *c, bool named)
{
	uint8_t nonce[8];

	memset(c, 0, sizeof(*c));
	secret_random(nonce, sizeof(nonce));
	enc_hex(c->nonce, nonce, sizeof(nonce));
	c->named = named;
}

void
pconn_drop(struct pconn_stmt *s)
{
	free(s->params);
	memset(s, 0, sizeof(*s));
}

void
pconn_forget(struct pconn *c)
{
	c->prepared = 0;
	for (size_t i = 0; i < NELEM(c->stmts); i++)
		pconn_drop(&c->stmts[i]);
}

void
pconn_fini(struct pconn *c)
{
	pconn_forget(c);
	pgc_close(&c->pg);
}

void
pconn_name(const struct pconn *c, unsigned number, char name[PCONN_NAME])
{
	snprintf(name, PCONN_NAME, "s%s_%u", c->nonce, number);
}

int
pconn_frame(struct pconn *c, enum frame f, int n, const char *const *values,
    const int *lengths, const int *formats)
{
	char name[PCONN_NAME];
	int rc = PCONN_SENT;

	if (!c->named)
		return PQsendQueryParams(c->pg.conn, frame_sql[f], n, NULL,
		    values, lengths, formats, 0) ? PCONN_SENT : PCONN_FAILED;
	snprintf(name, sizeof(name), "f%s_%d", c->nonce, (int)f);
	if (!(c->prepared & (1U << f))) {
		if (!PQsendPrepare(c->pg.conn, name, frame_sql[f], 0, NULL))
			return PCONN_FAILED;
		rc = PCONN_SENT_PREPARE;
	}
	if (!PQsendQueryPrepared(c->pg.conn, name, n, values, lengths,
	    formats, 0))
		return PCONN_FAILED;
	return rc;
}

void
pconn_frame_prepared(struct pconn *c, enum frame f)
{
	c->prepared |= 1U << f;
}

void
pconn_begin(struct pconn *c)
{
	c->call = c->clock;
}

struct pconn_stmt *
pconn_find(struct pconn *c, const uint8_t sha256[32])
{
	for (size_t i = 0; i < NELEM(c->stmts); i++)
		if (c->stmts[i].number != 0 &&
		    memcmp(c->stmts[i].sha256, sha256, 32) == 0) {
			c->stmts[i].used = ++c->clock;
			return &c->stmts[i];
		}
	return NULL;
}

struct pconn_stmt *
pconn_slot(struct pconn *c, const uint8_t sha256[32], unsigned *evicted)
{
	struct pconn_stmt *s = &c->stmts[0];

	for (size_t i = 0; i < NELEM(c->stmts) && s->number != 0; i++)
		if (c->stmts[i].number == 0 || c->stmts[i].used < s->used)
			s = &c->stmts[i];
	*evicted = s->number;
	if (s->number != 0 && s->used > c->call)
		return NULL;
	pconn_drop(s);
	memcpy(s->sha256, sha256, 32);
	s->number = ++c->last_number;
	s->used = ++c->clock;
	return s;
}

struct pconn_stmt *
pconn_numbered(struct pconn *c, unsigned number)
{
	for (size_t i = 0; number != 0 && i < NELEM(c->stmts); i++)
		if (c->stmts[i].number == number)
			return &c->stmts[i];
	return NULL;
}
