/*
 * mcp_db_gate_priv.h - the gate before statements that destroy data.
 */
#ifndef MCP_DB_GATE_PRIV_H
#define MCP_DB_GATE_PRIV_H

#include "mcp_priv.h"

/* Run a tool behind the gate: ask makes its request with the given value of
 * "confirm" ("required" or a token), tell its result.  A refusal with
 * confirmation_required becomes a question to the user where the client can
 * ask, else an error with the token. */
enum mcp_verdict mcp_db_gate(struct mcp_call *c,
	    enum mcp_verdict (*ask)(struct mcp_call *, const char *confirm),
	    enum mcp_verdict (*tell)(struct mcp_call *));

#endif
