/*
 * frames.c - see frames.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "frames.h"
#include "lib/context.h"
#include "worker.h"

#define CONTEXT_US	30000000	/* a transaction that begins later than
					 * this is none of ours */

void
frames_note_unit(struct call *c, enum op op, enum frame f, int unit)
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

void
frames_note(struct call *c, enum op op, enum frame f)
{
	frames_note_unit(c, op, f, 0);
}

static void
frames_send_with(struct call *c, enum frame f, int n,
    const char *const *values, const int *lengths, const int *formats)
{
	int rc = pconn_frame(c->c, f, n, values, lengths, formats);

	if (rc == PCONN_FAILED) {
		pgc_fail(&c->c->pg);
		return;
	}
	if (rc == PCONN_SENT_PREPARE)
		frames_note(c, OP_FRAME_PREPARE, f);
	frames_note(c, OP_FRAME, f);
}

void
frames_send(struct call *c, enum frame f)
{
	frames_send_with(c, f, 0, NULL, NULL, NULL);
}

void
frames_plain(struct call *c, enum op op, const char *sql)
{
	if (!PQsendQueryParams(c->c->pg.conn, sql, 0, NULL, NULL, NULL, NULL,
	    0))
		pgc_fail(&c->c->pg);
	frames_note(c, op, 0);
}

void
frames_sync(struct call *c)
{
	if (!PQpipelineSync(c->c->pg.conn))
		pgc_fail(&c->c->pg);
	frames_note(c, OP_SYNC, 0);
	pgc_flush(&c->c->pg);
}

/* The parameters of acdb_api.audit() and audit_if_written(). */
static void
audit_params(struct call *c, char domain, uint8_t mac[SECRET_SHA256],
    const char **values, int *lengths, int *formats)
{
	const struct req *r = c->r;
	const char *v[PCONN_AUDIT] = { (const char *)c->audit_id,
	    (const char *)c->who.workspace, (const char *)c->who.key_uuid,
	    r->id, c->endpoint, c->command, (const char *)c->sha256, c->sql,
	    r->peer[0] != '\0' ? r->peer : NULL, (const char *)mac,
	    r->trace[0] != '\0' ? r->trace : NULL };
	static const int length[PCONN_AUDIT] = { 16, 16, 16, 0, 0, 0, 32, 0,
	    0, 32, 0 };

	context_audit_mac(mac, c->w->mac, domain, c->c->pid, c->audit_id,
	    c->who.workspace);
	for (int i = 0; i < PCONN_AUDIT; i++) {
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

void
frames_open(struct call *c)
{
	char timeout[24];
	uint8_t mac[SECRET_SHA256];
	const char *values[4 + PCONN_AUDIT] = { c->token,
	    c->who.workspace_text, c->who.role, timeout };
	int lengths[4 + PCONN_AUDIT] = { 0 };
	int formats[4 + PCONN_AUDIT] = { 0 };
	/* Behind a failed write names are asked for, which writes nothing. */
	bool audited = audited_in_transaction(c) && c->writes && !c->outside &&
	    !c->suggested;
	enum frame f = c->outside ? FRAME_OPEN_SESSION :
	    audited ? FRAME_OPEN_AUDITED : FRAME_OPEN;

	context_token(c->token, c->w->mac, c->c->pid,
	    ctl_clock_us(c->w->ctl) + CONTEXT_US, c->who.workspace, c->login);
	snprintf(timeout, sizeof(timeout), "%lld",
	    (long long)c->timeout_ms);
	if (audited)
		audit_params(c, 'a', mac, values + 4, lengths + 4,
		    formats + 4);
	frames_send_with(c, f, audited ? 4 + PCONN_AUDIT : 4, values,
	    lengths, formats);
}

/* The caller's settings, local to the transaction, and the trace it is part
 * of; as the login, which may call set_config(). */
void
frames_settings(struct call *c)
{
	const char *values[2 * CALL_SETTINGS + 2];
	char name[48];
	struct buf sql;
	int n = 0;

	for (int i = 0; i < c->nsettings; i++) {
		values[n++] = c->settings[i].name;
		values[n++] = c->settings[i].value;
	}
	if (c->r->trace[0] != '\0') {
		snprintf(name, sizeof(name), "agentcoopdb %s", c->r->trace);
		values[n++] = "application_name";
		values[n++] = name;
	}
	if (n == 0)
		return;
	buf_init(&sql, 4096);
	for (int i = 1; i < n; i += 2)
		buf_addf(&sql, "%s pg_catalog.set_config($%d, $%d, true)",
		    i == 1 ? "SELECT" : ",", i, i + 1);
	if (buf_cstr(&sql) == NULL || !PQsendQueryParams(c->c->pg.conn,
	    buf_cstr(&sql), n, NULL, values, NULL, NULL, 0))
		pgc_fail(&c->c->pg);
	frames_note(c, OP_SETTINGS, 0);
	buf_fini(&sql);
}

/* The claim of an Idempotency-Key, and where a failed call returns to. */
void
frames_claim(struct call *c)
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
	frames_send_with(c, FRAME_CLAIM, 6, values, lengths, formats);
	if (!c->outside)
		frames_send(c, FRAME_SAVEPOINT);
}

/* The answer, behind its claim; then COMMIT, which is not to fail: that would
 * take the claim with it. */
void
frames_store(struct call *c, bool failed, int status, const char *type,
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
	if (failed && !c->outside)
		frames_send(c, FRAME_ROLLBACK_TO);
	if (!failed && !c->outside) {
		frames_close(c);
		frames_send(c, FRAME_CHECK);
	}
	frames_send_with(c, FRAME_STORE, 9, values, lengths, formats);
	buf_fini(&whole);
	if (c->outside) {
		frames_sync(c);
		return;
	}
	frames_end(c, true);
	c->commit_sent = !failed;
}

/* A session whose last caller could set the seed has random() give numbers
 * that he knows. */
static void
send_seed(struct call *c)
{
	char seed[24];
	const char *value = seed;
	uint32_t n;

	secret_random(&n, sizeof(n));
	snprintf(seed, sizeof(seed), "%.10f", n / 4294967296.0);
	frames_send_with(c, FRAME_SEED, 1, &value, NULL, NULL);
}

static void
undo(struct call *c)
{
	if (c->c->touched) {
		frames_send(c, FRAME_ROLE);
		frames_send(c, FRAME_SEQUENCES);
		frames_send(c, FRAME_CURSORS);
		frames_send(c, FRAME_UNLISTEN);
	}
	if (c->c->touched && !c->c->named) {
		frames_send(c, FRAME_DEALLOCATE);
		send_seed(c);
	}
	c->c->touched |= !c->guessed_pure;
}

void
frames_tidy(struct call *c)
{
	frames_send(c, FRAME_RESET);
	undo(c);
}

void
frames_front(struct call *c)
{
	bool read_only = c->read_only || c->guessed_pure;

	frames_send(c, FRAME_RESET);
	if (c->begin[0] == '\0')
		frames_send(c, read_only ? FRAME_BEGIN_READ_ONLY :
		    FRAME_BEGIN);
	else
		frames_plain(c, OP_BEGIN, c->begin);
	/* Not before: it takes a snapshot, behind which no isolation level
	 * can be chosen. */
	undo(c);
	/* A pure read ends with ROLLBACK, which would bring back the role and
	 * what is listened to. */
	if (c->c->touched && c->guessed_pure)
		frames_send(c, FRAME_CHAIN);
	frames_claim(c);
	frames_settings(c);
	frames_open(c);
}

void
frames_close(struct call *c)
{
	uint8_t mac[SECRET_SHA256];
	const char *values[PCONN_AUDIT + 2] = {
	    [PCONN_AUDIT] = c->who.role, [PCONN_AUDIT + 1] = c->token };
	int lengths[PCONN_AUDIT + 2] = { 0 };
	int formats[PCONN_AUDIT + 2] = { 0 };

	if (!audited_in_transaction(c) || c->writes || c->guessed_pure)
		return;
	/* The query of a cursor WITH HOLD would run in COMMIT, behind the look
	 * at whether anything was written. */
	frames_send(c, FRAME_HELD);
	audit_params(c, 'w', mac, values, lengths, formats);
	frames_send_with(c, FRAME_CLOSE, PCONN_AUDIT + 2, values, lengths,
	    formats);
}

void
frames_end(struct call *c, bool commit)
{
	c->commit_sent = commit;
	/* A pure read loses nothing, and what a view or an operator set in
	 * the session after all is undone. */
	frames_send(c, commit && !c->guessed_pure ? FRAME_COMMIT :
	    FRAME_ROLLBACK);
	frames_sync(c);
}
