/*
 * gateway.c - see gateway.h.
 */
#include <stdio.h>
#include <string.h>

#include "gateway.h"
#include "lib/apikey.h"
#include "lib/exitcode.h"
#include "lib/version.h"
#include "stop.h"

struct httpc *
gateway_connect(const struct profile *p, const struct opts *o, bool with_key,
    struct buf *why)
{
	char agent[64];
	struct httpc_config c = { .url = p->url, .ca_file = p->ca_file,
	    .agent = agent, .insecure_http = o->insecure_http,
	    .wake_fd = stop_fd() };

	snprintf(agent, sizeof(agent), "acdb/%s", version_number);
	c.key = with_key ? p->key : NULL;
	return httpc_new(&c, why);
}

int
gateway_open(struct profile *p, struct httpc **h, const struct opts *o,
    struct buf *why)
{
	struct apikey key;
	int rc = EXIT_CONFIG;

	if (profile_load(p, &o->choice, why) == -1)
		return EXIT_CONFIG;
	if (profile_require(p, why) == -1)
		goto free_profile;
	if (apikey_parse(&key, p->key, strlen(p->key)) == -1) {
		buf_addf(why, "what %s says is not an API key "
		    "(acd_<env>_<id>_<secret>)", p->key_from);
		rc = EXIT_AUTH;
		goto free_profile;
	}
	explicit_bzero(&key, sizeof(key));
	if ((*h = gateway_connect(p, o, true, why)) != NULL)
		return EXIT_OK;
free_profile:
	profile_fini(p);
	return rc;
}
