/*
 * mcp_list.c - what a server offers: the lists of tools, resources and
 * prompts, and the capabilities.
 *
 * Every list is one page; it depends on the key alone, and its order never
 * changes.
 */
#include <string.h>

#include "mcp_priv.h"

#define TTL_MS	300000

static bool
offered(const struct mcp_call *c, const struct mcp_tool *t)
{
	if (c->who.known && c->who.read_only && (t->flags & MCP_WRITERS))
		return false;
	return c->server->offers == NULL || c->server->offers(t);
}

/* For a key that only reads, every tool does. */
static void
put_annotations(struct buf *out, const struct mcp_call *c,
    const struct mcp_tool *t)
{
	bool reads = (t->flags & MCP_READS) ||
	    (c->who.known && c->who.read_only);

	buf_addf(out, ",\"annotations\":{\"readOnlyHint\":%s",
	    reads ? "true" : "false");
	if (!reads)
		buf_addf(out, ",\"destructiveHint\":%s,\"idempotentHint\":%s",
		    (t->flags & MCP_HARMLESS) ? "false" : "true",
		    (t->flags & MCP_IDEMPOTENT) ? "true" : "false");
	buf_adds(out, ",\"openWorldHint\":false}");
}

static void
put_tool(struct buf *out, const struct mcp_call *c, const struct mcp_tool *t)
{
	buf_addf(out, "{\"name\":\"%s\"", t->name);
	if (t->title != NULL && c->version >= MCP_2025_06_18) {
		buf_adds(out, ",\"title\":");
		json_put_cstr(out, t->title);
	}
	buf_adds(out, ",\"description\":");
	json_put_cstr(out, t->description);
	buf_adds(out, ",\"inputSchema\":");
	if (t->input != NULL)
		buf_adds(out, t->input);
	else
		mcp_args_schema(out, t);
	if (t->output != NULL && c->version >= MCP_2025_06_18)
		buf_addf(out, ",\"outputSchema\":%s", t->output);
	if (c->version >= MCP_2025_03_26)
		put_annotations(out, c, t);
	buf_addc(out, '}');
}

/* The one page has no cursor that leads to another. */
static bool
has_cursor(const struct mcp_call *c)
{
	struct mcp_value v = mcp_param(c, "cursor");

	return v.j != NULL && v.j->tok[v.i].type != JSON_NULL;
}

static enum mcp_verdict
refuse_cursor(struct mcp_call *c)
{
	return mcp_error(c, MCP_E_PARAMS, NULL, "no such cursor: the list has "
	    "one page");
}

enum mcp_verdict
mcp_list_tools(struct mcp_call *c)
{
	struct buf *out;
	bool first = true;

	if (has_cursor(c))
		return refuse_cursor(c);
	out = mcp_result_open(c);
	buf_adds(out, "\"tools\":[");
	for (const struct mcp_tool *t = c->server->tools; t->name != NULL;
	    t++) {
		if (!offered(c, t))
			continue;
		if (!first)
			buf_addc(out, ',');
		first = false;
		put_tool(out, c, t);
	}
	buf_adds(out, "],");
	mcp_put_cache(c, TTL_MS);
	return mcp_result_close(c);
}

static enum mcp_verdict
list(struct mcp_call *c, const char *name, const char *items)
{
	struct buf *out;

	if (has_cursor(c))
		return refuse_cursor(c);
	out = mcp_result_open(c);
	buf_addf(out, "\"%s\":", name);
	buf_adds(out, items != NULL ? items : "[]");
	buf_addc(out, ',');
	mcp_put_cache(c, TTL_MS);
	return mcp_result_close(c);
}

enum mcp_verdict
mcp_list_resources(struct mcp_call *c)
{
	return list(c, "resources", c->server->resources);
}

enum mcp_verdict
mcp_list_templates(struct mcp_call *c)
{
	return list(c, "resourceTemplates", c->server->templates);
}

enum mcp_verdict
mcp_list_prompts(struct mcp_call *c)
{
	return list(c, "prompts", c->server->prompts);
}

void
mcp_list_capabilities(struct buf *out, const struct mcp_call *c)
{
	const struct mcp_server *s = c->server;
	const char *changes = s->listens ? "\"listChanged\":true" : "";

	buf_addf(out, "{\"tools\":{%s}", changes);
	if (s->resources != NULL)
		buf_addf(out, ",\"resources\":{%s%s}", s->subscribes ?
		    s->listens ? "\"subscribe\":true," : "\"subscribe\":true"
		    : "", changes);
	if (s->prompts != NULL)
		buf_addf(out, ",\"prompts\":{%s}", changes);
	if (s->complete != NULL && c->version >= MCP_2025_03_26)
		buf_adds(out, ",\"completions\":{}");
	if (s->logging)
		buf_adds(out, ",\"logging\":{}");
	buf_addc(out, '}');
}
