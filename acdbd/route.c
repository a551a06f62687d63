/*
 * route.c - the table of routes; see route.h.
 *
 * It knows patterns and methods.  It must not know what a story does.
 */
#include <string.h>

#include "route.h"
#include "stories.h"

#define ALLOW_GET	"GET, HEAD, OPTIONS"
#define ALLOW_POST	"POST, OPTIONS"
#define ALLOW_GET_POST	"GET, HEAD, POST, OPTIONS"
#define ALLOW_DELETE	"DELETE, OPTIONS"
#define ALLOW_RPC	"GET, HEAD, PUT, DELETE, OPTIONS"
#define ALLOW_ANY	"GET, HEAD, POST, PUT, DELETE, OPTIONS"

/* The longest part of a path that is told back in a 404. */
#define PATH_SHOWN_MAX	200

/* All methods of a pattern stand together, and of two patterns that match
 * the same path the more literal one first: it alone counts. */
static const struct route routes[] = {
	{ "/v1/sql/execute", HTTP_POST, &story_execute, true,
	    DOOR_API, ALLOW_POST },
	{ "/v1/sql/execute", HTTP_OPTIONS, &story_options, false,
	    DOOR_API, ALLOW_POST },
	{ "/v1/sql/batch", HTTP_POST, &story_batch, true,
	    DOOR_API, ALLOW_POST },
	{ "/v1/sql/batch", HTTP_OPTIONS, &story_options, false,
	    DOOR_API, ALLOW_POST },
	{ "/v1/mcp", HTTP_POST, &story_mcp, true,
	    DOOR_MCP, ALLOW_POST },
	{ "/v1/mcp", HTTP_OPTIONS, &story_options, false,
	    DOOR_MCP, ALLOW_POST },
	{ "/v1/me", HTTP_GET, &story_me, true,
	    DOOR_API, ALLOW_GET },
	{ "/v1/me", HTTP_OPTIONS, &story_options, false,
	    DOOR_API, ALLOW_GET },
	{ "/v1/rpc", HTTP_GET, &story_rpc_list, true,
	    DOOR_API, ALLOW_GET },
	{ "/v1/rpc", HTTP_OPTIONS, &story_options, false,
	    DOOR_API, ALLOW_GET },
	{ "/v1/rpc/call", HTTP_POST, &story_rpc_call, true,
	    DOOR_API, ALLOW_POST },
	{ "/v1/rpc/call", HTTP_OPTIONS, &story_options, false,
	    DOOR_API, ALLOW_POST },
	{ "/v1/rpc/{name}", HTTP_GET, &story_rpc_get, true,
	    DOOR_API, ALLOW_RPC },
	{ "/v1/rpc/{name}", HTTP_PUT, &story_rpc_put, true,
	    DOOR_API, ALLOW_RPC },
	{ "/v1/rpc/{name}", HTTP_DELETE, &story_rpc_delete, true,
	    DOOR_API, ALLOW_RPC },
	{ "/v1/rpc/{name}", HTTP_OPTIONS, &story_options, false,
	    DOOR_API, ALLOW_RPC },
	{ "/v1/schema", HTTP_GET, &story_schema, true,
	    DOOR_API, ALLOW_GET },
	{ "/v1/schema", HTTP_OPTIONS, &story_options, false,
	    DOOR_API, ALLOW_GET },
	{ "/v1/audit", HTTP_GET, &story_audit, true,
	    DOOR_API, ALLOW_GET },
	{ "/v1/audit", HTTP_OPTIONS, &story_options, false,
	    DOOR_API, ALLOW_GET },
	{ "/v1/auth/keys", HTTP_POST, &story_mint, true,
	    DOOR_API, ALLOW_GET_POST },
	{ "/v1/auth/keys", HTTP_GET, &story_keys, true,
	    DOOR_API, ALLOW_GET_POST },
	{ "/v1/auth/keys", HTTP_OPTIONS, &story_options, false,
	    DOOR_API, ALLOW_GET_POST },
	{ "/v1/auth/keys/rotate", HTTP_POST, &story_rotate, true,
	    DOOR_API, ALLOW_POST },
	{ "/v1/auth/keys/rotate", HTTP_OPTIONS, &story_options, false,
	    DOOR_API, ALLOW_POST },
	{ "/v1/auth/keys/{key_id}", HTTP_DELETE, &story_revoke, true,
	    DOOR_API, ALLOW_DELETE },
	{ "/v1/auth/keys/{key_id}", HTTP_OPTIONS, &story_options, false,
	    DOOR_API, ALLOW_DELETE },
	{ "/healthz", HTTP_GET, &story_healthz, false,
	    DOOR_HEALTH, ALLOW_GET },
	{ "/healthz", HTTP_OPTIONS, &story_options, false,
	    DOOR_HEALTH, ALLOW_GET },
	{ "/readyz", HTTP_GET, &story_readyz, false,
	    DOOR_HEALTH, ALLOW_GET },
	{ "/readyz", HTTP_OPTIONS, &story_options, false,
	    DOOR_HEALTH, ALLOW_GET },
	{ "/metrics", HTTP_GET, &story_metrics, false,
	    DOOR_METRICS, ALLOW_GET },
	{ "/metrics", HTTP_OPTIONS, &story_options, false,
	    DOOR_METRICS, ALLOW_GET },
	/* The server as a whole (RFC 9110, 9.3.7). */
	{ "*", HTTP_OPTIONS, &story_options, false,
	    DOOR_API, ALLOW_ANY },
};

unsigned
route_doors(const struct conf *c, bool metrics_addr)
{
	unsigned doors;

	if (metrics_addr)
		return c->metrics_enabled ? DOOR_METRICS : 0;
	doors = DOOR_API | DOOR_HEALTH;
	if (c->metrics_enabled && c->metrics_addr == NULL)
		doors |= DOOR_METRICS;
	if (c->mcp_enabled)
		doors |= DOOR_MCP;
	return doors;
}

/* Whether the path is of the pattern; {name} stands for one segment that
 * is not empty, and *param is told where it lies. */
static bool
matches(const char *pattern, struct slice path, struct slice *param)
{
	size_t i = 0;

	for (const char *p = pattern; *p != '\0'; p++) {
		if (*p != '{') {
			if (i == path.n || path.p[i++] != *p)
				return false;
			continue;
		}
		param->p = path.p + i;
		while (i < path.n && path.p[i] != '/')
			i++;
		param->n = (size_t)(path.p + i - param->p);
		if (param->n == 0)
			return false;
		p = strchr(p, '}');
	}
	return i == path.n;
}

const struct route *
route_find(const struct http_head *h, unsigned doors, struct problem *why)
{
	enum http_method method = h->method == HTTP_HEAD ? HTTP_GET :
	    h->method;
	const struct route *seen = NULL;
	struct slice param;
	size_t n;

	for (size_t i = 0; i < NELEM(routes); i++) {
		const struct route *r = &routes[i];

		if ((r->door & doors) == 0 ||
		    !matches(r->pattern, h->path, &param))
			continue;
		if (seen != NULL && strcmp(seen->pattern, r->pattern) != 0)
			break;
		if (r->method == method)
			return r;
		if (seen == NULL)
			seen = r;
	}
	if (seen != NULL) {
		problem_set(why, 405, "method_not_allowed",
		    "%s takes %s", seen->pattern, seen->allow);
		why->allow = seen->allow;
		return NULL;
	}
	n = h->path.n < PATH_SHOWN_MAX ? h->path.n : PATH_SHOWN_MAX;
	problem_set(why, 404, "not_found", "there is no path \"%.*s\"",
	    (int)n, h->path.p);
	return NULL;
}

unsigned
route_index(const struct route *r)
{
	return r == NULL ? 0 : (unsigned)(r - routes) + 1;
}

const char *
route_pattern(unsigned index)
{
	return index == 0 || index > NELEM(routes) ? "none" :
	    routes[index - 1].pattern;
}

unsigned
route_count(void)
{
	return NELEM(routes) + 1;
}

struct slice
route_param(const struct route *r, const struct http_head *h)
{
	struct slice param = { NULL, 0 };

	if (!matches(r->pattern, h->path, &param))
		param.n = 0;
	return param;
}
