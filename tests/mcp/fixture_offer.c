/*
 * fixture_offer.c - resources, prompts and completion by the names that
 * @modelcontextprotocol/conformance expects; and the server that has it all.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fixture.h"
#include "lib/mcp_priv.h"

/* resources/read, prompts/get, completion/complete */

static enum mcp_verdict
read_resource(struct mcp_call *c)
{
	char *uri = mcp_param_str(c, "uri"), id[64];
	struct buf *out;
	size_t n;

	if (uri == NULL)
		return mcp_error(c, MCP_E_PARAMS, NULL, "uri is a string");
	out = mcp_result_open(c);
	buf_adds(out, "\"contents\":[{\"uri\":");
	json_put_cstr(out, uri);
	n = strncmp(uri, "test://template/", 16) == 0 ?
	    strcspn(uri + 16, "/") : 0;
	if (strcmp(uri, "test://static-text") == 0)
		buf_adds(out, ",\"mimeType\":\"text/plain\",\"text\":\"This is "
		    "the content of the static text resource.\"}],");
	else if (strcmp(uri, "test://static-binary") == 0)
		buf_adds(out, ",\"mimeType\":\"image/png\",\"blob\":\"" PNG
		    "\"}],");
	else if (strcmp(uri, "test://watched-resource") == 0)
		buf_adds(out, ",\"mimeType\":\"text/plain\",\"text\":"
		    "\"watched\"}],");
	else if (n > 0 && n < sizeof(id) && strcmp(uri + 16 + n, "/data") ==
	    0) {
		snprintf(id, sizeof(id), "%.*s", (int)n, uri + 16);
		buf_addf(out, ",\"mimeType\":\"application/json\",\"text\":"
		    "\"{\\\"id\\\":\\\"%s\\\",\\\"templateTest\\\":true,"
		    "\\\"data\\\":\\\"Data for ID: %s\\\"}\"}],", id, id);
	} else {
		struct buf data;

		buf_init(&data, 4096);
		buf_adds(&data, "{\"uri\":");
		json_put_cstr(&data, uri);
		buf_addc(&data, '}');
		mcp_error(c, c->modern ? MCP_E_PARAMS : MCP_E_NO_RESOURCE,
		    buf_cstr(&data), "Resource not found");
		buf_fini(&data);
		free(uri);
		return MCP_DONE;
	}
	free(uri);
	mcp_put_cache(c, 1000);
	return mcp_result_close(c);
}

static enum mcp_verdict
messages(struct mcp_call *c, const char *first, const char *second)
{
	struct buf *out = mcp_result_open(c);

	buf_addf(out, "\"messages\":[{\"role\":\"user\",\"content\":%s}",
	    first);
	if (second != NULL)
		buf_addf(out, ",{\"role\":\"user\",\"content\":{\"type\":"
		    "\"text\",\"text\":\"%s\"}}", second);
	buf_adds(out, "],");
	return mcp_result_close(c);
}

static enum mcp_verdict
get_prompt(struct mcp_call *c)
{
	struct mcp_value name = mcp_param(c, "name");
	struct mcp_value args = mcp_param(c, "arguments");
	char *a = mcp_strdup(mcp_member(args, "arg1"));
	char *b = mcp_strdup(mcp_member(args, "arg2"));
	char *uri = mcp_strdup(mcp_member(args, "resourceUri")), s[1024];
	enum mcp_verdict v = MCP_DONE;

	if (name.j == NULL)
		mcp_error(c, MCP_E_PARAMS, NULL, "name is missing");
	else if (json_is(name.j, name.i, "test_simple_prompt"))
		v = messages(c, "{\"type\":\"text\",\"text\":\"This is a "
		    "simple prompt for testing.\"}", NULL);
	else if (json_is(name.j, name.i, "test_prompt_with_arguments")) {
		snprintf(s, sizeof(s), "{\"type\":\"text\",\"text\":\"Prompt "
		    "with arguments: arg1='%.100s', arg2='%.100s'\"}",
		    a != NULL ? a : "", b != NULL ? b : "");
		v = messages(c, s, NULL);
	} else if (json_is(name.j, name.i,
	    "test_prompt_with_embedded_resource")) {
		snprintf(s, sizeof(s), "{\"type\":\"resource\",\"resource\":{"
		    "\"uri\":\"%.200s\",\"mimeType\":\"text/plain\",\"text\":"
		    "\"Embedded resource content for testing.\"}}",
		    uri != NULL ? uri : "");
		v = messages(c, s,
		    "Please process the embedded resource above.");
	} else if (json_is(name.j, name.i, "test_prompt_with_image"))
		v = messages(c, "{\"type\":\"image\",\"data\":\"" PNG "\","
		    "\"mimeType\":\"image/png\"}",
		    "Please analyze the image above.");
	else if (json_is(name.j, name.i, "test_input_required_result_prompt"))
		v = mcp_input_response(c, "user_context").j == NULL ?
		    mcp_input_required(c, "{\"user_context\":" ASK_NAME "}",
		    NULL) : messages(c, "{\"type\":\"text\","
		    "\"text\":\"with context\"}", NULL);
	else
		mcp_error(c, MCP_E_PARAMS, NULL, "no such prompt");
	free(a);
	free(b);
	free(uri);
	return v;
}

static enum mcp_verdict
complete(struct mcp_call *c)
{
	buf_adds(mcp_result_open(c), "\"completion\":{\"values\":[\"paris\","
	    "\"park\",\"party\"],\"total\":150,\"hasMore\":true},");
	return mcp_result_close(c);
}

#define PROMPT(name, args) "{\"name\":\"" name "\",\"description\":" \
    "\"A fixture\",\"arguments\":[" args "]}"
#define ARG(name) "{\"name\":\"" name "\",\"required\":true}"

const struct mcp_server fixture_server = {
	.name = "mcp-fixture",
	.version = "1",
	.instructions = "A test server.",
	.tools = fixture_tools,
	.resources = "[{\"uri\":\"test://static-text\",\"name\":\"text\","
	    "\"description\":\"A fixture\",\"mimeType\":\"text/plain\"},"
	    "{\"uri\":\"test://static-binary\",\"name\":\"binary\","
	    "\"description\":\"A fixture\",\"mimeType\":\"image/png\"},"
	    "{\"uri\":\"test://watched-resource\",\"name\":\"watched\","
	    "\"description\":\"A fixture\",\"mimeType\":\"text/plain\"}]",
	.templates = "[{\"uriTemplate\":\"test://template/{id}/data\","
	    "\"name\":\"template\",\"description\":\"A fixture\","
	    "\"mimeType\":\"application/json\"}]",
	.prompts = "[" PROMPT("test_simple_prompt", "") ","
	    PROMPT("test_prompt_with_arguments", ARG("arg1") "," ARG("arg2"))
	    "," PROMPT("test_prompt_with_embedded_resource",
	    ARG("resourceUri")) "," PROMPT("test_prompt_with_image", "") ","
	    PROMPT("test_input_required_result_prompt", "") "]",
	.read = read_resource,
	.prompt = get_prompt,
	.complete = complete,
	.logging = true,
	.subscribes = true,
	.listens = true,
};
