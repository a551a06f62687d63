/*
 * sqlopts.h - what a statement's request may ask beyond the statement.
 */
#ifndef SQLOPTS_H
#define SQLOPTS_H

#include "call.h"
#include "lib/cdefs.h"

/* What sqlopts_read() knows of every call; of a single one max_affected too. */
#define SQLOPTS_KNOWN	"timeout_ms, max_rows, dry_run, read_only, " \
	"row_format, numbers, json, settings, confirm, isolation, " \
	"deferrable, retry"

/* Read the member whose name is token i of c->json.  Returns 0, or -1 with
 * why filled in (400): a member nobody knows is refused, not ignored. */
int	sqlopts_read(struct call *c, uint32_t i, const char *known,
	    struct problem *why) MUST_CHECK;

/* Refuse the member whose name is token i, and name those that are known. */
int	sqlopts_unknown(const struct json *j, uint32_t i, const char *known,
	    struct problem *why);

#endif
