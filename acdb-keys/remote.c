/*
 * remote.c - asks a gateway.  Must not know what the commands do with the
 * answers.
 */
#include "remote.h"

#include <err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/apikey.h"
#include "lib/exitcode.h"
#include "lib/httpc.h"
#include "lib/json.h"
#include "lib/profile.h"
#include "lib/secret.h"
#include "lib/utf8.h"
#include "lib/version.h"

#define TRIES		4
#define WAIT_MAX_S	30
#define ANSWER_MAX	((size_t)16 << 20)
#define TOTAL_MS	60000

struct remote {
	struct httpc	*http;
	char		 key_id[APIKEY_ID + 1];
};

static int
use_profile(struct remote *gw, const struct profile *p, bool insecure_http)
{
	struct httpc_config c = { .url = p->url, .key = p->key,
	    .ca_file = p->ca_file, .insecure_http = insecure_http,
	    .total_ms = TOTAL_MS, .answer_max = ANSWER_MAX, .wake_fd = -1 };
	struct apikey k;
	struct buf why;
	char agent[64];

	if (apikey_parse(&k, p->key, strlen(p->key)) != 0) {
		warnx("the key from %s has not the form of one", p->key_from);
		return EXIT_AUTH;
	}
	memcpy(gw->key_id, k.id, sizeof(gw->key_id));
	secret_wipe(&k, sizeof(k));
	snprintf(agent, sizeof(agent), "acdb-keys/%s", version_number);
	c.agent = agent;
	buf_init(&why, HTTPC_WHY_MAX);
	gw->http = httpc_new(&c, &why);
	if (gw->http == NULL)
		warnx("%s", buf_cstr(&why));
	buf_fini(&why);
	return gw->http != NULL ? EXIT_OK : EXIT_CONFIG;
}

struct remote *
remote_open(const struct cmd_common *common, int *rc)
{
	struct remote *gw = calloc(1, sizeof(*gw));
	struct profile p;
	struct buf why;

	*rc = EXIT_LOCAL;
	if (gw == NULL)
		return NULL;
	buf_init(&why, PROFILE_WHY_MAX);
	*rc = EXIT_CONFIG;
	if (profile_load(&p, &common->gateway, &why) != 0) {
		warnx("%s", buf_cstr(&why));
		goto free_why;
	}
	if (profile_require(&p, &why) != 0)
		warnx("%s (or set AGENTCOOPDB_DATABASE_URL to work on the "
		    "database)", buf_cstr(&why));
	else
		*rc = use_profile(gw, &p, common->insecure_http);
	profile_fini(&p);
free_why:
	buf_fini(&why);
	if (*rc == EXIT_OK)
		return gw;
	remote_close(gw);
	return NULL;
}

void
remote_close(struct remote *gw)
{
	if (gw == NULL)
		return;
	httpc_free(gw->http);
	free(gw);
}

const char *
remote_key_id(const struct remote *gw)
{
	return gw->key_id;
}

static int
not_known(void)
{
	warnx("whether the change was made is not known");
	return EXIT_UNKNOWN;
}

/* There is no answer. */
static int
no_answer(enum httpc_result got, struct httpc_answer *a, const char *method)
{
	warnx("%s", buf_cstr(&a->why));
	switch (got) {
	case HTTPC_UNREACHABLE:
	case HTTPC_UNTRUSTED:
		return EXIT_UNREACHABLE;
	case HTTPC_LOST:
	case HTTPC_TIMEOUT:
	case HTTPC_INTERRUPTED:
	case HTTPC_TOO_LARGE:
		if (!a->sent || strcmp(method, "GET") == 0)
			return EXIT_UNREACHABLE;
		return not_known();
	case HTTPC_ANSWER:
	case HTTPC_FAILED:
		break;
	}
	return EXIT_LOCAL;
}

/* For people. */
static char *
member_text(const struct json *j, const char *name)
{
	uint32_t v = json_member(j, 0, name);

	char *s;

	if (v == 0 || j->tok[v].type != JSON_STRING ||
	    (s = json_strdup(j, v)) == NULL)
		return NULL;
	utf8_quiet(s);
	return s;
}

/* Something in between answered, or no gateway at all. */
static int
not_a_gateway(const struct httpc_answer *a, const char *method)
{
	warnx("the answer, with status %d, is not a gateway's: is the URL "
	    "right, and what stands in between?", a->status);
	if (strcmp(method, "GET") != 0 && httpc_answer_doubtful(a))
		return not_known();
	return a->status == 401 ? EXIT_AUTH : a->status == 429 ||
	    a->status == 503 ? EXIT_THROTTLED : EXIT_UNREACHABLE;
}

/* The gateway said no. */
static int
refused(const struct httpc_answer *a, const char *method)
{
	char *title = NULL, *detail = NULL;
	struct json j;
	size_t n;
	const char *text = buf_peek(&a->body, &n);

	if (json_read(&j, text, n, NULL) == 0) {
		title = member_text(&j, "title");
		detail = member_text(&j, "detail");
		json_fini(&j);
	}
	warnx("the gateway answered %d%s%s%s%s%s%s%s", a->status,
	    title != NULL ? " " : "", title != NULL ? title : "",
	    detail != NULL ? ": " : "", detail != NULL ? detail : "",
	    a->request_id[0] != '\0' ? " (request " : "", a->request_id,
	    a->request_id[0] != '\0' ? ")" : "");
	free(title);
	free(detail);
	if (a->status == 401)
		return EXIT_AUTH;
	if (strcmp(method, "GET") != 0 && httpc_answer_doubtful(a))
		return not_known();
	return a->status == 429 || a->status == 503 ? EXIT_THROTTLED :
	    EXIT_REFUSED;
}

static int
ask_once(struct remote *gw, const struct httpc_request *r,
    struct httpc_answer *a, struct buf *out)
{
	enum httpc_result got = httpc_ask(gw->http, r, a);
	const char *text;
	size_t n;

	if (got != HTTPC_ANSWER)
		return no_answer(got, a, r->method);
	if (httpc_answer_foreign(a))
		return not_a_gateway(a, r->method);
	if (a->status > 299)
		return refused(a, r->method);
	text = buf_peek(&a->body, &n);
	if (out != NULL && buf_add(out, text, n) != 0) {
		warn("the gateway's answer");
		return EXIT_LOCAL;
	}
	return EXIT_OK;
}

int
remote_ask(struct remote *gw, const char *method, const char *path,
    const char *body, struct buf *out)
{
	static const char *const headers[] = {
	    "Content-Type: application/json", NULL };
	struct httpc_request r = { .method = method, .path = path,
	    .headers = headers, .body = body,
	    .nbody = body != NULL ? strlen(body) : 0 };
	struct httpc_answer a;
	int64_t wait;
	int rc = EXIT_LOCAL;

	httpc_answer_init(&a);
	for (int i = 0; i < TRIES; i++) {
		rc = ask_once(gw, &r, &a, out);
		if (rc != EXIT_THROTTLED || i + 1 == TRIES)
			break;
		wait = a.retry_after > 0 ? a.retry_after : 1;
		sleep(wait < WAIT_MAX_S ? (unsigned)wait : WAIT_MAX_S);
	}
	httpc_answer_fini(&a);
	return rc;
}
