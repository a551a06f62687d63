/*
 * mcp_db.h - the database as an MCP server: its tools, resources and
 * prompts, over requests to the gateway.
 *
 * Every tool is one or a few requests to the gateway's HTTP interface, made
 * with the caller's key: what a tool may do is decided there.
 */
#ifndef MCP_DB_H
#define MCP_DB_H

#include "mcp.h"

extern const struct mcp_server mcp_db_server;

#endif
