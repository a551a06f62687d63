/*
 * streams.c - see streams.h.  Every program calls it first.  Must not know
 * what any of them does with its streams.
 */
#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

#include "streams.h"

void
streams_hold(void)
{
	/* The lowest that is free is the one that is opened. */
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		if (fcntl(fd, F_GETFD) == -1 && errno == EBADF &&
		    open("/dev/null", fd == STDIN_FILENO ? O_WRONLY :
		    O_RDONLY) == -1)
			return;
}
