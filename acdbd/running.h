/*
 * running.h - calls that can be stopped by another request: on whichever
 * worker and node that comes in, the word goes to all of them, through the
 * control plane's LISTEN.
 *
 * A call goes by a tag that nobody but its caller can make or guess.
 */
#ifndef RUNNING_H
#define RUNNING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cdefs.h"

#define RUNNING_TAG	32

struct worker;

/* Embedded in the caller's, and borrowed from running_add() to
 * running_remove(). */
struct running {
	uint8_t		 tag[RUNNING_TAG];
	void	       (*stop)(void *arg);
	void		*arg;
	struct running	*next, **prev;	/* prev NULL: not added */
};

void	 running_add(struct worker *w, struct running *c);
void	 running_remove(struct running *c);

/* Have the call of that tag stopped, wherever it is.  There may be none. */
void	 running_stop(struct worker *w, const uint8_t tag[RUNNING_TAG]);

/* The word from elsewhere: a tag as text; anything else is no word. */
void	 running_heard(struct worker *w, const char *text);

#endif
