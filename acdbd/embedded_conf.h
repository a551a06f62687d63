/*
 * embedded_conf.h - what the private PostgreSQL is told.
 */
#ifndef EMBEDDED_CONF_H
#define EMBEDDED_CONF_H

#include "conf.h"
#include "lib/cdefs.h"

/* Write postgresql.conf and pg_hba.conf of the cluster in dir/data; done at
 * every start, so that a new version's words take effect.  An operator's
 * own settings go to dir/postgresql.local.conf.  Returns 0, or -1
 * (logged). */
int	embedded_conf_write(const char *dir, const struct conf *c) MUST_CHECK;

#endif
