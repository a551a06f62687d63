/*
 * confine.h - what a process gives up before it looks at anything a
 * stranger sent.
 */
#ifndef CONFINE_H
#define CONFINE_H

#include <stdbool.h>
#include <sys/types.h>

#include "lib/buf.h"
#include "lib/cdefs.h"

struct confine_user {
	bool	change;		/* false: we are not root, nothing to do */
	uid_t	uid;
	gid_t	gid;
	char	name[64];
};

/* Whom workers run as: name; or, where that is NULL, the first of
 * agentcoopdb and nobody that exists.  Returns 0, or -1 with one line in
 * err (no such user; or it is root itself). */
int	confine_find(struct confine_user *u, const char *name,
	    struct buf *err) MUST_CHECK;

/* Become that user for good, with no other groups than its own.  Returns 0,
 * or -1 (logged). */
int	confine_become(const struct confine_user *u) MUST_CHECK;

/* No new privileges, no core dump, no tracing by others, no new or changed
 * file and no program (Landlock, where the kernel has it).  What is open
 * stays open.  When the process parent dies, be sent SIGTERM. */
void	confine_self(pid_t parent);

/* As many descriptors as the system allows. */
void	confine_raise_files(void);

#endif
