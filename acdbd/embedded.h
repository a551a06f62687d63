/*
 * embedded.h - a private PostgreSQL below a directory of ours, for
 * --embedded: made where there is none yet, started, stopped.
 *
 * The cluster listens on a unix socket below dir and on nothing else, and
 * runs as an unprivileged user even when acdbd was started by root.  The
 * master owns it: it starts it before the workers, stops it after them,
 * and alone calls what is declared here.
 *
 * When PostgreSQL ends without having been asked to, the master calls
 * embedded_restart(), with the same growing pause as for a worker; the
 * workers take that for any other restart of a database.
 */
#ifndef EMBEDDED_H
#define EMBEDDED_H

#include <sys/types.h>

#include "conf.h"
#include "lib/cdefs.h"

/* Make the cluster if dir holds none (initdb, and 32 random bytes in
 * dir/secret, mode 0600), start it and wait until it accepts connections.
 * One that another acdbd runs, or that a crash left behind, is told apart:
 * the first is an error, the second recovers.  Sets c->database_url,
 * c->migrations_database_url and c->gateway_password (owned by c; what
 * stood there is freed).  Returns 0, or -1 (logged, nothing left running). */
int	embedded_start(const char *dir, struct conf *c) MUST_CHECK;

/* The postmaster's process, a child of ours; -1 while there is none.  It is
 * the caller who reaps it and then says so by embedded_gone(). */
pid_t	embedded_pid(void);
void	embedded_gone(void);
/* The directory of what it has logged, for people. */
const char *embedded_log(void);

/* Start PostgreSQL again in the same directory; does not wait until it
 * accepts.  Returns 0, or -1 (logged). */
int	embedded_restart(void) MUST_CHECK;

/* Fast shutdown (SIGINT), and wait for it.  Does nothing while there is
 * none. */
void	embedded_stop(void);

#endif
