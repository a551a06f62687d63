/*
 * mcp_method.c - the methods of both eras.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcp_priv.h"

#define META	"io.modelcontextprotocol/"
#define TTL_MS	300000

/* Of a legacy client: what it can be asked for. */
static void
begin_session(struct mcp_call *c)
{
	if (c->session == NULL)
		return;
	c->session->version = c->version;
	c->session->initialized = true;
	c->session->client = mcp_era_client(mcp_param(c, "capabilities"));
	if (c->version < MCP_2025_06_18)
		c->session->client.elicitation = false;
	c->client = c->session->client;
}

static enum mcp_verdict
initialize(struct mcp_call *c)
{
	char *version = mcp_param_str(c, "protocolVersion");
	struct buf *out;
	int v;

	if (version == NULL)
		return mcp_error(c, MCP_E_PARAMS, NULL,
		    "params.protocolVersion is missing");
	/* The version asked for where it is spoken, else our latest. */
	v = mcp_version_find(version, strlen(version));
	free(version);
	c->version = v == -1 ? MCP_2025_11_25 : (enum mcp_version)v;
	begin_session(c);
	out = mcp_result_open(c);
	buf_addf(out, "\"protocolVersion\":\"%s\",\"capabilities\":",
	    mcp_version_name(c->version));
	mcp_list_capabilities(out, c);
	buf_adds(out, ",\"serverInfo\":");
	mcp_put_server(out, c->server, c->version >= MCP_2025_06_18);
	buf_addc(out, ',');
	if (c->server->instructions != NULL) {
		buf_adds(out, "\"instructions\":");
		json_put_cstr(out, c->server->instructions);
		buf_addc(out, ',');
	}
	return mcp_result_close(c);
}

static enum mcp_verdict
discover(struct mcp_call *c)
{
	struct buf *out = mcp_result_open(c);

	buf_addf(out, "\"supportedVersions\":[\"%s\"],\"capabilities\":",
	    mcp_version_name(MCP_2026_07_28));
	mcp_list_capabilities(out, c);
	buf_addc(out, ',');
	if (c->server->instructions != NULL) {
		buf_adds(out, "\"instructions\":");
		json_put_cstr(out, c->server->instructions);
		buf_addc(out, ',');
	}
	mcp_put_cache(c, TTL_MS);
	return mcp_result_close(c);
}

static enum mcp_verdict
call_tool(struct mcp_call *c)
{
	char *name = mcp_param_str(c, "name");
	const struct mcp_tool *t = c->server->tools;
	enum mcp_verdict v;

	while (name != NULL && t->name != NULL && strcmp(t->name, name) != 0)
		t++;
	if (name == NULL || t->name == NULL || (c->server->offers != NULL &&
	    !c->server->offers(t))) {
		v = mcp_error(c, MCP_E_PARAMS, NULL, name == NULL ?
		    "params.name is missing%s" : "Unknown tool: %.128s",
		    name == NULL ? "" : name);
		free(name);
		return v;
	}
	free(name);
	c->tool = t;
	if (c->who.known && c->who.read_only && (t->flags & MCP_WRITERS))
		return mcp_tool_error(c, "%s is not for this API key: it may "
		    "only read. Use sql_query; to write, another key is "
		    "needed", t->name);
	if (mcp_args_read(c) == -1)
		return MCP_DONE;
	c->run = t->run;
	return c->run(c);
}

/* The error says which, in data as well (SEP-2164). */
static enum mcp_verdict
read_resource(struct mcp_call *c)
{
	if (mcp_param(c, "uri").j == NULL)
		return mcp_error(c, MCP_E_PARAMS, NULL,
		    "params.uri is missing");
	c->run = c->server->read;
	return c->run(c);
}

static enum mcp_verdict
set_level(struct mcp_call *c)
{
	static const char *const levels[] = { "debug", "info", "notice",
	    "warning", "error", "critical", "alert", "emergency" };
	struct mcp_value v = mcp_param(c, "level");

	for (size_t i = 0; v.j != NULL && i < NELEM(levels); i++)
		if (json_is(v.j, v.i, levels[i])) {
			if (c->session != NULL)
				c->session->log_level = (int)i;
			return mcp_result_empty(c);
		}
	return mcp_error(c, MCP_E_PARAMS, NULL, "params.level is one of "
	    "debug, info, notice, warning, error, critical, alert, emergency");
}

static enum mcp_verdict
subscribe(struct mcp_call *c)
{
	if (mcp_param(c, "uri").j == NULL)
		return mcp_error(c, MCP_E_PARAMS, NULL,
		    "params.uri is missing");
	return mcp_result_empty(c);
}

static void
put_subscription(struct buf *out, const struct mcp_call *c)
{
	buf_adds(out, "\"_meta\":{\"" META "subscriptionId\":");
	buf_add(out, c->id, c->nid);
	buf_addc(out, '}');
}

/* First of all the stream says what will be heard on it. */
static enum mcp_verdict
listen_changes(struct mcp_call *c)
{
	struct mcp_value v = mcp_param(c, "notifications");
	struct buf params;

	if (v.j == NULL || v.j->tok[v.i].type != JSON_OBJECT)
		return mcp_error(c, MCP_E_PARAMS, NULL,
		    "params.notifications is missing");
	buf_init(&params, MCP_OUT_MAX);
	buf_addc(&params, '{');
	put_subscription(&params, c);
	buf_adds(&params, ",\"notifications\":");
	mcp_put_value(&params, v);
	buf_addc(&params, '}');
	mcp_tell(c, "notifications/subscriptions/acknowledged",
	    buf_cstr(&params));
	buf_fini(&params);
	return MCP_LISTEN;
}

static bool
wants_note(const struct mcp_call *c, const char *what, bool list)
{
	struct mcp_value v = mcp_param(c, "notifications"), m;
	char name[40];

	snprintf(name, sizeof(name), "%.16sListChanged", what);
	m = mcp_member(v, list ? name : "resourceSubscriptions");
	if (m.j == NULL || list)
		return m.j != NULL && m.j->tok[m.i].type == JSON_TRUE;
	for (uint32_t i = json_first(m.j, m.i); i != 0;
	    i = json_next(m.j, m.i, i))
		if (json_is(m.j, i, what))
			return true;
	return false;
}

bool
mcp_listen_note(const struct mcp_call *c, const char *what, struct buf *out)
{
	bool list = strchr(what, ':') == NULL;

	if (!wants_note(c, what, list))
		return false;
	buf_adds(out, "{\"jsonrpc\":\"2.0\",\"method\":\"notifications/");
	buf_addf(out, list ? "%s/list_changed" : "resources/updated%.0s",
	    what);
	buf_adds(out, "\",\"params\":{");
	if (!list) {
		buf_adds(out, "\"uri\":");
		json_put_cstr(out, what);
		buf_addc(out, ',');
	}
	put_subscription(out, c);
	buf_adds(out, "}}");
	return true;
}

enum { LEGACY = 1, MODERN = 2, BOTH = 3 };

static const struct {
	const char	*name;
	int		 eras;
	enum mcp_verdict (*run)(struct mcp_call *);
} methods[] = {
	{ "initialize", LEGACY, initialize },
	{ "server/discover", MODERN, discover },
	{ "ping", LEGACY, mcp_result_empty },
	{ "tools/list", BOTH, mcp_list_tools },
	{ "tools/call", BOTH, call_tool },
};

static enum mcp_verdict (*optional(const struct mcp_call *c))
    (struct mcp_call *)
{
	const struct mcp_server *s = c->server;
	const struct {
		const char	*name;
		bool		 has;
		enum mcp_verdict (*run)(struct mcp_call *);
	} more[] = {
		{ "resources/list", s->resources != NULL, mcp_list_resources },
		{ "resources/templates/list", s->resources != NULL,
		    mcp_list_templates },
		{ "resources/read", s->read != NULL, read_resource },
		{ "resources/subscribe", s->subscribes && !c->modern,
		    subscribe },
		{ "resources/unsubscribe", s->subscribes && !c->modern,
		    subscribe },
		{ "prompts/list", s->prompts != NULL, mcp_list_prompts },
		{ "prompts/get", s->prompt != NULL, s->prompt },
		{ "completion/complete", s->complete != NULL, s->complete },
		{ "logging/setLevel", s->logging && !c->modern, set_level },
		{ "subscriptions/listen", s->listens && c->modern,
		    listen_changes },
	};

	for (size_t i = 0; i < NELEM(more); i++)
		if (more[i].has && strcmp(c->method, more[i].name) == 0)
			return more[i].run;
	return NULL;
}

enum mcp_verdict (*mcp_method(const struct mcp_call *c))(struct mcp_call *)
{
	int era = c->modern ? MODERN : LEGACY;

	for (size_t i = 0; i < NELEM(methods); i++)
		if ((methods[i].eras & era) &&
		    strcmp(c->method, methods[i].name) == 0)
			return methods[i].run;
	return optional(c);
}
