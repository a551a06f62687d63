/*
 * mcp_priv.h - what the files of the protocol and of the database's tools
 * share among themselves.  Nobody else includes it but test servers.
 */
#ifndef MCP_PRIV_H
#define MCP_PRIV_H

#include "mcp.h"

/* JSON-RPC and MCP error codes. */
enum {
	MCP_E_PARSE		= -32700,
	MCP_E_REQUEST		= -32600,
	MCP_E_METHOD		= -32601,
	MCP_E_PARAMS		= -32602,
	MCP_E_INTERNAL		= -32603,
	MCP_E_NO_RESOURCE	= -32002,	/* up to 2025-11-25 */
	MCP_E_HEADERS		= -32020,
	MCP_E_CAPABILITY	= -32021,
	MCP_E_VERSION		= -32022,
};

/* mcp_era.c: which era, which version; fill in c.  Returns 0, or -1 with the
 * error written to c->out. */
int	 mcp_era(struct mcp_call *c, const struct mcp_from *from) MUST_CHECK;

/* What a client can be asked for, of its capabilities (an object; j NULL:
 * none). */
struct mcp_client mcp_era_client(struct mcp_value caps);

/* mcp_method.c: the handler of c->method, NULL where there is none. */
enum mcp_verdict (*mcp_method(const struct mcp_call *c))(struct mcp_call *);

/* mcp_put.c: writing answers.  All return MCP_DONE, so that a handler can
 * return them. */

/* An error; data is JSON or NULL. */
enum mcp_verdict mcp_error(struct mcp_call *c, int code, const char *data,
	    const char *fmt, ...) PRINTF(4, 5);
/* A result: open, the members with a comma behind each, close. */
struct buf *mcp_result_open(struct mcp_call *c);
enum mcp_verdict mcp_result_close(struct mcp_call *c);
enum mcp_verdict mcp_result_empty(struct mcp_call *c);
/* The members that say how long a list or text may be kept. */
void	 mcp_put_cache(struct mcp_call *c, int ttl_ms);
/* "serverInfo":{..} without its name */
void	 mcp_put_server(struct buf *out, const struct mcp_server *s,
	    bool titles);

/* A tool's result: one JSON object, as structuredContent and as text; or
 * text alone; or an error the model reads. */
enum mcp_verdict mcp_tool_json(struct mcp_call *c, struct buf *object);
enum mcp_verdict mcp_tool_error(struct mcp_call *c, const char *fmt, ...)
	    PRINTF(2, 3);
enum mcp_verdict mcp_tool_error_text(struct mcp_call *c, const char *text,
	    size_t n);

/* A result that asks for input (modern): requests is the JSON object
 * inputRequests, state the requestState or NULL. */
enum mcp_verdict mcp_input_required(struct mcp_call *c, const char *requests,
	    const char *state);
/* What the client answered: the object under key of inputResponses, j NULL
 * where it is not there; and the requestState, NULL where none came (to be
 * freed). */
struct mcp_value mcp_input_response(const struct mcp_call *c,
	    const char *key);
char	*mcp_request_state(const struct mcp_call *c) MUST_CHECK;
/* Refuse a modern client without the capability (-32021). */
enum mcp_verdict mcp_error_capability(struct mcp_call *c, const char *name);

/* Write a request to the client, or a notification, into c->tell. */
void	 mcp_tell(struct mcp_call *c, const char *method, const char *params);
void	 mcp_tell_request(struct mcp_call *c, const char *method,
	    const char *params);
/* A progress notification, where the client gave a token; else false. */
bool	 mcp_tell_progress(struct mcp_call *c, double progress, double total,
	    const char *message);

/* mcp_args.c: a tool's arguments.  Read and check those of c->tool.  Returns
 * 0, or -1 with the tool's error written. */
int	 mcp_args_read(struct mcp_call *c) MUST_CHECK;
/* The argument of that name, which the tool's table has. */
struct mcp_value mcp_arg(const struct mcp_call *c, const char *name);
bool	 mcp_arg_bool(const struct mcp_call *c, const char *name);
/* def where it is absent; bounded to [min, max]. */
int64_t	 mcp_arg_int(const struct mcp_call *c, const char *name, int64_t def,
	    int64_t min, int64_t max);
/* Its text, to be freed; NULL where it is absent (or memory is out). */
char	*mcp_arg_str(const struct mcp_call *c, const char *name) MUST_CHECK;
bool	 mcp_arg_is(const struct mcp_call *c, const char *name,
	    const char *text);
/* The value as it was written, appended; false where it is absent. */
bool	 mcp_arg_raw(const struct mcp_call *c, const char *name,
	    struct buf *out);
/* A tool's inputSchema. */
void	 mcp_args_schema(struct buf *out, const struct mcp_tool *t);

/* A member of params, for methods that are no tools. */
struct mcp_value mcp_param(const struct mcp_call *c, const char *name);
char	*mcp_param_str(const struct mcp_call *c, const char *name)
	    MUST_CHECK;

/* The value as it was written, on one line. */
void	 mcp_put_value(struct buf *out, struct mcp_value v);

struct mcp_value mcp_member(struct mcp_value v, const char *name);
char	*mcp_strdup(struct mcp_value v) MUST_CHECK;

/* mcp_list.c */
enum mcp_verdict mcp_list_tools(struct mcp_call *c);
enum mcp_verdict mcp_list_resources(struct mcp_call *c);
enum mcp_verdict mcp_list_templates(struct mcp_call *c);
enum mcp_verdict mcp_list_prompts(struct mcp_call *c);
/* The capabilities object. */
void	 mcp_list_capabilities(struct buf *out, const struct mcp_call *c);

/* Begin a request to the gateway; its body is c->ask.body. */
struct buf *mcp_ask(struct mcp_call *c, const char *method,
	    const char *path);

#endif
