/*
 * tls.h - TLS 1.2 and 1.3 for accepted sockets.  The only file that knows
 * OpenSSL's ssl.h is tls.c.
 */
#ifndef TLS_H
#define TLS_H

#include <stddef.h>

#include "io.h"
#include "lib/buf.h"
#include "lib/cdefs.h"

struct tls;

/* A server's identity from PEM text in memory: the certificate with its
 * chain behind it, and the private key (not encrypted).  NULL with one line
 * in err that says what is wrong with which of them. */
struct tls *tls_new(const char *cert_pem, size_t ncert, const char *key_pem,
	    size_t nkey, struct buf *err) MUST_CHECK;

/* Connections that use it go on. */
void	 tls_free(struct tls *t);

/* An accepted, non-blocking socket; owns fd.  NULL when memory is out, fd is
 * then the caller's. */
struct io *tls_accept(struct tls *t, int fd) MUST_CHECK;

#endif
