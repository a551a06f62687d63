/*
 * hardening.h - AGENTCOOPDB_HARDENING: how much of PostgreSQL is closed to
 * keys, and what is accepted where it cannot be.
 */
#ifndef HARDENING_H
#define HARDENING_H

#include "cdefs.h"

enum hardening {
	HARDENING_STANDARD,
	HARDENING_STRICT,	/* hides volume and activity as well */
	HARDENING_MANAGED,	/* there is no superuser: what only one could
				 * close is known to be open */
};

/* By its name, in any case.  0, or -1 where there is none of that name. */
int	hardening_parse(const char *name, enum hardening *h) MUST_CHECK;
const char *hardening_name(enum hardening h);

#define HARDENING_NAMES	"standard, strict or managed"

#endif
