/*
 * asking.h - one question to the control plane on behalf of a request.
 *
 * A step that asks runs twice: first it finds no answer, calls asking_send()
 * and returns what that returns; woken, it finds the result.
 */
#ifndef ASKING_H
#define ASKING_H

#include <libpq-fe.h>
#include <stdbool.h>

#include "ctl.h"
#include "story.h"

struct asking {
	struct ctl_query q;		/* first: a query is its asking */
	struct req	*r;		/* NULL: gone */
	bool		 answered;	/* r->why is filled in on failure */
	char		*text;		/* first column of the first row, owned;
					 * NULL where there is none */
	void		*more;		/* the story's own, owned; wiped */
	size_t		 more_size;
};

/* The request's asking (r->state), made at the first call with more_size
 * zeroed bytes at ->more.  NULL with r->why filled in when memory is out. */
struct asking *asking_of(struct req *r, size_t more_size) MUST_CHECK;

/* Ask; STEP_WAIT, or STEP_REFUSE when the database is away. */
enum verdict asking_send(struct req *r, const char *sql, int n,
	    const char *const *params);

/* The same once more in the same story. */
enum verdict asking_again(struct req *r, const char *sql, int n,
	    const char *const *params);

/* The end() of a story that asks: wipes and frees. */
void	 asking_end(struct req *r);

/* The step for GETs answered by one JSON document that the database made. */
enum verdict asking_answer_json(struct req *r);

/* The same for a page of a list: NULL from the database is a cursor that is
 * none, 400. */
enum verdict asking_answer_page(struct req *r);

/* What a list's query asks for: the cursor, of less than size bytes, and the
 * limit as text, PostgreSQL's to read.  Returns 1; 0 where no cursor was
 * given; or -1 with r->why filled in. */
#define ASKING_LIMIT	16
int	 asking_page(struct req *r, char *cursor, size_t size,
	    char limit[ASKING_LIMIT]) MUST_CHECK;

/* The step that lets only a dbadmin key pass that is not read-only; and the
 * one for reading, which may be. */
enum verdict step_admin(struct req *r);
enum verdict step_admin_reads(struct req *r);

#endif
