/*
 * fixture.h - the test server that has what the public conformance suite
 * asks for, on the library that the product's servers use.
 */
#ifndef FIXTURE_H
#define FIXTURE_H

#include "lib/mcp.h"

extern const struct mcp_server fixture_server;

/* Serve http://127.0.0.1:port/ for ever; 0: any port, which is printed. */
int	fixture_http_serve(int port);

/* One red pixel. */
#define PNG "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8" \
    "DwHwAFBQIAX8jx0gAAAABJRU5ErkJggg=="

/* An elicitation of a name. */
#define ASK_NAME "{\"method\":\"elicitation/create\",\"params\":{" \
    "\"message\":\"What is your name?\",\"requestedSchema\":{" \
    "\"type\":\"object\",\"properties\":{\"name\":{\"type\":" \
    "\"string\"}},\"required\":[\"name\"]}}}"

/* A tool's result of text alone. */
enum mcp_verdict fixture_text(struct mcp_call *c, const char *s);

extern const struct mcp_tool fixture_tools[];

/* fixture_input.c: what each needs. */
enum mcp_verdict fixture_input_name(struct mcp_call *c);
enum mcp_verdict fixture_input_model(struct mcp_call *c);
enum mcp_verdict fixture_input_roots(struct mcp_call *c);
enum mcp_verdict fixture_input_state(struct mcp_call *c);
enum mcp_verdict fixture_input_many(struct mcp_call *c);
enum mcp_verdict fixture_input_rounds(struct mcp_call *c);
enum mcp_verdict fixture_input_able(struct mcp_call *c);
enum mcp_verdict fixture_input_missing(struct mcp_call *c);

/* Tell whoever listens that a list has changed (mcp_listen_note). */
void	fixture_http_changed(const char *what);

#endif
