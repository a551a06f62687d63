/*
 * migrator.h - the database made fit to serve: migrated, or waited for where
 * AGENTCOOPDB_MIGRATE_ON_START is false; then its boundary verified.
 *
 * In a process of its own: all this waits, and leaves no trace of libpq or
 * of the superuser's password in the processes that serve.
 */
#ifndef MIGRATOR_H
#define MIGRATOR_H

#include <stdbool.h>
#include <sys/types.h>

#include "conf.h"
#include "lib/cdefs.h"

/* Start it; own_cluster: the PostgreSQL is our own.  Its exit code is
 * EXIT_OK, EXIT_UNREACHABLE where trying again may help, or what is wrong
 * for good (logged in one line).  Returns its pid, or -1 (logged). */
pid_t	migrator_start(const struct conf *c, bool own_cluster) MUST_CHECK;

/* Whether an end like that (of waitpid(2)) may be different next time;
 * else *code is what acdbd should exit with. */
bool	migrator_may_retry(int status, int *code);

#endif
