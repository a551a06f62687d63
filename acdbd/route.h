/*
 * route.h - which story a method and path lead to.
 */
#ifndef ROUTE_H
#define ROUTE_H

#include "http.h"
#include "lib/cdefs.h"
#include "lib/problem.h"
#include "story.h"

struct route {
	const char	*pattern;	/* "/v1/auth/keys/{key_id}" */
	enum http_method method;
	const struct story *story;
	bool		 keyed;		/* asks for a key */
};

/* Find the route of a head.  HEAD is answered by GET's route, OPTIONS by
 * the list of methods.  NULL with why filled in: 404 not_found, 405
 * method_not_allowed with why->allow. */
const struct route *route_find(const struct http_head *h,
	    struct problem *why) MUST_CHECK;

/* The route's index for metrics, 0 for NULL (no such path). */
unsigned route_index(const struct route *r);
const char *route_pattern(unsigned index);	/* "none" for 0 */
unsigned route_count(void);

/* The part of the path that stands for {name} in the pattern. */
struct slice route_param(const struct route *r, const struct http_head *h);

#endif
