/*
 * hardening.c - see hardening.h.
 */
#include <strings.h>

#include "hardening.h"

static const char *const names[] = {
	[HARDENING_STANDARD] = "standard",
	[HARDENING_STRICT] = "strict",
	[HARDENING_MANAGED] = "managed",
};

int
hardening_parse(const char *name, enum hardening *h)
{
	for (int i = 0; i < (int)NELEM(names); i++)
		if (strcasecmp(name, names[i]) == 0) {
			*h = (enum hardening)i;
			return 0;
		}
	return -1;
}

const char *
hardening_name(enum hardening h)
{
	return names[h];
}
