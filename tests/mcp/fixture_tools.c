/*
 * fixture_tools.c - tools by the names that @modelcontextprotocol/conformance
 * expects.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "lib/mcp_priv.h"

/* Eight samples of silence. */
#define WAV "UklGRiwAAABXQVZFZm10IBAAAAABAAEAQB8AAEAfAAABAAgAZGF0YQgAAACAgIC" \
    "AgICAgA=="

static enum mcp_verdict
content(struct mcp_call *c, const char *items)
{
	buf_addf(mcp_result_open(c), "\"content\":[%s],", items);
	return mcp_result_close(c);
}

enum mcp_verdict
fixture_text(struct mcp_call *c, const char *s)
{
	struct buf *out = mcp_result_open(c);

	buf_adds(out, "\"content\":[{\"type\":\"text\",\"text\":");
	json_put_cstr(out, s);
	buf_adds(out, "}],");
	return mcp_result_close(c);
}

static enum mcp_verdict
simple_text(struct mcp_call *c)
{
	return fixture_text(c, "This is a simple text response for testing.");
}

static enum mcp_verdict
image(struct mcp_call *c)
{
	return content(c, "{\"type\":\"image\",\"data\":\"" PNG "\","
	    "\"mimeType\":\"image/png\"}");
}

static enum mcp_verdict
audio(struct mcp_call *c)
{
	return content(c, "{\"type\":\"audio\",\"data\":\"" WAV "\","
	    "\"mimeType\":\"audio/wav\"}");
}

static enum mcp_verdict
embedded(struct mcp_call *c)
{
	return content(c, "{\"type\":\"resource\",\"resource\":{\"uri\":"
	    "\"test://embedded-resource\",\"mimeType\":\"text/plain\","
	    "\"text\":\"This is an embedded resource content.\"}}");
}

static enum mcp_verdict
mixed(struct mcp_call *c)
{
	return content(c, "{\"type\":\"text\",\"text\":\"Multiple content "
	    "types test:\"},{\"type\":\"image\",\"data\":\"" PNG "\","
	    "\"mimeType\":\"image/png\"},{\"type\":\"resource\",\"resource\":"
	    "{\"uri\":\"test://mixed-content-resource\",\"mimeType\":"
	    "\"application/json\",\"text\":\"{\\\"test\\\":\\\"data\\\","
	    "\\\"value\\\":123}\"}}");
}

static enum mcp_verdict
fails(struct mcp_call *c)
{
	return mcp_tool_error(c,
	    "This tool intentionally returns an error for testing");
}

static enum mcp_verdict
wait_for(struct mcp_call *c, int ms)
{
	c->sleep_ms = ms;
	return MCP_SLEEP;
}

/* Three messages, 50 ms apart. */
static enum mcp_verdict
logging(struct mcp_call *c)
{
	static const char *const said[] = { "Tool execution started",
	    "Tool processing data", "Tool execution completed" };
	char params[128];
	int k = c->step++;

	if (k == 5)
		return fixture_text(c, "done");
	if (k % 2 == 1)
		return wait_for(c, 50);
	if (c->modern || (c->session != NULL && c->session->log_level > 1))
		return wait_for(c, 0);
	snprintf(params, sizeof(params), "{\"level\":\"info\",\"logger\":"
	    "\"fixture\",\"data\":\"%s\"}", said[k / 2]);
	mcp_tell(c, "notifications/message", params);
	return MCP_TELL;
}

static enum mcp_verdict
progress(struct mcp_call *c)
{
	int k = c->step++;

	if (k == 5)
		return fixture_text(c, "done");
	if (k % 2 == 1)
		return wait_for(c, 50);
	return mcp_tell_progress(c, k / 2 * 50, 100, NULL) ? MCP_TELL :
	    wait_for(c, 0);
}

/* Legacy: requests to the client in the middle of a call. */
static enum mcp_verdict
ask_client(struct mcp_call *c, const char *method, const char *params,
    const char *before)
{
	struct buf out;

	if (c->step++ == 0) {
		if (c->session == NULL)
			return mcp_tool_error(c, "there is no session");
		mcp_tell_request(c, method, params);
		return MCP_CLIENT;
	}
	if (c->refused)
		return mcp_tool_error(c, "the client refused");
	buf_init(&out, MCP_OUT_MAX);
	buf_adds(&out, before);
	mcp_put_value(&out, c->reply);
	fixture_text(c, buf_cstr(&out));
	buf_fini(&out);
	return MCP_DONE;
}

static enum mcp_verdict
sampling(struct mcp_call *c)
{
	struct buf params;
	enum mcp_verdict v;

	if (!c->client.sampling)
		return mcp_tool_error(c, "the client has no sampling");
	buf_init(&params, MCP_OUT_MAX);
	buf_adds(&params, "{\"messages\":[{\"role\":\"user\",\"content\":"
	    "{\"type\":\"text\",\"text\":");
	mcp_arg_raw(c, "prompt", &params);
	buf_adds(&params, "}}],\"maxTokens\":100}");
	v = ask_client(c, "sampling/createMessage", buf_cstr(&params),
	    "LLM response: ");
	buf_fini(&params);
	return v;
}

static enum mcp_verdict
elicit(struct mcp_call *c, const char *properties, const char *required)
{
	struct buf params;
	enum mcp_verdict v;

	if (!c->client.elicitation)
		return mcp_tool_error(c, "the client has no elicitation");
	buf_init(&params, MCP_OUT_MAX);
	buf_adds(&params, "{\"message\":");
	if (c->tool->args == NULL || !mcp_arg_raw(c, "message", &params))
		buf_adds(&params, "\"Please fill this in\"");
	buf_addf(&params, ",\"requestedSchema\":{\"type\":\"object\","
	    "\"properties\":{%s}%s}}", properties, required);
	v = ask_client(c, "elicitation/create", buf_cstr(&params),
	    "Elicitation completed: ");
	buf_fini(&params);
	return v;
}

static enum mcp_verdict
elicitation(struct mcp_call *c)
{
	return elicit(c, "\"username\":{\"type\":\"string\",\"description\":"
	    "\"User's response\"},\"email\":{\"type\":\"string\","
	    "\"description\":\"User's email address\"}",
	    ",\"required\":[\"username\",\"email\"]");
}

static enum mcp_verdict
defaults(struct mcp_call *c)
{
	return elicit(c, "\"name\":{\"type\":\"string\",\"default\":"
	    "\"John Doe\"},\"age\":{\"type\":\"integer\",\"default\":30},"
	    "\"score\":{\"type\":\"number\",\"default\":95.5},\"status\":"
	    "{\"type\":\"string\",\"enum\":[\"active\",\"inactive\","
	    "\"pending\"],\"default\":\"active\"},\"verified\":{\"type\":"
	    "\"boolean\",\"default\":true}", "");
}

static enum mcp_verdict
enums(struct mcp_call *c)
{
	return elicit(c, "\"untitledSingle\":{\"type\":\"string\",\"enum\":"
	    "[\"option1\",\"option2\",\"option3\"]},\"titledSingle\":{"
	    "\"type\":\"string\",\"oneOf\":[{\"const\":\"value1\",\"title\":"
	    "\"First Option\"},{\"const\":\"value2\",\"title\":"
	    "\"Second Option\"}]},\"legacyEnum\":{\"type\":\"string\","
	    "\"enum\":[\"opt1\",\"opt2\",\"opt3\"],\"enumNames\":"
	    "[\"Option One\",\"Option Two\",\"Option Three\"]},"
	    "\"untitledMulti\":{\"type\":\"array\",\"items\":{\"type\":"
	    "\"string\",\"enum\":[\"option1\",\"option2\",\"option3\"]}},"
	    "\"titledMulti\":{\"type\":\"array\",\"items\":{\"anyOf\":["
	    "{\"const\":\"value1\",\"title\":\"First Choice\"},{\"const\":"
	    "\"value2\",\"title\":\"Second Choice\"}]}}", "");
}

static enum mcp_verdict
name_only(struct mcp_call *c)
{
	return fixture_text(c, c->tool->name);
}

static enum mcp_verdict
tools_changed(struct mcp_call *c)
{
	fixture_http_changed("tools");
	return fixture_text(c, "tools have changed");
}

static enum mcp_verdict
prompts_changed(struct mcp_call *c)
{
	fixture_http_changed("prompts");
	return fixture_text(c, "prompts have changed");
}

#define NO_ARGS		NULL, "{\"type\":\"object\",\"properties\":{}}", NULL
#define TOOL(name, run)	{ name, NULL, "A fixture", NO_ARGS, 0, run }

static const struct mcp_arg prompt_args[] = {
    { "prompt", MCP_STRING, true, "" }, { NULL, MCP_ANY, false, NULL } };
static const struct mcp_arg message_args[] = {
    { "message", MCP_STRING, true, "" }, { NULL, MCP_ANY, false, NULL } };

const struct mcp_tool fixture_tools[] = {
	TOOL("test_simple_text", simple_text),
	TOOL("test_image_content", image),
	TOOL("test_audio_content", audio),
	TOOL("test_embedded_resource", embedded),
	TOOL("test_multiple_content_types", mixed),
	TOOL("test_tool_with_logging", logging),
	TOOL("test_logging_tool", logging),
	TOOL("test_tool_with_progress", progress),
	TOOL("test_error_handling", fails),
	{ "test_sampling", NULL, "A fixture", prompt_args, NULL, NULL, 0,
	    sampling },
	{ "test_elicitation", NULL, "A fixture", message_args, NULL, NULL, 0,
	    elicitation },
	TOOL("test_elicitation_sep1034_defaults", defaults),
	TOOL("test_elicitation_sep1330_enums", enums),
	{ "json_schema_2020_12_tool", NULL, "A fixture", NULL,
	    "{\"$schema\":\"https://json-schema.org/draft/2020-12/schema\","
	    "\"type\":\"object\",\"$defs\":{\"address\":{\"$anchor\":"
	    "\"addressDef\",\"type\":\"object\",\"properties\":{\"street\":"
	    "{\"type\":\"string\"},\"city\":{\"type\":\"string\"}}}},"
	    "\"properties\":{\"name\":{\"type\":\"string\"},\"address\":{"
	    "\"$ref\":\"#/$defs/address\"},\"contactMethod\":{\"type\":"
	    "\"string\",\"enum\":[\"phone\",\"email\"]},\"phone\":{\"type\":"
	    "\"string\"},\"email\":{\"type\":\"string\"}},\"allOf\":[{"
	    "\"anyOf\":[{\"required\":[\"phone\"]},{\"required\":[\"email\"]}"
	    "]}],\"if\":{\"properties\":{\"contactMethod\":{\"const\":"
	    "\"phone\"}},\"required\":[\"contactMethod\"]},\"then\":{"
	    "\"required\":[\"phone\"]},\"else\":{\"required\":[\"email\"]},"
	    "\"additionalProperties\":false}", NULL, 0, name_only },
	TOOL("test_input_required_result_elicitation", fixture_input_name),
	TOOL("test_input_required_result_sampling", fixture_input_model),
	TOOL("test_input_required_result_list_roots", fixture_input_roots),
	TOOL("test_input_required_result_request_state", fixture_input_state),
	TOOL("test_input_required_result_tampered_state", fixture_input_state),
	TOOL("test_input_required_result_multiple_inputs", fixture_input_many),
	TOOL("test_input_required_result_multi_round", fixture_input_rounds),
	TOOL("test_input_required_result_capabilities", fixture_input_able),
	TOOL("test_streaming_elicitation", fixture_input_able),
	TOOL("test_missing_capability", fixture_input_missing),
	TOOL("test_trigger_tool_change", tools_changed),
	TOOL("test_trigger_prompt_change", prompts_changed),
	{ NULL, NULL, NULL, NULL, NULL, NULL, 0, NULL },
};
