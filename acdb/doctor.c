/*
 * doctor.c - see doctor.h.  Nothing is changed, and no SQL is run.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "doctor.h"
#include "gateway.h"
#include "lib/apikey.h"
#include "lib/exitcode.h"
#include "lib/json.h"
#include "lib/utf8.h"
#include "problem_doc.h"

struct patient {
	const struct opts *o;
	struct profile	 p;
	struct httpc	*h;
	struct httpc_answer a;
	struct buf	 why;
};

static int
good(const char *what, const char *fmt, const char *arg)
{
	printf("ok    %-14s %s%s\n", what, fmt, arg);
	return 0;
}

static int
bad(struct patient *d, const char *what, const char *advice)
{
	printf("FAIL  %-14s %s\n", what, buf_cstr(&d->why));
	if (advice != NULL)
		printf("      %-14s %s\n", "", advice);
	return -1;
}

static int
check_configuration(struct patient *d)
{
	if (profile_load(&d->p, &d->o->choice, &d->why) == -1 ||
	    profile_require(&d->p, &d->why) == -1)
		return bad(d, "configuration", NULL);
	good("url", d->p.url, "");
	printf("      %-14s from %s\n", "", d->p.url_from);
	if (d->p.ca_file != NULL)
		good("certificates", "only those of ", d->p.ca_file);
	return 0;
}

static int
check_key_form(struct patient *d)
{
	struct apikey key;

	if (apikey_parse(&key, d->p.key, strlen(d->p.key)) == -1) {
		buf_addf(&d->why, "what %s says is not an API key",
		    d->p.key_from);
		return bad(d, "key's form", "It reads acd_<env>_<id>_<secret>, "
		    "64 characters at most; was it cut off?");
	}
	printf("ok    %-14s acd_%s_%s_...\n", "key's form", key.env, key.id);
	printf("      %-14s from %s\n", "", d->p.key_from);
	explicit_bzero(&key, sizeof(key));
	return 0;
}

static int
get(struct patient *d, const char *path)
{
	struct httpc_request r = { .method = "GET", .path = path };
	enum httpc_result result = httpc_ask(d->h, &r, &d->a);

	if (result == HTTPC_ANSWER)
		return 0;
	buf_adds(&d->why, buf_cstr(&d->a.why));
	return -1;
}

/* A string of the answer, to be freed; NULL where it has none. */
static char *
member(struct patient *d, const char *name)
{
	struct json j;
	char *s = NULL;
	const char *text;
	size_t n;
	uint32_t i;

	text = buf_peek(&d->a.body, &n);
	if (json_read(&j, text, n, NULL) == -1)
		return NULL;
	i = json_member(&j, 0, name);
	if (i != 0 && j.tok[i].type == JSON_STRING)
		s = json_strdup(&j, i);
	if (s != NULL)
		utf8_quiet(s);
	json_fini(&j);
	return s;
}

static int
check_reach(struct patient *d)
{
	d->h = gateway_connect(&d->p, d->o, false, &d->why);
	if (d->h == NULL)
		return bad(d, "connection", NULL);
	if (get(d, "/healthz") == -1)
		return bad(d, "reach", NULL);
	if (d->a.status != 200 || httpc_answer_foreign(&d->a)) {
		buf_addf(&d->why, "/healthz answers %d, and it is not a "
		    "gateway's answer", d->a.status);
		return bad(d, "reach", "Is this an Agentic Coop DB gateway?");
	}
	return good("reach", strncmp(d->p.url, "https", 5) == 0 ?
	    "the gateway answers, and its certificate is trusted" :
	    "the gateway answers (no TLS)", "");
}

static int
check_ready(struct patient *d)
{
	char *status, *reason;

	if (get(d, "/readyz") == -1)
		return bad(d, "ready", NULL);
	if (d->a.status == 200)
		return good("ready", "its database is ready", "");
	status = member(d, "status");
	reason = member(d, "reason");
	buf_addf(&d->why, "the gateway says %s%s%s", status != NULL ? status :
	    "it is not", reason != NULL ? ": " : "",
	    reason != NULL ? reason : "");
	free(status);
	free(reason);
	return bad(d, "ready", "Its log tells more.");
}

static int
check_me(struct patient *d)
{
	struct problem_doc doc;
	char *role, *workspace;

	httpc_free(d->h);
	d->h = gateway_connect(&d->p, d->o, true, &d->why);
	if (d->h == NULL || get(d, "/v1/me") == -1)
		return bad(d, "key", NULL);
	if (d->a.status != 200) {
		buf_addf(&d->why, "/v1/me answers %d", d->a.status);
		if (problem_doc_read(&doc, &d->a) == 0) {
			utf8_quiet(doc.title);
			utf8_quiet(doc.detail);
			buf_addf(&d->why, " %s: %s", doc.title, doc.detail);
			problem_doc_fini(&doc);
		}
		return bad(d, "key", d->a.status == 401 ? "A new one: "
		    "acdb-keys mint" : NULL);
	}
	role = member(d, "role");
	workspace = member(d, "workspace_id");
	printf("ok    %-14s role %s, workspace %s\n", "key",
	    role != NULL ? role : "?", workspace != NULL ? workspace : "?");
	free(role);
	free(workspace);
	return 0;
}

int
doctor(const struct opts *o)
{
	struct patient d = { .o = o };
	int rc = EXIT_CHECK;

	buf_init(&d.why, HTTPC_WHY_MAX);
	httpc_answer_init(&d.a);
	if (check_configuration(&d) == 0 && check_key_form(&d) == 0 &&
	    check_reach(&d) == 0 && check_ready(&d) == 0 && check_me(&d) == 0)
		rc = EXIT_OK;
	httpc_answer_fini(&d.a);
	httpc_free(d.h);
	profile_fini(&d.p);
	buf_fini(&d.why);
	return rc;
}
