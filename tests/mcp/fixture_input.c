/*
 * fixture_input.c - tools of the modern era that need something of the
 * client before they have a result.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "lib/enc.h"
#include "lib/mcp_priv.h"
#include "lib/secret.h"

/* Modern: input that is required before there is a result. */
#define ASK_OK "{\"method\":\"elicitation/create\",\"params\":{\"message\":" \
    "\"Please confirm\",\"requestedSchema\":{\"type\":\"object\"," \
    "\"properties\":{\"ok\":{\"type\":\"boolean\"}},\"required\":[\"ok\"]}}}"
#define ASK_MODEL "{\"method\":\"sampling/createMessage\",\"params\":{" \
    "\"messages\":[{\"role\":\"user\",\"content\":{\"type\":\"text\"," \
    "\"text\":\"What is the capital of France?\"}}],\"maxTokens\":100}}"
#define ASK_ROOTS "{\"method\":\"roots/list\",\"params\":{}}"

/* A state that only we can have made: its text, a dot, its MAC. */
static void
seal(char out[128], const char *state)
{
	static const char key[] = "a key that is good enough for a test";
	uint8_t mac[SECRET_SHA256];
	char hex[2 * SECRET_SHA256 + 1];

	secret_hmac(mac, key, sizeof(key), state, strlen(state));
	enc_hex(hex, mac, sizeof(mac));
	snprintf(out, 128, "%.40s.%s", state, hex);
}

/* Whether the request's state is this one; -1: it is forged, 0: absent. */
static int
state_is(struct mcp_call *c, const char *state)
{
	char *given = mcp_request_state(c), right[128];
	size_t n = strlen(state);
	int rc = 0;

	seal(right, state);
	if (given != NULL)
		rc = strcmp(given, right) == 0 ? 1 :
		    strncmp(given, state, n) == 0 && given[n] == '.' ? -1 : 0;
	free(given);
	return rc;
}

static enum mcp_verdict
forged(struct mcp_call *c)
{
	return mcp_error(c, MCP_E_PARAMS, NULL, "requestState is not ours");
}

static bool
has(struct mcp_call *c, const char *key)
{
	return mcp_input_response(c, key).j != NULL;
}

enum mcp_verdict
fixture_input_name(struct mcp_call *c)
{
	return has(c, "user_name") ? fixture_text(c, "Hello!") :
	    mcp_input_required(c, "{\"user_name\":" ASK_NAME "}", NULL);
}

enum mcp_verdict
fixture_input_model(struct mcp_call *c)
{
	return has(c, "capital_question") ? fixture_text(c, "Thanks") :
	    mcp_input_required(c, "{\"capital_question\":" ASK_MODEL "}",
	    NULL);
}

enum mcp_verdict
fixture_input_roots(struct mcp_call *c)
{
	struct mcp_value v = mcp_input_response(c, "client_roots");
	struct buf out;

	if (v.j == NULL)
		return mcp_input_required(c, "{\"client_roots\":" ASK_ROOTS
		    "}", NULL);
	buf_init(&out, MCP_OUT_MAX);
	mcp_put_value(&out, v);
	fixture_text(c, buf_cstr(&out));
	buf_fini(&out);
	return MCP_DONE;
}

enum mcp_verdict
fixture_input_state(struct mcp_call *c)
{
	char sealed[128];
	int rc = state_is(c, "one");

	if (rc == -1)
		return forged(c);
	if (rc == 1 && has(c, "confirm"))
		return fixture_text(c, "state-ok");
	seal(sealed, "one");
	return mcp_input_required(c, "{\"confirm\":" ASK_OK "}", sealed);
}

enum mcp_verdict
fixture_input_many(struct mcp_call *c)
{
	char sealed[128];

	if (state_is(c, "many") == 1 && has(c, "user_name") &&
	    has(c, "greeting") && has(c, "client_roots"))
		return fixture_text(c, "all there");
	seal(sealed, "many");
	return mcp_input_required(c, "{\"user_name\":" ASK_NAME
	    ",\"greeting\":" ASK_MODEL ",\"client_roots\":" ASK_ROOTS "}",
	    sealed);
}

enum mcp_verdict
fixture_input_rounds(struct mcp_call *c)
{
	char sealed[128];

	if (state_is(c, "round-2") == 1 && has(c, "step2"))
		return fixture_text(c, "three rounds");
	if (state_is(c, "round-1") == 1 && has(c, "step1")) {
		seal(sealed, "round-2");
		return mcp_input_required(c, "{\"step2\":{\"method\":"
		    "\"elicitation/create\",\"params\":{\"message\":\"Step 2: "
		    "What is your favorite color?\",\"requestedSchema\":{"
		    "\"type\":\"object\",\"properties\":{\"color\":{\"type\":"
		    "\"string\"}},\"required\":[\"color\"]}}}}", sealed);
	}
	seal(sealed, "round-1");
	return mcp_input_required(c, "{\"step1\":" ASK_NAME "}", sealed);
}

enum mcp_verdict
fixture_input_able(struct mcp_call *c)
{
	if (has(c, "ask"))
		return fixture_text(c, "thanks");
	if (c->client.elicitation)
		return mcp_input_required(c, "{\"ask\":" ASK_NAME "}", NULL);
	if (c->client.sampling)
		return mcp_input_required(c, "{\"ask\":" ASK_MODEL "}", NULL);
	return mcp_error_capability(c, "elicitation");
}

enum mcp_verdict
fixture_input_missing(struct mcp_call *c)
{
	return c->client.sampling ? fixture_text(c, "it has sampling") :
	    mcp_error_capability(c, "sampling");
}
