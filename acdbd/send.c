/*
 * send.c - what a call sends, flush by flush; see run.c for their order.
 *
 * Each function notes what it sent, for the answers to be matched with; the
 * first failure marks the connection, and what follows is in vain.
 */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "lib/context.h"
#include "params.h"
#include "worker.h"

#define CONTEXT_US	30000000	/* a transaction that begins later than
					 * this is none of ours */

static void
note_unit(struct call *c, enum op op, enum frame f, int unit)
{
	unsigned cap = c->sent_cap * 2 + 32;
	struct sent *more;

	if (c->nsent == c->sent_cap) {
		if ((more = realloc(c->sent, cap * sizeof(*more))) == NULL) {
			pgc_fail(&c->c->pg);	/* its answers have no place */
			return;
		}
		c->sent = more;
		c->sent_cap = cap;
	}
	c->sent[c->nsent++] = (struct sent){ op, f, unit };
}

static void
note(struct call *c, enum op op, enum frame f)
{
	note_unit(c, op, f, 0);
}

static void
send_frame_with(struct call *c, enum frame f, int n,
    const char *const *values, const int *lengths, const int *formats)
{
	int rc = pconn_frame(c->c, f, n, values, lengths, formats);

	if (rc == PCONN_FAILED) {
		pgc_fail(&c->c->pg);
		return;
	}
	if (rc == PCONN_SENT_PREPARE)
		note(c, OP_FRAME_PREPARE, f);
	note(c, OP_FRAME, f);
}

static void
send_frame(struct call *c, enum frame f)
{
	send_frame_with(c, f, 0, NULL, NULL, NULL);
}

static void
send_plain(struct call *c, enum op op, const char *sql)
{
	if (!PQsendQueryParams(c->c->pg.conn, sql, 0, NULL, NULL, NULL, NULL,
	    0))
		pgc_fail(&c->c->pg);
	note(c, op, 0);
}

static void
send_sync(struct call *c)
{
	if (!PQpipelineSync(c->c->pg.conn))
		pgc_fail(&c->c->pg);
	note(c, OP_SYNC, 0);
	pgc_flush(&c->c->pg);
}

/* The ten parameters of acdb_api.audit() and audit_if_written(). */
static void
audit_params(struct call *c, char domain, uint8_t mac[SECRET_SHA256],
    const char **values, int *lengths, int *formats)
{
	const struct req *r = c->r;
	const char *v[10] = { (const char *)c->audit_id,
	    (const char *)c->who.workspace, (const char *)c->who.key_uuid,
	    r->id, c->endpoint, c->command, (const char *)c->sha256, c->sql,
	    r->peer[0] != '\0' ? r->peer : NULL, (const char *)mac };
	static const int length[10] = { 16, 16, 16, 0, 0, 0, 32, 0, 0, 32 };

	context_audit_mac(mac, c->w->mac, domain, c->c->pid, c->audit_id,
	    c->who.workspace);
	for (int i = 0; i < 10; i++) {
		values[i] = v[i];
		lengths[i] = length[i];
		formats[i] = length[i] > 0;
	}
}

static bool
audited_in_transaction(const struct call *c)
{
	return !c->w->conf->audit_disabled && !c->read_only;
}

static void
send_open(struct call *c)
{
	char token[CONTEXT_TOKEN], timeout[24];
	uint8_t mac[SECRET_SHA256];
	const char *values[14] = { token, c->who.workspace_text, c->who.role,
	    timeout };
	int lengths[14] = { 0 }, formats[14] = { 0 };
	bool audited = audited_in_transaction(c) && c->writes;

	context_token(token, c->w->mac, c->c->pid,
	    ctl_clock_us(c->w->ctl) + CONTEXT_US, c->who.workspace, c->login);
	snprintf(timeout, sizeof(timeout), "%lld",
	    (long long)c->timeout_ms);
	if (audited)
		audit_params(c, 'a', mac, values + 4, lengths + 4,
		    formats + 4);
	send_frame_with(c, audited ? FRAME_OPEN_AUDITED : FRAME_OPEN,
	    audited ? 14 : 4, values, lengths, formats);
}

/* The caller's settings, local to the transaction; as the login, which may
 * call set_config(). */
static void
send_settings(struct call *c)
{
	const char *values[2 * CALL_SETTINGS];
	struct buf sql;

	if (c->nsettings == 0)
		return;
	buf_init(&sql, 4096);
	for (int i = 0; i < c->nsettings; i++) {
		buf_addf(&sql, "%s pg_catalog.set_config($%d, $%d, true)",
		    i == 0 ? "SELECT" : ",", 2 * i + 1, 2 * i + 2);
		values[2 * i] = c->settings[i].name;
		values[2 * i + 1] = c->settings[i].value;
	}
	if (buf_cstr(&sql) == NULL || !PQsendQueryParams(c->c->pg.conn,
	    buf_cstr(&sql), 2 * c->nsettings, NULL, values, NULL, NULL, 0))
		pgc_fail(&c->c->pg);
	note(c, OP_SETTINGS, 0);
	buf_fini(&sql);
}

/* The claim of an Idempotency-Key, and where a failed call returns to. */
static void
send_claim(struct call *c)
{
	uint8_t mac[SECRET_SHA256];
	char ttl[24];
	const char *values[6] = { (const char *)c->audit_id,
	    (const char *)c->who.workspace, c->idem.key,
	    (const char *)c->idem.hash, ttl, (const char *)mac };
	static const int lengths[6] = { 16, 16, 0, 32, 0, 32 };
	static const int formats[6] = { 1, 1, 0, 1, 0, 1 };

	if (!c->idem.wanted || c->idem.by_control)
		return;
	context_audit_mac(mac, c->w->mac, 'k', c->c->pid, c->audit_id,
	    c->who.workspace);
	snprintf(ttl, sizeof(ttl), "%lld",
	    (long long)c->w->conf->idempotency_ttl);
	send_frame_with(c, FRAME_CLAIM, 6, values, lengths, formats);
	send_frame(c, FRAME_SAVEPOINT);
}

/* The answer, behind its claim; then COMMIT. */
void
send_store(struct call *c, bool failed, int status, const char *type,
    const struct buf *prefix, const struct buf *body)
{
	uint8_t mac[SECRET_SHA256];
	char code[16];
	struct buf whole;
	const char *p;
	size_t n;

	buf_init(&whole, SIZE_MAX / 2);
	p = buf_peek(prefix, &n);
	buf_add(&whole, p, n);
	p = buf_peek(body, &n);
	buf_add(&whole, p, n);
	p = buf_peek(&whole, &n);
	snprintf(code, sizeof(code), "%d", status);
	context_audit_mac(mac, c->w->mac, failed ? 'f' : 'i', c->c->pid,
	    c->audit_id, c->who.workspace);
	const char *values[9] = { (const char *)c->audit_id,
	    (const char *)c->who.workspace, c->idem.key,
	    (const char *)c->idem.hash, code, type, p, failed ? "t" : "f",
	    (const char *)mac };
	const int lengths[9] = { 16, 16, 0, 32, 0, 0, (int)n, 0, 32 };
	static const int formats[9] = { 1, 1, 0, 1, 0, 0, 1, 0, 1 };

	if (buf_failed(&whole))
		pgc_fail(&c->c->pg);
	if (failed)
		send_frame(c, FRAME_ROLLBACK_TO);
	send_frame_with(c, FRAME_STORE, 9, values, lengths, formats);
	buf_fini(&whole);
	send_end(c, true);
	c->commit_sent = !failed;
}

static void
send_front(struct call *c)
{
	bool read_only = c->read_only || c->guessed_pure;

	send_frame(c, FRAME_RESET);
	if (c->c->touched) {
		send_frame(c, FRAME_SEQUENCES);
		send_frame(c, FRAME_CURSORS);
		send_frame(c, FRAME_UNLISTEN);
	}
	c->c->touched = !c->guessed_pure;
	if (c->begin[0] == '\0')
		send_frame(c, read_only ? FRAME_BEGIN_READ_ONLY : FRAME_BEGIN);
	else
		send_plain(c, OP_BEGIN, c->begin);
	send_claim(c);
	send_settings(c);
	send_open(c);
}

static void
send_close(struct call *c)
{
	uint8_t mac[SECRET_SHA256];
	const char *values[10];
	int lengths[10], formats[10];

	if (!audited_in_transaction(c) || c->writes || c->guessed_pure)
		return;
	audit_params(c, 'w', mac, values, lengths, formats);
	send_frame_with(c, FRAME_CLOSE, 10, values, lengths, formats);
}

void
send_end(struct call *c, bool commit)
{
	c->commit_sent = commit;
	send_frame(c, commit ? FRAME_COMMIT : FRAME_ROLLBACK);
	send_sync(c);
}

static void
unit_name(const struct call *c, const struct unit *u, char name[PCONN_NAME])
{
	name[0] = '\0';			/* the unnamed statement */
	if (u->number != 0)
		pconn_name(c->c, u->number, name);
}

/* A name for a text that was seen before, or whose types are asked for; what
 * had to make room for it is deallocated. */
static void
give_name(struct call *c, struct unit *u)
{
	char old[PCONN_NAME + 16] = "DEALLOCATE ";
	struct pconn_stmt *p;
	unsigned evicted = 0;

	if (!c->c->named || (u->stmt.uses <= 1 && !u->needs_types))
		return;
	if ((p = pconn_find(c->c, u->stmt.sha256)) != NULL) {
		u->number = p->number;	/* by an earlier one of the batch */
		return;
	}
	u->number = pconn_slot(c->c, u->stmt.sha256, &evicted)->number;
	u->naming = true;
	if (evicted == 0)
		return;
	pconn_name(c->c, evicted, old + strlen(old));
	send_plain(c, OP_DEALLOCATE, old);
}

/* Parse of its own, and Describe where types are asked for. */
static void
send_prepare(struct call *c, struct unit *u, bool describe)
{
	PGconn *conn = c->c->pg.conn;
	int index = (int)(u - c->unit);
	char name[PCONN_NAME];

	if (u->number == 0)
		give_name(c, u);
	if (u->number == 0 && !describe)
		return;			/* goes without */
	unit_name(c, u, name);
	if (u->number == 0 || u->naming) {
		if (!PQsendPrepare(conn, name, u->sql, 0, NULL))
			pgc_fail(&c->c->pg);
		note_unit(c, OP_PREPARE, 0, index);
	}
	if (!describe)
		return;
	if (!PQsendDescribePrepared(conn, name))
		pgc_fail(&c->c->pg);
	note_unit(c, OP_DESCRIBE, 0, index);
}

static void
send_statement(struct call *c, struct unit *u)
{
	PGconn *conn = c->c->pg.conn;
	char name[PCONN_NAME];
	int rc;

	unit_name(c, u, name);
	if (u->number != 0)
		rc = PQsendQueryPrepared(conn, name, u->nparams, u->values,
		    NULL, NULL, 0);
	else
		rc = PQsendQueryParams(conn, u->sql, u->nparams, NULL,
		    u->values, NULL, NULL, 0);
	if (!rc)
		pgc_fail(&c->c->pg);
	note_unit(c, OP_STATEMENT, 0, (int)(u - c->unit));
	c->single_row = false;
	c->started = true;
}

/* The parameters as text.  Returns 0, or -1 with the refusal filled in. */
static int
write_params(struct call *c, struct unit *u)
{
	size_t *at;
	uint32_t tok = u->params == 0 ? 0 : json_first(&c->json, u->params);
	const char *text;
	int rc = -1;

	if (u->nparams == 0)
		return 0;
	free(u->values);
	u->values = calloc((size_t)u->nparams, sizeof(*u->values));
	at = calloc((size_t)u->nparams, sizeof(*at));
	if (u->values == NULL || at == NULL) {
		problem_internal(&c->r->why);
		goto free_at;
	}
	buf_clear(&u->param_text);
	for (int i = 0; i < u->nparams; i++) {
		at[i] = SIZE_MAX;
		if (c->json.tok[tok].type != JSON_NULL) {
			at[i] = buf_len(&u->param_text);
			if (params_put(&u->param_text, &c->json, tok,
			    c->w->types, u->param_types == NULL ? NULL :
			    types_find(c->w->types, u->param_types[i]), i + 1,
			    &c->r->why) == -1)
				goto free_at;
		}
		tok = json_next(&c->json, u->params, tok);
	}
	text = buf_peek(&u->param_text, NULL);
	for (int i = 0; i < u->nparams; i++)
		u->values[i] = at[i] == SIZE_MAX ? NULL : text + at[i];
	rc = 0;
 free_at:
	free(at);
	return rc;
}

static int
write_all_params(struct call *c)
{
	for (struct unit *u = c->unit; u < c->unit + c->nunits; u++)
		if (write_params(c, u) == -1) {
			if (c->batch)
				c->r->why.statement = (int)(u - c->unit);
			return -1;
		}
	return 0;
}

/* The statements and what is behind them: up to COMMIT, or up to the point
 * of decision. */
static void
send_on(struct call *c)
{
	c->answering = 0;
	for (struct unit *u = c->unit; u < c->unit + c->nunits; u++) {
		if (u->number == 0)
			send_prepare(c, u, false);
		send_statement(c, u);
	}
	if (c->two_phase) {
		c->phase = CALL_DECIDING;
		send_sync(c);
	} else {
		c->phase = CALL_ONCE;
		send_close(c);
		send_end(c, true);
	}
}

int
send_rest(struct call *c)
{
	if (write_all_params(c) == -1)
		return -1;
	send_on(c);
	return 0;
}

/* What this connection knows of the statement: its name, and the types of
 * its parameters from an earlier description. */
static void
recall(struct call *c, struct unit *u)
{
	struct pconn_stmt *p = c->c->named ?
	    pconn_find(c->c, u->stmt.sha256) : NULL;
	size_t size = (size_t)u->nparams * sizeof(*u->param_types);

	u->number = p == NULL ? 0 : p->number;
	u->naming = false;
	if (p == NULL || !u->needs_types || u->param_types != NULL ||
	    !p->described)
		return;
	if ((u->param_types = malloc(size + 1)) != NULL)
		memcpy(u->param_types, p->params, size);
}

int
send_begin(struct call *c)
{
	bool ask = false;

	c->nsent = c->at = 0;
	c->started = c->commit_sent = c->failed = c->claim_failed = false;
	for (struct unit *u = c->unit; u < c->unit + c->nunits; u++) {
		recall(c, u);
		ask |= u->needs_types && u->param_types == NULL;
	}
	/* Before anything is sent: a parameter may be refused. */
	if (!ask && write_all_params(c) == -1)
		return -1;
	send_front(c);
	if (!ask) {
		send_on(c);
		return 0;
	}
	for (struct unit *u = c->unit; u < c->unit + c->nunits; u++)
		if (u->needs_types && u->param_types == NULL)
			send_prepare(c, u, true);
	c->phase = CALL_DESCRIBING;
	send_sync(c);
	return 0;
}

void
send_unnamed(struct call *c)
{
	struct pconn_stmt *p;

	for (struct unit *u = c->unit; u < c->unit + c->nunits; u++) {
		if (!u->naming)
			continue;
		if ((p = pconn_numbered(c->c, u->number)) != NULL)
			pconn_drop(p);
		u->naming = false;
		u->number = 0;
	}
}

void
send_cleanup(struct call *c, bool forget)
{
	c->nsent = c->at = 0;
	c->phase = CALL_RETRYING;
	send_plain(c, OP_PLAIN, "ROLLBACK");
	send_sync(c);
	if (!forget)
		return;
	pconn_forget(c->c);
	send_plain(c, OP_PLAIN, "DEALLOCATE ALL");
	send_sync(c);
}
