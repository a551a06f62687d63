/*
 * httpc_ca.h - the file of the certificates that a client trusts.
 */
#ifndef HTTPC_CA_H
#define HTTPC_CA_H

#include "buf.h"
#include "cdefs.h"

/* libcurl would tell only once it has connected.  Returns 0; or -1 with a
 * line in why where the file cannot be read or holds no PEM. */
int	 httpc_ca_check(const char *path, struct buf *why) MUST_CHECK;

#endif
