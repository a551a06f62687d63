/*
 * embedded_proc.h - the processes of the private PostgreSQL: who they run
 * as, how they are started, and those that an earlier acdbd left behind.
 *
 * Used by the other files of embedded alone.
 */
#ifndef EMBEDDED_PROC_H
#define EMBEDDED_PROC_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "conf.h"
#include "lib/cdefs.h"

struct embedded_user {
	bool	 drop;		/* we are root: become uid and gid */
	uid_t	 uid;
	gid_t	 gid;
	char	 name[64];
};

/* Who PostgreSQL runs as: ourselves; or, where we are root, the first of
 * postgres, agentcoopdb, nobody that exists.  Returns 0, or -1 (logged). */
int	embedded_proc_user(struct embedded_user *u) MUST_CHECK;

/* Do what follows with that user's rights (effective ids), so that nothing
 * which the user planted below its own directory is followed by root; and
 * root again.  Return 0, or -1 (logged). */
int	embedded_proc_become(const struct embedded_user *u) MUST_CHECK;
int	embedded_proc_return(const struct embedded_user *u) MUST_CHECK;

/* Start argv[0] (a path) as that user for good, in a process group of its
 * own, with nothing of our environment and no descriptor but in, out and
 * out again as 0, 1 and 2.  When we die, however we die, it is sent
 * death_signal.  Returns its pid, or -1 (logged). */
pid_t	embedded_proc_spawn(const struct embedded_user *u,
	    const char *const argv[], int in, int out, int death_signal)
	    MUST_CHECK;

/* Run argv to its end.  input (a NUL-terminated text of less than a pipe's
 * capacity; may be NULL) is its standard input; what it prints becomes out,
 * NUL-terminated and cut to size.  Returns its exit status, 128 plus the
 * signal that ended it, or -1 (logged). */
int	embedded_proc_run(const struct embedded_user *u,
	    const char *const argv[], const char *input, char *out,
	    size_t size) MUST_CHECK;

/* Wait up to ms milliseconds for our child pid to end.  Returns whether it
 * has (and is reaped). */
bool	embedded_proc_wait(pid_t pid, int ms);

/* Send a signal (0: none) to every PostgreSQL process that works in the
 * directory dir (absolute, without links).  Returns how many there are.
 * A postmaster and its backends have their data directory as working
 * directory for life, so no other cluster is ever meant. */
int	embedded_proc_leftover(const char *dir, int sig);

void	embedded_proc_nap(int ms);

#endif
