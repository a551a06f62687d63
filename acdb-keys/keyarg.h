/*
 * keyarg.h - how a key is named on the command line.
 */
#ifndef KEYARG_H
#define KEYARG_H

#include "lib/cdefs.h"

/* What of arg names the key: all of it (an id, a uuid, a prefix), or what
 * stands behind "acd_<env>_".  NULL, with a complaint that does not repeat
 * it, for a whole token: a secret has no place in argv. */
const char *keyarg(const char *arg) MUST_CHECK;

#endif
