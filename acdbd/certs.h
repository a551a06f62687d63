/*
 * certs.h - the server's certificate and key, as the master last read them
 * from their files, in memory that the workers see: they may no longer read
 * the files by then.
 *
 * A pair is published only when it is good, so that the one in use stays
 * where a new one is not.
 */
#ifndef CERTS_H
#define CERTS_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/cdefs.h"

struct certs;
struct tls;

/* keeps a borrow of both paths.  NULL with errno when memory is out. */
struct certs *certs_new(const char *cert_path, const char *key_path)
	    MUST_CHECK;
void	 certs_free(struct certs *c);

/* The master: read both files and publish them.  Returns 1; 0 where they
 * are those published already; -1 with one line in err. */
int	 certs_load(struct certs *c, struct buf *err) MUST_CHECK;

/* The master: whether the files look different (inode, size, times) from
 * the last time this was asked; the first time: no. */
bool	 certs_touched(struct certs *c);

/* A worker: no more writing. */
void	 certs_seal(struct certs *c);

/* A worker: grows with each pair published, 0 before the first. */
unsigned certs_generation(const struct certs *c);

/* A worker: a TLS identity of the published pair, handed over (tls_free());
 * NULL with one line in err. */
struct tls *certs_tls(const struct certs *c, struct buf *err) MUST_CHECK;

#endif
