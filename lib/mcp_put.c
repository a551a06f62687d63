/*
 * mcp_put.c - writing answers: results and errors, the results of tools,
 * and what is told or asked of the client in between.
 */
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mcp_priv.h"

#define META	"io.modelcontextprotocol/"
#define TEXT_MAX_BYTES	8192

static void
put_id(struct buf *out, const struct mcp_call *c)
{
	if (c->nid == 0)
		buf_adds(out, "null");
	else
		buf_add(out, c->id, c->nid);
}

/* Errors without an id have none in the modern era, null in the older. */
enum mcp_verdict
mcp_error(struct mcp_call *c, int code, const char *data, const char *fmt, ...)
{
	struct buf text;
	va_list ap;
	const char *p;
	size_t n;

	buf_init(&text, TEXT_MAX_BYTES);
	va_start(ap, fmt);
	buf_addv(&text, fmt, ap);
	va_end(ap);
	p = buf_peek(&text, &n);
	buf_clear(&c->out);
	buf_adds(&c->out, "{\"jsonrpc\":\"2.0\",");
	if (c->nid > 0 || !c->modern) {
		buf_adds(&c->out, "\"id\":");
		put_id(&c->out, c);
		buf_addc(&c->out, ',');
	}
	buf_addf(&c->out, "\"error\":{\"code\":%d,\"message\":", code);
	json_put_str(&c->out, p, n);
	if (data != NULL) {
		buf_adds(&c->out, ",\"data\":");
		buf_adds(&c->out, data);
	}
	buf_adds(&c->out, "}}");
	buf_fini(&text);
	return MCP_DONE;
}

enum mcp_verdict
mcp_error_capability(struct mcp_call *c, const char *name)
{
	char data[128];

	snprintf(data, sizeof(data), "{\"requiredCapabilities\":{\"%s\":{}}}",
	    name);
	c->status = 400;
	return mcp_error(c, MCP_E_CAPABILITY, data, "this needs a client "
	    "that declares the capability \"%s\"", name);
}

void
mcp_put_server(struct buf *out, const struct mcp_server *s, bool titles)
{
	buf_adds(out, "{\"name\":");
	json_put_cstr(out, s->name);
	if (titles && s->title != NULL) {
		buf_adds(out, ",\"title\":");
		json_put_cstr(out, s->title);
	}
	buf_adds(out, ",\"version\":");
	json_put_cstr(out, s->version);
	buf_addc(out, '}');
}

static struct buf *
open_result(struct mcp_call *c, const char *type)
{
	buf_clear(&c->out);
	buf_adds(&c->out, "{\"jsonrpc\":\"2.0\",\"id\":");
	put_id(&c->out, c);
	buf_adds(&c->out, ",\"result\":{");
	if (c->modern)
		buf_addf(&c->out, "\"resultType\":\"%s\",", type);
	return &c->out;
}

struct buf *
mcp_result_open(struct mcp_call *c)
{
	return open_result(c, "complete");
}

enum mcp_verdict
mcp_result_close(struct mcp_call *c)
{
	struct buf *out = &c->out;
	size_t n;
	const char *p = buf_peek(out, &n);

	if (c->modern) {
		buf_adds(out, "\"_meta\":{\"" META "serverInfo\":");
		mcp_put_server(out, c->server, true);
		buf_addc(out, '}');
	} else if (n > 0 && p[n - 1] == ',')
		buf_truncate(out, n - 1);
	buf_adds(out, "}}");
	return MCP_DONE;
}

enum mcp_verdict
mcp_result_empty(struct mcp_call *c)
{
	mcp_result_open(c);
	return mcp_result_close(c);
}

void
mcp_put_cache(struct mcp_call *c, int ttl_ms)
{
	if (c->modern)
		buf_addf(&c->out, "\"ttlMs\":%d,\"cacheScope\":\"private\",",
		    ttl_ms);
}

enum mcp_verdict
mcp_tool_json(struct mcp_call *c, struct buf *object)
{
	struct buf *out;
	size_t n;
	const char *p = buf_peek(object, &n);

	if (buf_failed(object))
		return mcp_tool_error(c, "the result is too large: ask for "
		    "fewer rows or columns");
	out = mcp_result_open(c);
	buf_adds(out, "\"content\":[{\"type\":\"text\",\"text\":");
	json_put_str(out, p, n);
	buf_adds(out, "}],");
	if (c->version >= MCP_2025_06_18) {
		buf_adds(out, "\"structuredContent\":");
		buf_add(out, p, n);
		buf_addc(out, ',');
	}
	return mcp_result_close(c);
}

enum mcp_verdict
mcp_tool_error_text(struct mcp_call *c, const char *text, size_t n)
{
	struct buf *out = mcp_result_open(c);

	buf_adds(out, "\"content\":[{\"type\":\"text\",\"text\":");
	json_put_str(out, text, n);
	buf_adds(out, "}],\"isError\":true,");
	return mcp_result_close(c);
}

enum mcp_verdict
mcp_tool_error(struct mcp_call *c, const char *fmt, ...)
{
	struct buf text;
	va_list ap;
	const char *p;
	size_t n;

	buf_init(&text, TEXT_MAX_BYTES);
	va_start(ap, fmt);
	buf_addv(&text, fmt, ap);
	va_end(ap);
	p = buf_peek(&text, &n);
	mcp_tool_error_text(c, p, n);
	buf_fini(&text);
	return MCP_DONE;
}

enum mcp_verdict
mcp_input_required(struct mcp_call *c, const char *requests,
    const char *state)
{
	struct buf *out = open_result(c, "input_required");

	buf_adds(out, "\"inputRequests\":");
	buf_adds(out, requests);
	buf_addc(out, ',');
	if (state != NULL) {
		buf_adds(out, "\"requestState\":");
		json_put_cstr(out, state);
		buf_addc(out, ',');
	}
	return mcp_result_close(c);
}

struct mcp_value
mcp_input_response(const struct mcp_call *c, const char *key)
{
	struct mcp_value v = mcp_member(mcp_param(c, "inputResponses"), key);

	if (v.j == NULL || v.j->tok[v.i].type != JSON_OBJECT)
		return (struct mcp_value){ NULL, 0 };
	return v;
}

char *
mcp_request_state(const struct mcp_call *c)
{
	return mcp_param_str(c, "requestState");
}

void
mcp_tell(struct mcp_call *c, const char *method, const char *params)
{
	buf_clear(&c->tell);
	buf_addf(&c->tell, "{\"jsonrpc\":\"2.0\",\"method\":\"%s\"", method);
	if (params != NULL) {
		buf_adds(&c->tell, ",\"params\":");
		buf_adds(&c->tell, params);
	}
	buf_addc(&c->tell, '}');
}

void
mcp_tell_request(struct mcp_call *c, const char *method, const char *params)
{
	buf_clear(&c->tell);
	buf_addf(&c->tell, "{\"jsonrpc\":\"2.0\",\"id\":\"s%u\",\"method\":"
	    "\"%s\",\"params\":", ++c->session->asked, method);
	buf_adds(&c->tell, params);
	buf_addc(&c->tell, '}');
}

bool
mcp_tell_progress(struct mcp_call *c, double progress, double total,
    const char *message)
{
	uint32_t tok = c->meta == 0 ? 0 :
	    json_member(&c->json, c->meta, "progressToken");
	struct buf params;
	const char *p;
	size_t n;

	if (tok == 0 || (c->json.tok[tok].type != JSON_STRING &&
	    c->json.tok[tok].type != JSON_NUMBER))
		return false;
	buf_init(&params, TEXT_MAX_BYTES);
	p = json_raw(&c->json, tok, &n);
	buf_adds(&params, "{\"progressToken\":");
	buf_add(&params, p, n);
	buf_addf(&params, ",\"progress\":%g", progress);
	if (total > 0)
		buf_addf(&params, ",\"total\":%g", total);
	if (message != NULL && c->version >= MCP_2025_03_26) {
		buf_adds(&params, ",\"message\":");
		json_put_cstr(&params, message);
	}
	buf_addc(&params, '}');
	mcp_tell(c, "notifications/progress", buf_cstr(&params));
	buf_fini(&params);
	return true;
}

void
mcp_sse_event(struct buf *out, const char *message, size_t n)
{
	buf_adds(out, "event: message\ndata: ");
	buf_add(out, message, n);
	buf_adds(out, "\n\n");
}
