/*
 * hide.c - see hide.h.  Every program calls it first: each holds a key or a
 * password sooner or later.  Must not know which.
 */
#include <sys/prctl.h>
#include <sys/resource.h>

#include "hide.h"

void
hide_process(void)
{
	struct rlimit r;

	/* Only the soft limit: what is executed from here may raise it. */
	if (getrlimit(RLIMIT_CORE, &r) == 0) {
		r.rlim_cur = 0;
		(void)setrlimit(RLIMIT_CORE, &r);
	}
#ifndef __SANITIZE_ADDRESS__	/* its leak check traces the process */
	/* A core that is piped to a program heeds no limit, only this. */
	(void)prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
#endif
}
