/*
 * embedded_find.h - where PostgreSQL's programs are on this machine.
 */
#ifndef EMBEDDED_FIND_H
#define EMBEDDED_FIND_H

#include <limits.h>

#include "embedded_proc.h"
#include "lib/cdefs.h"

struct embedded_pg {
	char	 bindir[PATH_MAX];
	int	 major;
};

/* Find a server of version 16 or newer that u can run, with initdb and the
 * vector extension beside it: in the directory given (may be NULL), or where
 * pg_config of the PATH says, or the newest of the distribution's, or of the
 * caches that "make deps" builds in.  major: of that version (that of an
 * existing cluster), 0 for any.  Returns 0, or -1 (logged). */
int	embedded_find(struct embedded_pg *pg, const char *given, int major,
	    const struct embedded_user *u) MUST_CHECK;

#endif
