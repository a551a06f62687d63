/*
 * io.h - a connection's bytes, whatever carries them: a plain socket, TLS
 * (tls.h), or the two descriptors of --inetd, which may be files.
 *
 * Four operations, none of which waits.  One that cannot go on answers
 * IO_AGAIN and records in its *_wants what to wait for; with TLS that can be
 * the other direction than its name says.
 */
#ifndef IO_H
#define IO_H

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

#include "lib/cdefs.h"

enum { IO_ERROR = -1, IO_AGAIN = -2 };

struct io;

struct io_ops {
	/* Returns 1 when done (at once, where there is none). */
	int	(*handshake)(struct io *);
	/* The number of bytes, 0 at the end of input. */
	ssize_t	(*read)(struct io *, void *p, size_t n);
	/* The number of bytes written, perhaps not all. */
	ssize_t	(*write)(struct io *, const struct iovec *v, int n);
	/* Say that nothing more will come.  With linger, the input can still
	 * be read, and close must follow without it; else everything is
	 * closed and freed. */
	void	(*close)(struct io *, bool linger);
};

struct io {
	const struct io_ops *ops;
	int		 in, out;	/* the same for a socket */
	unsigned	 handshake_wants, read_wants, write_wants; /* LOOP_* */
	bool		 secure;	/* TLS */
	bool		 socket;	/* closing it may reset its peer */
	bool		 hangs_up;	/* the end of input means that the
					 * client has gone */
	bool		 pending;	/* more can be read without waiting */
};

/* An accepted, non-blocking socket; owns fd.  NULL when memory is out, fd is
 * then the caller's. */
struct io *io_socket(int fd) MUST_CHECK;

/* Standard input and output as inetd hands them over.  Closing leaves the
 * descriptors open, in the mode they had. */
struct io *io_inetd(void) MUST_CHECK;

#endif
