/*
 * gateway.c - see gateway.h.
 *
 * What goes wrong on the way is told to the model in words: what is the
 * matter, whether anything may have been done, and who can help.  Nothing
 * here ends the program.
 */
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "gateway.h"
#include "lib/apikey.h"
#include "lib/enc.h"
#include "lib/httpc.h"
#include "lib/log.h"
#include "lib/profile.h"
#include "lib/version.h"

#define TRIES		3	/* in all */
#define WAIT_MOST_S	5	/* for a gateway that says when to come back */
#define CONNECT_MS	5000
#define TOTAL_MS	660000	/* the longest statement a gateway lets run */
#define ANSWER_MAX	((size_t)12 << 20)

struct gateway {
	const struct opts *opts;
	int	       (*woken)(void *arg);
	void	       (*idle)(void *arg);
	void		*arg;
	struct profile	 profile;
	bool		 loaded;
	char		*wrong;		/* with the configuration */
	struct httpc	*http;		/* made at the first request */
	struct httpc_answer answer;
};

static void
load(struct gateway *g)
{
	struct buf why;

	buf_init(&why, HTTPC_WHY_MAX);
	g->loaded = profile_load(&g->profile, &g->opts->choice, &why) == 0;
	if (!g->loaded || profile_require(&g->profile, &why) == -1)
		g->wrong = buf_take(&why, NULL);
	buf_fini(&why);
}

struct gateway *
gateway_new(const struct opts *o, int (*woken)(void *arg),
    void (*idle)(void *arg), void *arg)
{
	struct gateway *g = calloc(1, sizeof(*g));

	if (g == NULL)
		return NULL;
	g->opts = o;
	g->woken = woken;
	g->idle = idle;
	g->arg = arg;
	httpc_answer_init(&g->answer);
	load(g);
	if (g->wrong != NULL)
		log_warn("nothing can be asked yet", "why", g->wrong, NULL);
	return g;
}

void
gateway_free(struct gateway *g)
{
	if (g == NULL)
		return;
	httpc_answer_fini(&g->answer);
	httpc_free(g->http);
	if (g->loaded)
		profile_fini(&g->profile);
	free(g->wrong);
	free(g);
}

bool
gateway_read_only(const struct gateway *g)
{
	return g->opts->read_only || (g->loaded && g->profile.read_only);
}

static int
say(struct buf *out, const char *what, const char *then)
{
	buf_clear(out);
	buf_addf(out, "%s. %s", what, then);
	return 0;
}

static int
connect_gateway(struct gateway *g, struct buf *out)
{
	char agent[64];
	struct httpc_config c = { .url = g->profile.url,
	    .key = g->profile.key, .ca_file = g->profile.ca_file,
	    .agent = agent, .insecure_http = g->opts->insecure_http,
	    .connect_ms = CONNECT_MS, .total_ms = TOTAL_MS,
	    .answer_max = ANSWER_MAX, .wake_fd = STDIN_FILENO,
	    .woken = g->woken, .woken_arg = g->arg,
	    .idle = g->idle };
	struct apikey key;
	struct buf why;

	if (g->http != NULL)
		return 0;
	if (apikey_parse(&key, g->profile.key, strlen(g->profile.key)) ==
	    -1) {
		say(out, "What is configured is not an API key "
		    "(acd_<env>_<id>_<secret>)", "The user has to set another "
		    "one and to restart this server. Nothing was done.");
		return -1;
	}
	explicit_bzero(&key, sizeof(key));
	snprintf(agent, sizeof(agent), "acdb-mcp/%s", version_number);
	buf_init(&why, HTTPC_WHY_MAX);
	g->http = httpc_new(&c, &why);
	if (g->http == NULL)
		say(out, buf_cstr(&why), "The user has to correct the "
		    "configuration of this server. Nothing was done.");
	buf_fini(&why);
	return g->http == NULL ? -1 : 0;
}

/* A write is only ever sent a second time under the same key. */
static void
name_write(struct mcp_ask *ask)
{
	uint8_t uuid[UUID_LEN];

	if (!ask->writes || ask->idem[0] != '\0')
		return;
	uuid_v7(uuid);
	uuid_text(ask->idem, uuid);
}

static enum httpc_result
send_once(struct gateway *g, const struct mcp_ask *ask)
{
	char idem[sizeof(ask->idem) + 32];
	const char *headers[] = { "Content-Type: application/json",
	    ask->idem[0] != '\0' ? idem : NULL, NULL };
	struct httpc_request r = { .method = ask->method, .path = ask->path,
	    .headers = headers };

	snprintf(idem, sizeof(idem), "Idempotency-Key: %s", ask->idem);
	r.body = buf_peek(&ask->body, &r.nbody);
	return httpc_ask(g->http, &r, &g->answer);
}

/* Await seconds, or what comes in meanwhile: whoever woke us is told. */
static int
pause_for(struct gateway *g, int64_t seconds)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	int rc = 0;

	for (int64_t left = seconds * 10; left > 0; left--)
		if (rc == 0 && poll(&in, 1, 100) > 0 &&
		    (rc = g->woken(g->arg)) == 1)
			return -1;
		else if (rc == -1)
			poll(NULL, 0, 100);
	return 0;
}

/* Whether to try again, and when: -1: not. */
static int64_t
again_in(const struct gateway *g, enum httpc_result result)
{
	const struct httpc_answer *a = &g->answer;

	if (result == HTTPC_LOST)
		return 0;
	if (result != HTTPC_ANSWER || (a->status != 429 && a->status != 503))
		return -1;
	return a->retry_after > WAIT_MOST_S ? -1 :
	    a->retry_after < 1 ? 1 : a->retry_after;
}

/* Whether the answer tells what became of an earlier try as well: the same
 * Idempotency-Key has the same end, unless it was not looked at. */
static bool
is_settled(const struct gateway *g, enum httpc_result result)
{
	const struct httpc_answer *a = &g->answer;

	if (result != HTTPC_ANSWER)
		return result == HTTPC_TOO_LARGE;
	return a->status != 401 && a->status != 403 && a->status != 429 &&
	    a->status != 503 && !httpc_answer_foreign(a) &&
	    !httpc_answer_doubtful(a);
}

/* Whether this try may have made the change. */
static bool
may_have_changed(const struct gateway *g, enum httpc_result result)
{
	return result == HTTPC_ANSWER ? httpc_answer_doubtful(&g->answer) :
	    g->answer.sent;
}

static int
tell_unknown(struct gateway *g, enum httpc_result result, struct buf *out)
{
	return say(out, result == HTTPC_ANSWER ?
	    "no answer that tells came from the gateway" :
	    buf_cstr(&g->answer.why), "It is UNKNOWN whether the change was "
	    "made: look at the data before trying again.");
}

static int
tell_failure(struct gateway *g, enum httpc_result result, struct buf *out)
{
	const char *why = buf_cstr(&g->answer.why);

	switch (result) {
	case HTTPC_UNREACHABLE:
		return say(out, why, "Nothing was done. Is the gateway "
		    "running, and is AGENTCOOPDB_GATEWAY_URL right? Try again "
		    "later, or ask the user.");
	case HTTPC_UNTRUSTED:
		return say(out, why, "Nothing was done. The user has to "
		    "correct this; trying again will not help.");
	case HTTPC_TOO_LARGE:
		return say(out, why, "Select fewer rows or columns.");
	case HTTPC_LOST:
	case HTTPC_TIMEOUT:
		return say(out, why, "Nothing was changed: try again.");
	case HTTPC_FAILED:
	case HTTPC_ANSWER:
	case HTTPC_INTERRUPTED:
		break;
	}
	return say(out, why, "Nothing was done.");
}

/* Something in between answered, or no gateway at all. */
static int
tell_foreign(struct gateway *g, struct buf *out)
{
	buf_clear(out);
	buf_addf(out, "The answer, with status %d, is not a gateway's. "
	    "Nothing was changed. Is AGENTCOOPDB_GATEWAY_URL right, and what "
	    "stands in between? Ask the user.", g->answer.status);
	return 0;
}

int
gateway_ask(struct gateway *g, struct mcp_ask *ask, struct buf *body)
{
	enum httpc_result result;
	bool doubtful = false;		/* a write may have been made */
	int64_t wait;

	if (g->wrong != NULL)
		return say(body, g->wrong, "The user has to correct the "
		    "configuration of this server and to restart it. Nothing "
		    "was done.");
	if (connect_gateway(g, body) == -1)
		return 0;
	name_write(ask);
	for (int tries = 1;; tries++) {
		result = send_once(g, ask);
		if (result == HTTPC_INTERRUPTED)
			return -1;
		doubtful = !is_settled(g, result) && ask->writes &&
		    (doubtful || may_have_changed(g, result));
		wait = again_in(g, result);
		if (wait == -1 || tries == TRIES)
			break;
		log_info("trying again", "why", result == HTTPC_LOST ?
		    buf_cstr(&g->answer.why) : "the gateway is busy", NULL);
		if (pause_for(g, wait) == -1)
			return -1;
	}
	if (doubtful)
		return tell_unknown(g, result, body);
	if (result != HTTPC_ANSWER)
		return tell_failure(g, result, body);
	if (!g->answer.json)
		return tell_foreign(g, body);
	buf_fini(body);
	*body = g->answer.body;
	buf_init(&g->answer.body, ANSWER_MAX);
	return g->answer.status;
}
