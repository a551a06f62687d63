/*
 * sqlreq.h - the body of POST /v1/sql/execute.
 */
#ifndef SQLREQ_H
#define SQLREQ_H

#include "call.h"
#include "lib/cdefs.h"

/* Read r->body into c: sql, params, options.  c keeps a borrow of the body.
 * Returns 0, or -1 with why filled in (406, 415, 400). */
int	sqlreq_read(struct call *c, const struct req *r, struct problem *why)
	    MUST_CHECK;

/* The same of POST /v1/sql/batch: statements and options. */
int	sqlreq_read_batch(struct call *c, const struct req *r,
	    struct problem *why) MUST_CHECK;

/* Whether the body's Content-Type is one that is read as JSON: none, a JSON
 * type, or what plain curl -d sends.  Else 415.  Returns 0, or -1. */
int	sqlreq_content_type(const struct req *r, struct problem *why)
	    MUST_CHECK;

/* Whether the client takes JSON, by its Accept (RFC 9110 12.5.1).  Else 406.
 * Returns 0, or -1. */
int	sqlreq_accept(const struct req *r, struct problem *why) MUST_CHECK;

/* Read n bytes as one JSON object.  Returns 0, or -1 with 400 invalid_json
 * that says where. */
int	sqlreq_object(struct json *j, const char *p, size_t n,
	    struct problem *why) MUST_CHECK;

#endif
