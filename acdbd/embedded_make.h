/*
 * embedded_make.h - the files of the private PostgreSQL.
 *
 *	dir/lock	held by the acdbd that runs the cluster
 *	dir/secret	64 hexadecimal digits: the gateway's password
 *	dir/data	the cluster
 *	dir/run		its unix socket
 *	dir/log		its log
 *
 * All of them belong to the user that PostgreSQL runs as.
 */
#ifndef EMBEDDED_MAKE_H
#define EMBEDDED_MAKE_H

#include <stddef.h>

#include "embedded_find.h"
#include "embedded_proc.h"
#include "lib/cdefs.h"

#define EMBEDDED_SECRET		65	/* 64 digits and a NUL */
#define EMBEDDED_DATABASE	"agentcoopdb"
#define EMBEDDED_SUPER		"acdb_super"
#define EMBEDDED_PORT		"5432"	/* part of the socket's name only */

/* Make dir and what lies above it, if need be; dir becomes u's.  full (at
 * least PATH_MAX) gets it absolute and without links.  Returns 0, or -1
 * (logged). */
int	embedded_make_dir(const char *dir, const struct embedded_user *u,
	    char *full) MUST_CHECK;

/* The rest is done with u's rights, in the directory of
 * embedded_make_dir(). */

/* Keep other instances out, until fd is closed.  Returns the descriptor, or
 * -1 (logged). */
int	embedded_make_lock(const char *dir) MUST_CHECK;

/* The cluster's major version from its files, 0 where there is none yet. */
int	embedded_make_major(const char *dir);

/* Read the secret, or make one where there is no cluster yet. */
int	embedded_make_secret(const char *dir, char out[EMBEDDED_SECRET])
	    MUST_CHECK;

/* initdb, the superuser's password from the secret, and our database. */
int	embedded_make_cluster(const char *dir, const struct embedded_pg *pg,
	    const struct embedded_user *u, const char *secret) MUST_CHECK;

/* Write a file of the name below dir, whole and on disk or not at all. */
int	embedded_make_file(const char *dir, const char *name,
	    const char *text) MUST_CHECK;

#endif
