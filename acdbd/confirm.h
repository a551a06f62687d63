/*
 * confirm.h - statements that destroy data wait for a confirmation, where
 * the caller asks for that.
 *
 * "confirm": "required" in a request of /v1/sql/execute or /v1/sql/batch has
 * DROP, TRUNCATE, DELETE and UPDATE without WHERE refused with 409
 * confirmation_required and a confirm_token.  The same request with the
 * token in the place of "required" runs.  A token is good for ten minutes,
 * for the same key, statements and parameters, on every node.  It is a guard
 * against mistakes, no privilege: whoever leaves "confirm" out is not asked,
 * nor is a key that was made with "ungated".
 */
#ifndef CONFIRM_H
#define CONFIRM_H

#include "call.h"
#include "lib/cdefs.h"

/* Returns 0 when the call may run; or -1 with why filled in. */
int	confirm_check(const struct call *c, struct problem *why) MUST_CHECK;

#endif
