/*
 * mcp_era.c - which era a message belongs to, and what it must say for it.
 *
 * A request with a protocol version or capabilities in its _meta, or with
 * the modern version in its header, is modern; every other is legacy.  (MCP
 * 2026-07-28, basic: versioning, Streamable HTTP: server validation.)
 */
#include <stdlib.h>
#include <string.h>

#include "enc.h"
#include "mcp_priv.h"

#define META	"io.modelcontextprotocol/"

static const char *const names[] = { "2024-11-05", "2025-03-26",
    "2025-06-18", "2025-11-25", "2026-07-28" };

const char *
mcp_version_name(enum mcp_version v)
{
	return names[v];
}

int
mcp_version_find(const char *s, size_t n)
{
	for (int i = 0; i < MCP_2026_07_28; i++)
		if (strlen(names[i]) == n && memcmp(s, names[i], n) == 0)
			return i;
	return -1;
}

static bool
is_object(const struct json *j, uint32_t i)
{
	return i != 0 && j->tok[i].type == JSON_OBJECT;
}

/* Elicitation that names no mode is of forms; one that names others alone
 * is none for us (2025-11-25, client: elicitation). */
struct mcp_client
mcp_era_client(struct mcp_value caps)
{
	struct mcp_value e = mcp_member(caps, "elicitation");

	return (struct mcp_client){
		.elicitation = e.j != NULL &&
		    (mcp_member(e, "form").j != NULL ||
		    mcp_member(e, "url").j == NULL),
		.sampling = mcp_member(caps, "sampling").j != NULL,
		.roots = mcp_member(caps, "roots").j != NULL,
	};
}

static int
refuse(struct mcp_call *c, int code, const char *text)
{
	mcp_error(c, code, NULL, "%s", text);
	c->status = 400;
	return -1;
}

static int
refuse_version(struct mcp_call *c, const char *requested, size_t n)
{
	struct buf data;

	buf_init(&data, 4096);
	buf_adds(&data, "{\"supported\":[\"2026-07-28\"],\"requested\":");
	json_put_str(&data, requested, n);
	buf_addc(&data, '}');
	mcp_error(c, MCP_E_VERSION, buf_cstr(&data),
	    "Unsupported protocol version");
	buf_fini(&data);
	c->status = 400;
	return -1;
}

/* Base64 with padding (RFC 4648 section 4) as text; NULL where it is none. */
static char *
unbase64(const char *s, size_t n)
{
	char *digits = strndup(s, n), *text = malloc(n + 3), *p;
	size_t len = 0, pad = 0;

	while (pad < 2 && pad < n && s[n - 1 - pad] == '=')
		pad++;
	if (digits == NULL || text == NULL || n % 4 != 0 ||
	    strcspn(digits, "-_") != n)
		goto free_text;
	for (p = digits; *p != '\0'; p++)
		*p = *p == '+' ? '-' : *p == '/' ? '_' : *p;
	if (enc_unbase64url(text, &len, digits, n - pad) == -1 ||
	    memchr(text, '\0', len) != NULL)
		goto free_text;
	text[len] = '\0';
	free(digits);
	return text;
free_text:
	free(digits);
	free(text);
	return NULL;
}

/* Whether the header is the string at token i; "=?base64?..?=" is that
 * text's. */
static bool
header_is(const struct mcp_call *c, const char *header, uint32_t i)
{
	static const char pre[] = "=?base64?", post[] = "?=";
	size_t n = strlen(header);
	char *text;
	bool same;

	if (n < sizeof(pre) - 1 + sizeof(post) - 1 ||
	    memcmp(header, pre, sizeof(pre) - 1) != 0 ||
	    strcmp(header + n - 2, post) != 0)
		return json_is(&c->json, i, header);
	text = unbase64(header + sizeof(pre) - 1, n - (sizeof(pre) - 1) - 2);
	same = text != NULL && json_is(&c->json, i, text);
	free(text);
	return same;
}

/* The headers that repeat what the body says (2026-07-28, Streamable HTTP:
 * standard request headers). */
static int
check_headers(struct mcp_call *c, const struct mcp_from *from, uint32_t v)
{
	const struct json *j = &c->json;
	const char *what = NULL;
	uint32_t name = 0;

	if (from->version == NULL || !header_is(c, from->version, v))
		return refuse(c, MCP_E_HEADERS, from->version == NULL ?
		    "Header mismatch: MCP-Protocol-Version is missing" :
		    "Header mismatch: MCP-Protocol-Version is not the "
		    "version in _meta");
	if (c->kind != MCP_REQUEST || !json_is(j, v, names[MCP_2026_07_28]))
		return 0;
	if (from->method == NULL || strcmp(from->method, c->method) != 0)
		return refuse(c, MCP_E_HEADERS, from->method == NULL ?
		    "Header mismatch: Mcp-Method is missing" :
		    "Header mismatch: Mcp-Method is not the body's method");
	if (strcmp(c->method, "tools/call") == 0 ||
	    strcmp(c->method, "prompts/get") == 0)
		what = "name";
	else if (strcmp(c->method, "resources/read") == 0)
		what = "uri";
	if (what == NULL || c->params == 0 ||
	    (name = json_member(j, c->params, what)) == 0)
		return 0;
	if (from->name == NULL || !header_is(c, from->name, name))
		return refuse(c, MCP_E_HEADERS, from->name == NULL ?
		    "Header mismatch: Mcp-Name is missing" :
		    "Header mismatch: Mcp-Name is not the body's name");
	return 0;
}

static int
modern(struct mcp_call *c, const struct mcp_from *from)
{
	const struct json *j = &c->json;
	uint32_t v = 0, caps = 0;
	const char *p;
	size_t n;

	c->modern = true;
	c->version = MCP_2026_07_28;
	if (is_object(j, c->meta)) {
		v = json_member(j, c->meta, META "protocolVersion");
		caps = json_member(j, c->meta, META "clientCapabilities");
	}
	/* None is defined for HTTP, and none needs anything. */
	if (c->kind != MCP_REQUEST)
		return 0;
	if (v == 0 || j->tok[v].type != JSON_STRING || !is_object(j, caps))
		return refuse(c, MCP_E_PARAMS, "params._meta needs "
		    "\"" META "protocolVersion\" and \"" META
		    "clientCapabilities\"");
	if (c->http && check_headers(c, from, v) == -1)
		return -1;
	if (!json_is(j, v, names[MCP_2026_07_28])) {
		p = json_raw(j, v, &n);
		return refuse_version(c, p + 1, n - 2);
	}
	c->client = mcp_era_client((struct mcp_value){ j, caps });
	return 0;
}

static int
legacy(struct mcp_call *c, const struct mcp_from *from)
{
	int v;

	c->version = MCP_2025_11_25;
	if (c->session != NULL && c->session->initialized) {
		c->version = c->session->version;
		c->client = c->session->client;
	} else if (c->http && strcmp(c->method, "initialize") != 0) {
		/* Without a header: a client that knows none. */
		v = from->version == NULL ? MCP_2025_03_26 :
		    mcp_version_find(from->version, strlen(from->version));
		if (v == -1)
			return refuse_version(c, from->version,
			    strlen(from->version));
		c->version = (enum mcp_version)v;
	}
	if (c->kind == MCP_BATCH && c->version > MCP_2025_03_26)
		return refuse(c, MCP_E_REQUEST, "batches went with version "
		    "2025-06-18");
	if (c->kind == MCP_BATCH && c->json.tok[0].n > MCP_BATCH_MAX) {
		mcp_error(c, MCP_E_REQUEST, NULL, "a batch has at most %d "
		    "messages", MCP_BATCH_MAX);
		c->status = 400;
		return -1;
	}
	return 0;
}

int
mcp_era(struct mcp_call *c, const struct mcp_from *from)
{
	const struct json *j = &c->json;
	bool in_meta = is_object(j, c->meta) &&
	    (json_member(j, c->meta, META "protocolVersion") != 0 ||
	    json_member(j, c->meta, META "clientCapabilities") != 0);

	if (in_meta || (c->http && from->version != NULL && strcmp(
	    from->version, names[MCP_2026_07_28]) == 0))
		return modern(c, from);
	return legacy(c, from);
}
