/*
 * unread.h - answers that wait for their clients to read them, by workspace:
 * who asks and does not read must not fill the memory of all.
 */
#ifndef UNREAD_H
#define UNREAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cdefs.h"
#include "lib/enc.h"

#define UNREAD_MOST	((size_t)64 << 20)

struct unread;		/* of a worker */
struct unread_answer;	/* one that waits */

/* A workspace is full when its answers have most bytes or more. */
struct unread *unread_new(size_t most) MUST_CHECK;
/* When no answer waits any more. */
void	 unread_free(struct unread *u);

/* In both of these u may be NULL: nothing is counted. */
bool	 unread_full(const struct unread *u, const uint8_t ws[UUID_LEN]);

/* n bytes begin to wait, until unread_end().  NULL when memory is out: they
 * are not counted then. */
struct unread_answer *unread_add(struct unread *u,
	    const uint8_t ws[UUID_LEN], size_t n);
void	 unread_end(struct unread_answer *a);	/* NULL: nothing */

#endif
