/*
 * route.h - which story a method and path lead to.
 */
#ifndef ROUTE_H
#define ROUTE_H

#include "conf.h"
#include "http.h"
#include "lib/cdefs.h"
#include "lib/problem.h"
#include "story.h"

/*
 * A listening address opens some doors and not others: with a separate
 * address for metrics the main one does not show them, and that one shows
 * nothing else.  What lies behind a closed door does not exist (404).
 */
enum { DOOR_API = 1, DOOR_HEALTH = 2, DOOR_METRICS = 4, DOOR_MCP = 8 };

struct route {
	const char	*pattern;	/* "/v1/auth/keys/{key_id}" */
	enum http_method method;
	const struct story *story;
	bool		 keyed;		/* asks for a key */
	unsigned	 door;		/* one DOOR_* */
	const char	*allow;		/* the pattern's methods, for Allow */
};

/* The doors of the main address, and of AGENTCOOPDB_METRICS_ADDR. */
unsigned route_doors(const struct conf *c, bool metrics_addr);

/* Find the route of a head that came in where these doors are open.  HEAD
 * is answered by GET's route; OPTIONS has routes of its own.  NULL with why
 * filled in: 404 not_found, 405 method_not_allowed with why->allow. */
const struct route *route_find(const struct http_head *h, unsigned doors,
	    struct problem *why) MUST_CHECK;

/* The route's index for metrics, 0 for NULL (no such path). */
unsigned route_index(const struct route *r);
const char *route_pattern(unsigned index);	/* "none" for 0 */
unsigned route_count(void);

/* The part of the path that stands for {name} in the pattern. */
struct slice route_param(const struct route *r, const struct http_head *h);

#endif
