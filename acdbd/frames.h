/*
 * frames.h - what a call's statements are framed in, sent.
 *
 * Each function notes what it sent, for the answers to be matched with; the
 * first failure marks the connection, and what follows is in vain.
 */
#ifndef FRAMES_H
#define FRAMES_H

#include "call.h"

/* Something was sent that will be answered; unit is the statement's index. */
void	frames_note(struct call *c, enum op op, enum frame f);
void	frames_note_unit(struct call *c, enum op op, enum frame f, int unit);

/* A statement of the frame, plain SQL, and the end of a flush. */
void	frames_send(struct call *c, enum frame f);
void	frames_plain(struct call *c, enum op op, const char *sql);
void	frames_sync(struct call *c);

/* What an earlier call may have left; the claim of an Idempotency-Key; the
 * caller's settings; context and role. */
void	frames_tidy(struct call *c);
void	frames_claim(struct call *c);
void	frames_settings(struct call *c);
void	frames_open(struct call *c);

/* All of these around BEGIN: what stands in front of the statements. */
void	frames_front(struct call *c);

/* What stands behind them: the audit row of a read that wrote after all. */
void	frames_close(struct call *c);

/* COMMIT or ROLLBACK; with the answer stored in front of it. */
void	frames_end(struct call *c, bool commit);
void	frames_store(struct call *c, bool failed, int status,
	    const char *type, const struct buf *prefix,
	    const struct buf *body);

#endif
