/*
 * serve.h - MCP on standard input and output: a message a line.
 */
#ifndef SERVE_H
#define SERVE_H

#include "lib/cdefs.h"
#include "opts.h"

/* Serve until standard input ends and all has been answered.  Returns what
 * to exit with. */
int	serve_stdio(const struct opts *o) MUST_CHECK;

#endif
