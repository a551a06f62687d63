/*
 * story.h - a request's handling as a table of named steps, and the runner.
 *
 * A step answers
 *	STEP_NEXT	done, on to the next;
 *	STEP_WAIT	it has arranged for req_wake() and set r->abandon; when
 *			woken the same step is run again;
 *	STEP_BODY	the request's body is wanted: conn.c reads it (sending
 *			100 Continue where that is expected), then the next
 *			step runs;
 *	STEP_REFUSE	r->why is filled in: go to the next step marked always.
 *
 * Steps marked always run for refused and successful requests alike (the
 * audit record); one that refuses replaces the problem.  Behind the last
 * step the answer is sent: r->why if its status is set, else r->answer.
 */
#ifndef STORY_H
#define STORY_H

#include <stdbool.h>

#include "req.h"

enum verdict { STEP_NEXT, STEP_WAIT, STEP_BODY, STEP_REFUSE };

struct step {
	const char	*name;
	enum verdict   (*run)(struct req *);
	bool		 always;
};

struct story {
	const struct step *steps;	/* ended by a NULL name */
	void	(*end)(struct req *);	/* free r->state; may be NULL.  Called
					 * once, behind the last step or when
					 * the client has gone */
};

enum story_result { STORY_DONE, STORY_WAIT, STORY_BODY };

/* Run from r->step until it must wait, wants the body, or is done. */
enum story_result story_run(struct req *r);

/* The body could not be had (r->why is filled in: 413, 408, 400): go on as
 * if the current step had refused. */
enum story_result story_refuse(struct req *r);

/* The client has gone: call abandon if a step waits, then end().  A step that
 * was woken but has not yet run again is run first, to take what it waited
 * for. */
void	story_abandon(struct req *r);

/* The step every story with a body uses. */
enum verdict step_body(struct req *r);

#endif
