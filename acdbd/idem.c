/*
 * idem.c - a call with an Idempotency-Key, where the control plane has a
 * part in it.
 *
 * A call that may write claims its key and stores its answer in its own
 * transaction (send.c, run.c); only the answer of an earlier one is fetched
 * here.  One that cannot write is looked up before it runs and kept behind.
 */
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "frames.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "pgproblem.h"
#include "worker.h"

static const char look_sql[] =
    "SELECT request_hash = $3::bytea, state, status_code, content_type,"
    " pg_catalog.convert_from(response_body, 'UTF8')"
    " FROM acdb.idempotency_keys WHERE workspace_id = $1::uuid"
    " AND key = $2 AND expires_at > pg_catalog.clock_timestamp()";

static const char keep_sql[] =
    "INSERT INTO acdb.idempotency_keys AS i (workspace_id, key,"
    " request_hash, state, status_code, content_type, response_body,"
    " expires_at) VALUES ($1::uuid, $2, $3::bytea, 'done', $4::int, $5,"
    " pg_catalog.convert_to($6, 'UTF8'), pg_catalog.clock_timestamp()"
    " + $7::int8 * interval '1 millisecond')"
    " ON CONFLICT (workspace_id, key) DO UPDATE SET request_hash ="
    " EXCLUDED.request_hash, state = 'done', status_code ="
    " EXCLUDED.status_code, content_type = EXCLUDED.content_type,"
    " response_body = EXCLUDED.response_body, created_at ="
    " pg_catalog.now(), expires_at = EXCLUDED.expires_at"
    " WHERE i.expires_at <= pg_catalog.clock_timestamp()";

/* What makes two requests the same: where they go, as whom, and their body
 * to the byte. */
static int
hash_request(struct call *c, struct problem *why)
{
	const struct req *r = c->r;
	struct buf all;
	const char *p;
	size_t n;

	buf_init(&all, SIZE_MAX / 2);
	buf_add(&all, r->head.path.p, r->head.path.n);
	buf_addf(&all, "\n%s\n", c->who.role);
	p = buf_peek(&r->body, &n);
	buf_add(&all, p, n);
	if (buf_failed(&all)) {
		buf_fini(&all);
		return problem_internal(why);
	}
	p = buf_peek(&all, &n);
	secret_sha256(c->idem.hash, p, n);
	buf_fini(&all);
	return 0;
}

int
idem_read(struct call *c, struct problem *why)
{
	const struct slice *s = http_header(&c->r->head, "idempotency-key");

	if (s == NULL)
		return 0;
	if (http_header_repeated(&c->r->head, "idempotency-key") ||
	    s->n == 0 || s->n > CALL_IDEM_KEY)
		return problem_set(why, 400, "invalid_input",
		    "send one Idempotency-Key of 1 to %d characters",
		    CALL_IDEM_KEY);
	for (size_t i = 0; i < s->n; i++)
		if (s->p[i] <= ' ' || s->p[i] > '~')
			return problem_set(why, 400, "invalid_input",
			    "an Idempotency-Key is of visible ASCII "
			    "characters, without blanks");
	memcpy(c->idem.key, s->p, s->n);
	c->idem.wanted = true;
	return hash_request(c, why);
}

bool
idem_refused(struct call *c, const PGresult *res)
{
	const char *state = PQresultErrorField(res, PG_DIAG_SQLSTATE);
	struct problem *why = &c->r->why;

	if (state == NULL)
		return false;
	if (strcmp(state, "AC010") == 0) {
		c->idem.replay = true;
		return true;
	}
	if (strcmp(state, "AC011") == 0)
		problem_set(why, 409, "idempotency_conflict",
		    "the Idempotency-Key was used with another request");
	else if (strcmp(state, "AC012") == 0)
		problem_set(why, 409, "outcome_unknown",
		    "the Idempotency-Key was claimed by a call whose end was "
		    "never recorded: look at the data before trying again");
	else if (strcmp(state, "57014") == 0 || strcmp(state, "55P03") == 0 ||
	    strcmp(state, "40001") == 0) {
		problem_set(why, 503, "idempotency_in_progress",
		    "the first call with this Idempotency-Key is still "
		    "running");
		why->retry_after = 1;
		why->retryable = 1;
	} else
		return false;
	return true;
}

/* Whether a refusal would be the same again: then it is the request's answer
 * for good. */
static bool
deterministic(const struct problem *why)
{
	static const char *const passing[] = { "40001", "40P01", "55P03",
	    "57", "53", "08", "XX" };

	for (size_t i = 0; i < NELEM(passing); i++)
		if (strncmp(why->sqlstate, passing[i], strlen(passing[i])) == 0)
			return false;
	return why->status != 0 && why->status != 503 && why->status != 408 &&
	    (why->status != 500 || why->sqlstate[0] != '\0');
}

bool
idem_store(struct call *c)
{
	struct req *r = c->r;
	struct buf none, body;
	bool ok = !c->failed && run_wanted(c);

	if (c->claim_failed)
		return false;
	if (!c->failed && !c->too_large && rows_end(c) == -1)
		c->too_large = true;
	c->ended = true;
	if (c->too_large) {
		execute_refuse_large(c);
		ok = false;
	}
	if (r->why.status == 0) {
		frames_store(c, !ok, 200, "application/json",
		    &r->answer.prefix, &r->answer.body);
		return true;
	}
	if (!deterministic(&r->why))
		return false;
	buf_init(&none, 0);
	buf_init(&body, SIZE_MAX / 2);
	problem_write(&r->why, r->id, &body);
	frames_store(c, true, r->why.status, "application/problem+json", &none,
	    &body);
	buf_fini(&body);
	return true;
}

static void
on_looked(struct ctl_query *q, PGresult *res)
{
	struct call *c = (struct call *)(void *)((char *)q -
	    offsetof(struct call, idem.q));
	struct idem *i = &c->idem;

	i->answered = true;
	if (res == NULL || PQresultStatus(res) != PGRES_TUPLES_OK) {
		pgproblem_unavailable(&c->r->why);
	} else if (PQntuples(res) == 1) {
		if (PQgetvalue(res, 0, 0)[0] != 't')
			problem_set(&c->r->why, 409, "idempotency_conflict",
			    "the Idempotency-Key was used with another "
			    "request");
		else if (strcmp(PQgetvalue(res, 0, 1), "done") != 0)
			problem_set(&c->r->why, 409, "outcome_unknown",
			    "the Idempotency-Key was claimed by a call whose "
			    "end was never recorded: look at the data before "
			    "trying again");
		else {
			i->status = (int)strtol(PQgetvalue(res, 0, 2), NULL,
			    10);
			i->type = strcmp(PQgetvalue(res, 0, 3),
			    "application/json") == 0 ? "application/json" :
			    "application/problem+json";
			i->body = strdup(PQgetvalue(res, 0, 4));
		}
	}
	req_wake(c->r);
}

static void
on_kept(struct ctl_query *q, PGresult *res)
{
	struct call *c = (struct call *)(void *)((char *)q -
	    offsetof(struct call, idem.q));

	struct idem *i = &c->idem;

	i->kept = true;
	/* A read that was not kept runs again when it is asked again. */
	if (res == NULL || PQresultStatus(res) != PGRES_COMMAND_OK)
		log_warn("an answer was not kept", "request", c->r->id, NULL);
	else if (strcmp(PQcmdTuples(res), "0") == 0) {
		/* A duplicate was faster: its answer is the key's. */
		i->replay = true;
		i->kept = i->answered = false;
	}
	req_wake(c->r);
}

static void
abandon(struct req *r)
{
	struct call *c = r->state;

	ctl_forget(c->w->ctl, &c->idem.q);
}

/* The stored answer, to the byte. */
static enum verdict
replay(struct req *r)
{
	struct idem *i = &((struct call *)r->state)->idem;

	board_add(r->w->board, COUNT_IDEMPOTENCY_HITS, 1);
	problem_fini(&r->why);
	problem_init(&r->why);
	buf_clear(&r->answer.prefix);
	buf_clear(&r->answer.body);
	r->answer.body.max = SIZE_MAX / 2;	/* it fitted once */
	buf_adds(&r->answer.body, i->body == NULL ? "" : i->body);
	r->answer.status = i->status;
	r->answer.type = i->type;
	r->audited = false;
	req_header(r, "X-Idempotent-Replayed", "true");
	return STEP_NEXT;
}

/*
 * Before a call that cannot write, and behind one whose claim found the
 * answer stored, or whose duplicate has kept one meanwhile: fetch it.
 */
enum verdict
step_idem_look(struct req *r)
{
	struct call *c = r->state;
	struct idem *i = &c->idem;
	char hash[2 * 32 + 3] = "\\x";
	const char *params[3] = { c->who.workspace_text, i->key, hash };

	if (!i->wanted || (!i->by_control && !i->replay) || i->kept)
		return STEP_NEXT;
	if (i->answered && !i->asked)
		return STEP_NEXT;
	if (i->answered) {
		i->asked = false;
		if (r->why.status != 0)
			return STEP_REFUSE;
		if (i->status != 0) {
			i->replay = i->kept = true;
			return replay(r);
		}
		if (!i->replay)
			board_add(r->w->board, COUNT_IDEMPOTENCY_MISSES, 1);
		return STEP_NEXT;
	}
	enc_hex(hash + 2, i->hash, 32);
	i->q.done = on_looked;
	if (ctl_ask(r->w->ctl, &i->q, look_sql, 3, params) == -1) {
		pgproblem_unavailable(&r->why);
		return STEP_REFUSE;
	}
	i->asked = true;
	r->abandon = abandon;
	return STEP_WAIT;
}

/* Whether the control plane is to keep the call's answer: it could not write,
 * and what became of it would be the same again. */
static bool
is_to_keep(const struct call *c, const struct req *r)
{
	const struct idem *i = &c->idem;

	if (!i->wanted || !i->by_control || i->kept || i->replay)
		return false;
	return r->why.status == 0 || (c->started && deterministic(&r->why));
}

static void
put_answer(const struct req *r, struct buf *body)
{
	const char *p;
	size_t n;

	if (r->why.status != 0) {
		problem_write(&r->why, r->id, body);
		return;
	}
	p = buf_peek(&r->answer.prefix, &n);
	buf_add(body, p, n);
	p = buf_peek(&r->answer.body, &n);
	buf_add(body, p, n);
}

/* Behind a call that could not write: keep its answer. */
enum verdict
step_idem_keep(struct req *r)
{
	struct call *c = r->state;
	struct idem *i;
	char hash[2 * 32 + 3] = "\\x", ttl[24], status[16];
	struct buf body;
	int rc;

	if (c == NULL || !is_to_keep(c, r))
		return STEP_NEXT;
	i = &c->idem;
	buf_init(&body, SIZE_MAX / 2);
	put_answer(r, &body);
	enc_hex(hash + 2, i->hash, 32);
	snprintf(status, sizeof(status), "%d",
	    r->why.status != 0 ? r->why.status : 200);
	snprintf(ttl, sizeof(ttl), "%lld",
	    (long long)r->w->conf->idempotency_ttl);
	const char *params[7] = { c->who.workspace_text, i->key, hash, status,
	    r->why.status != 0 ? "application/problem+json" :
	    "application/json", buf_cstr(&body), ttl };

	i->q.done = on_kept;
	rc = params[5] == NULL ? -1 :
	    ctl_ask(r->w->ctl, &i->q, keep_sql, 7, params);
	buf_fini(&body);
	if (rc == -1)
		return STEP_NEXT;
	r->abandon = abandon;
	return STEP_WAIT;
}

void
idem_fini(struct call *c)
{
	free(c->idem.body);
}
