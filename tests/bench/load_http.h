/*
 * load_http.h - one keep-alive client connection of the load generator,
 * plain or TLS, non-blocking, one request at a time.
 *
 * It reads the least of HTTP/1.1 that a status and a body's end need, from
 * a server it trusts not to be hostile: no parser for anything else.
 */
#ifndef LOAD_HTTP_H
#define LOAD_HTTP_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/cdefs.h"

#define LOAD_IN_MAX	65536

struct load_target {
	struct sockaddr_storage addr;
	socklen_t	 naddr;
	const char	*host;
	SSL_CTX		*tls;		/* NULL: plaintext */
};

struct load_conn {
	int		 fd;
	SSL		*ssl;
	const char	*out;		/* borrowed until the answer is in */
	size_t		 nout;
	size_t		 written;
	char		 in[LOAD_IN_MAX];
	size_t		 nread;
	size_t		 want;		/* bytes of the whole answer; 0: head
					 * not complete */
	bool		 want_write;	/* wait for writable, not readable */
	int64_t		 sent_ns;
};

/* Connect and shake hands, blocking; then non-blocking.  Returns 0, or -1
 * (said on stderr). */
int	load_open(struct load_conn *c, const struct load_target *t) MUST_CHECK;
void	load_close(struct load_conn *c);

/* Begin to send n bytes of request. */
int	load_send(struct load_conn *c, const char *p, size_t n) MUST_CHECK;

/* Go on after epoll said so.  Returns 1 when an answer of status 200 is
 * complete, 0 to wait on, -1 for any other answer or failure (said). */
int	load_go_on(struct load_conn *c) MUST_CHECK;

#endif
