/*
 * outside.c - a statement that cannot run in a transaction block: VACUUM,
 * CREATE INDEX CONCURRENTLY and their like.
 *
 * Role and context are set for the session, and the connection is closed
 * behind the call.  An Idempotency-Key is claimed in a transaction of its
 * own before, its answer stored in another one behind: a claim that is found
 * without an answer tells that nobody knows.
 */
#include "frames.h"
#include "worker.h"

void
outside_begin(struct call *c)
{
	c->nsent = c->at = 0;
	c->started = c->commit_sent = c->settled = false;
	c->failed = c->claim_failed = false;
	frames_tidy(c);
	if (c->idem.wanted) {
		c->phase = CALL_CLAIMING;
		frames_send(c, FRAME_BEGIN);
		frames_claim(c);
		frames_send(c, FRAME_COMMIT);
	} else {
		c->phase = CALL_OPENING;
		frames_open(c);
	}
	frames_sync(c);
}

/* Its answer, success or failure, is what came of the key. */
static bool
store(struct call *c)
{
	if (!c->idem.wanted || c->phase != CALL_ALONE)
		return false;
	c->nsent = c->at = 0;
	c->phase = CALL_ENDING;
	return idem_store(c);
}

bool
outside_go_on(struct call *c)
{
	c->nsent = c->at = 0;
	switch (c->phase) {
	case CALL_CLAIMING:
		if (c->failed || c->r == NULL)
			return false;
		c->phase = CALL_OPENING;
		frames_open(c);
		frames_sync(c);
		return true;
	case CALL_OPENING:
		if (c->failed || c->r == NULL)
			return false;
		c->phase = CALL_ALONE;
		if (send_alone(c) == 0)
			return true;
		c->failed = true;
		return store(c);
	case CALL_ALONE:
		return c->r != NULL && store(c);
	case CALL_ONCE:
	case CALL_DESCRIBING:
	case CALL_DECIDING:
	case CALL_ENDING:
	case CALL_RETRYING:
	case CALL_SUGGESTING:
		break;
	}
	return false;
}
