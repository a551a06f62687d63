/*
 * story.c - the runner of stories, see story.h.  Knows the order of steps
 * and their verdicts; nothing of what a step does, nor of HTTP.
 */
#include <string.h>

#include "lib/log.h"
#include "loop.h"
#include "story.h"
#include "worker.h"

/* The step is over: the next one begins now. */
static void
step_over(struct req *r)
{
	int64_t now = loop_now_us();

	if (r->step_began_us == 0)
		r->step_began_us = r->started_us;
	if (r->step < STORY_STEPS)
		r->step_us[r->step] = (uint32_t)(now - r->step_began_us);
	r->step_began_us = now;
	r->step++;
}

static enum story_result
finish(struct req *r)
{
	if (r->story->end != NULL)
		r->story->end(r);
	return STORY_DONE;
}

enum story_result
story_run(struct req *r)
{
	const struct step *s;
	bool woken;

	for (;;) {
		s = &r->story->steps[r->step];
		if (s->name == NULL)
			return finish(r);
		/* What a step waited for may have been a refusal: it still has
		 * its state to give up. */
		woken = r->waiting;
		r->waiting = false;
		if (r->why.status != 0 && !s->always && !woken) {
			r->step++;
			continue;
		}
		log_debug("step", "id", r->id, "name", s->name, NULL);
		switch (s->run(r)) {
		case STEP_NEXT:
			step_over(r);
			break;
		case STEP_WAIT:
			r->waiting = true;
			return STORY_WAIT;
		case STEP_BODY:
			step_over(r);
			return STORY_BODY;
		case STEP_REFUSE:
			if (r->why.status == 0)
				problem_internal(&r->why);
			step_over(r);
			break;
		}
	}
}

enum story_result
story_refuse(struct req *r)
{
	if (r->why.status == 0)
		problem_internal(&r->why);
	r->waiting = false;
	return story_run(r);
}

void
story_abandon(struct req *r)
{
	void (*abandon)(struct req *);

	/* What was awaited has come, and lies in a state that is the step's,
	 * not yet the story's: it alone can take it. */
	while (r->wake.queued) {
		loop_unpost(r->w->loop, &r->wake);
		(void)r->story->steps[r->step].run(r);
	}
	abandon = r->abandon;
	r->abandon = NULL;
	if (abandon != NULL)
		abandon(r);
	if (r->story->end != NULL)
		r->story->end(r);
}

enum verdict
step_body(struct req *r)
{
	if (r->head.chunked || r->head.content_length > 0)
		return STEP_BODY;
	return STEP_NEXT;
}

void
req_wake(struct req *r)
{
	r->abandon = NULL;
	loop_post(r->w->loop, &r->wake);
}
