/*
 * test_route.c - which route a head leads to.
 */
#include "acdbd/route.h"
#include "acdbd/stories.h"
#include "tap.h"

#define ALL	(DOOR_API | DOOR_HEALTH | DOOR_METRICS | DOOR_MCP)

static struct problem why;

static struct http_head
head(enum http_method m, const char *path)
{
	struct http_head h = { .method = m };

	h.path.p = path;
	h.path.n = strlen(path);
	return h;
}

static const struct route *
find(enum http_method m, const char *path, unsigned doors)
{
	struct http_head h = head(m, path);

	problem_fini(&why);
	problem_init(&why);
	return route_find(&h, doors, &why);
}

static void
leads(enum http_method m, const char *path, const struct story *story)
{
	const struct route *r = find(m, path, ALL);

	ok(r != NULL && r->story == story, "%s, method %d", path, (int)m);
	if (r != NULL)
		is_str(route_pattern(route_index(r)), path, "its pattern");
}

static void
refused(enum http_method m, const char *path, unsigned doors, int status)
{
	ok(find(m, path, doors) == NULL && why.status == status,
	    "%s, method %d: %d", path, (int)m, status);
}

static void
test_param(void)
{
	struct http_head h = head(HTTP_DELETE, "/v1/auth/keys/AbC-_9");

	ok(slice_is(route_param(route_find(&h, ALL, &why), &h), "AbC-_9"),
	    "the key of the path");
	h = head(HTTP_GET, "/v1/me");
	ok(route_param(route_find(&h, ALL, &why), &h).n == 0, "none there");
}

/* Each pattern's Allow is what the table has for it. */
static void
test_allow(void)
{
	static const char *const names[] = { "GET", "HEAD", "POST", "PUT",
	    "DELETE", "PATCH", "OPTIONS" };
	static const enum http_method order[] = { HTTP_GET, HTTP_HEAD,
	    HTTP_POST, HTTP_PUT, HTTP_DELETE, HTTP_PATCH, HTTP_OPTIONS };
	char allow[128];

	for (unsigned i = 1; i < route_count(); i++) {
		const struct route *r = NULL;
		size_t n = 0;

		if (strcmp(route_pattern(i), "*") == 0)
			continue;	/* what any of the others takes */
		allow[0] = '\0';
		for (size_t m = 0; m < NELEM(order); m++) {
			const struct route *at = find(order[m],
			    route_pattern(i), ALL);

			if (at == NULL)
				continue;
			r = at;
			n += (size_t)snprintf(allow + n, sizeof(allow) - n,
			    "%s%s", n > 0 ? ", " : "", names[order[m]]);
		}
		is_str(r == NULL ? NULL : r->allow, allow, "Allow of %s",
		    route_pattern(i));
	}
}

static void
test_doors(void)
{
	char addr[] = "127.0.0.1:1";
	struct conf c = { .metrics_enabled = true };

	ok(find(HTTP_GET, "/metrics", route_doors(&c, false)) != NULL,
	    "metrics on the main address");
	refused(HTTP_GET, "/metrics", route_doors(&c, false) & ~4U, 404);
	c.metrics_addr = addr;
	refused(HTTP_GET, "/metrics", route_doors(&c, false), 404);
	ok(find(HTTP_GET, "/metrics", route_doors(&c, true)) != NULL,
	    "metrics on their own address");
	refused(HTTP_GET, "/healthz", route_doors(&c, true), 404);
	refused(HTTP_POST, "/v1/sql/execute", route_doors(&c, true), 404);
	c.metrics_enabled = false;
	refused(HTTP_GET, "/metrics", route_doors(&c, true), 404);
	refused(HTTP_GET, "/metrics", route_doors(&c, false), 404);
	ok(find(HTTP_GET, "/healthz", route_doors(&c, false)) != NULL,
	    "health stays");
}

int
main(void)
{
	problem_init(&why);
	leads(HTTP_POST, "/v1/sql/execute", &story_execute);
	leads(HTTP_OPTIONS, "/v1/sql/execute", &story_options);
	leads(HTTP_GET, "/v1/me", &story_me);
	leads(HTTP_HEAD, "/v1/me", &story_me);
	leads(HTTP_POST, "/v1/auth/keys", &story_mint);
	leads(HTTP_POST, "/v1/auth/keys/rotate", &story_rotate);
	leads(HTTP_GET, "/healthz", &story_healthz);
	leads(HTTP_GET, "/readyz", &story_readyz);
	leads(HTTP_GET, "/metrics", &story_metrics);
	ok(find(HTTP_GET, "/v1/me", ALL)->keyed, "/v1/me asks for a key");
	ok(!find(HTTP_OPTIONS, "/v1/me", ALL)->keyed, "OPTIONS does not");
	refused(HTTP_DELETE, "/v1/auth/keys/rotate", ALL, 405);
	refused(HTTP_GET, "/v1/auth/keys/AbC", ALL, 405);
	refused(HTTP_DELETE, "/v1/auth/keys/", ALL, 404);
	refused(HTTP_DELETE, "/v1/auth/keys/AbC/", ALL, 404);
	ok(find(HTTP_DELETE, "/v1/auth/keys/AbC", ALL) != NULL &&
	    find(HTTP_DELETE, "/v1/auth/keys/AbC", ALL)->story ==
	    &story_revoke, "a key can be deleted");
	refused(HTTP_GET, "/", ALL, 404);
	refused(HTTP_GET, "", ALL, 404);
	refused(HTTP_GET, "/healthz/", ALL, 404);
	refused(HTTP_GET, "/HEALTHZ", ALL, 404);
	refused(HTTP_GET, "/health", ALL, 404);
	refused(HTTP_GET, "/v1/sql/execute", ALL, 405);
	is_str(why.title, "method_not_allowed", "its title");
	is_str(why.allow, "POST, OPTIONS", "its Allow");
	refused(HTTP_OTHER, "/healthz", ALL, 405);
	refused(HTTP_DELETE, "/nowhere", ALL, 404);
	is_str(why.title, "not_found", "its title");
	ok(route_index(NULL) == 0, "no route is 0");
	is_str(route_pattern(0), "none", "whose pattern is none");
	is_str(route_pattern(9999), "none", "as is that of any other");
	test_param();
	test_allow();
	test_doors();
	problem_fini(&why);
	return done();
}
