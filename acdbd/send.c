/*
 * send.c - what a call sends, flush by flush; see run.c for their order and
 * frames.c for what the statements are framed in.
 */
#include <stdlib.h>
#include <string.h>

#include "frames.h"
#include "params.h"
#include "worker.h"

static void
unit_name(const struct call *c, const struct unit *u, char name[PCONN_NAME])
{
	name[0] = '\0';			/* the unnamed statement */
	if (u->number != 0)
		pconn_name(c->c, u->number, name);
}

static void
deallocate(struct call *c, unsigned number)
{
	char sql[PCONN_NAME + 16] = "DEALLOCATE ";

	pconn_name(c->c, number, sql + strlen(sql));
	frames_plain(c, OP_DEALLOCATE, sql);
}

/* A name for a text that was seen before, or whose types are asked for; what
 * had to make room for it is deallocated. */
static void
give_name(struct call *c, struct unit *u)
{
	struct pconn_stmt *p;
	unsigned evicted = 0;

	if (!c->c->named || (u->stmt.uses <= 1 && !u->needs_types))
		return;
	if ((p = pconn_find(c->c, u->stmt.sha256)) != NULL) {
		u->number = p->number;	/* by an earlier one of the batch */
		return;
	}
	if ((p = pconn_slot(c->c, u->stmt.sha256, &evicted)) == NULL)
		return;
	u->number = p->number;
	u->naming = true;
	if (evicted != 0)
		deallocate(c, evicted);
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
		frames_note_unit(c, OP_PREPARE, 0, index);
	}
	if (!describe)
		return;
	if (!PQsendDescribePrepared(conn, name))
		pgc_fail(&c->c->pg);
	frames_note_unit(c, OP_DESCRIBE, 0, index);
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
	frames_note_unit(c, OP_STATEMENT, 0, (int)(u - c->unit));
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
			    c->w->types, call_param_type(c, u, i), i + 1,
			    &c->r->why) == -1) {
				params_name(&c->r->why,
				    call_param_type(c, u, i), i + 1);
				goto free_at;
			}
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
		frames_sync(c);
	} else {
		c->phase = CALL_ONCE;
		frames_close(c);
		frames_end(c, true);
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

int
send_alone(struct call *c)
{
	if (write_all_params(c) == -1)
		return -1;
	c->answering = 0;
	c->unit[0].number = 0;
	send_statement(c, &c->unit[0]);
	frames_sync(c);
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
	u->recalled = p != NULL;
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
	c->started = c->commit_sent = c->settled = false;
	c->failed = c->claim_failed = false;
	pconn_begin(c->c);
	for (struct unit *u = c->unit; u < c->unit + c->nunits; u++) {
		recall(c, u);
		ask |= u->needs_types && u->param_types == NULL;
	}
	/* Before anything is sent: a parameter may be refused. */
	if (!ask && write_all_params(c) == -1)
		return -1;
	frames_front(c);
	if (!ask) {
		send_on(c);
		return 0;
	}
	for (struct unit *u = c->unit; u < c->unit + c->nunits; u++)
		if (u->needs_types && u->param_types == NULL)
			send_prepare(c, u, true);
	c->phase = CALL_DESCRIBING;
	frames_sync(c);
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

static void
forget_recalled(struct call *c)
{
	struct pconn_stmt *p;

	for (struct unit *u = c->unit; u < c->unit + c->nunits; u++) {
		if (!u->recalled)
			continue;
		free(u->param_types);
		u->param_types = NULL;
		if ((p = pconn_numbered(c->c, u->number)) == NULL)
			continue;
		deallocate(c, u->number);
		pconn_drop(p);
	}
	frames_sync(c);
}

void
send_cleanup(struct call *c, bool forget)
{
	c->nsent = c->at = 0;
	c->phase = CALL_RETRYING;
	frames_plain(c, OP_PLAIN, "ROLLBACK");
	frames_sync(c);
	if (c->relearn)
		forget_recalled(c);
	if (!forget)
		return;
	pconn_forget(c->c);
	frames_plain(c, OP_PLAIN, "DEALLOCATE ALL");
	frames_sync(c);
}
