/*
 * load_http.c - see load_http.h.  Must not know what is asked.
 */
#include "load_http.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

static int
complain(const char *what)
{
	unsigned long e = ERR_get_error();

	fprintf(stderr, "load: %s: %s\n", what, e != 0 ?
	    ERR_reason_error_string(e) : strerror(errno));
	return -1;
}

static int
handshake(struct load_conn *c, const struct load_target *t)
{
	if ((c->ssl = SSL_new(t->tls)) == NULL ||
	    SSL_set_fd(c->ssl, c->fd) != 1 ||
	    SSL_set_tlsext_host_name(c->ssl, t->host) != 1 ||
	    SSL_set1_host(c->ssl, t->host) != 1)
		return complain("TLS");
	if (SSL_connect(c->ssl) != 1)
		return complain("TLS handshake");
	return 0;
}

int
load_open(struct load_conn *c, const struct load_target *t)
{
	int one = 1, flags;

	c->fd = socket(t->addr.ss_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (c->fd == -1)
		return complain("socket");
	if (connect(c->fd, (const struct sockaddr *)&t->addr, t->naddr) == -1)
		return complain("connect");
	(void)setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
	if (t->tls != NULL && handshake(c, t) != 0)
		return -1;
	flags = fcntl(c->fd, F_GETFL);
	if (flags == -1 || fcntl(c->fd, F_SETFL, flags | O_NONBLOCK) == -1)
		return complain("fcntl");
	return 0;
}

void
load_close(struct load_conn *c)
{
	SSL_free(c->ssl);
	close(c->fd);
}

/* Bytes moved; 0 to wait (want_write says for what); -1 failed or ended. */
static ssize_t
tls_result(struct load_conn *c, int rc)
{
	if (rc > 0)
		return rc;
	switch (SSL_get_error(c->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		c->want_write = false;
		return 0;
	case SSL_ERROR_WANT_WRITE:
		c->want_write = true;
		return 0;
	default:
		return complain("TLS connection");
	}
}

static ssize_t
plain_result(struct load_conn *c, ssize_t rc, bool writing)
{
	if (rc > 0)
		return rc;
	if (rc == -1 && (errno == EAGAIN || errno == EINTR)) {
		c->want_write = writing;
		return 0;
	}
	if (rc == 0)
		errno = ECONNRESET;
	return complain("connection");
}

static ssize_t
put(struct load_conn *c)
{
	const char *p = c->out + c->written;
	size_t n = c->nout - c->written;

	if (c->ssl != NULL)
		return tls_result(c, SSL_write(c->ssl, p, (int)n));
	return plain_result(c, send(c->fd, p, n, MSG_NOSIGNAL), true);
}

static ssize_t
take(struct load_conn *c)
{
	char *p = c->in + c->nread;
	size_t n = sizeof(c->in) - 1 - c->nread;

	if (n == 0) {
		fprintf(stderr, "load: an answer is too long\n");
		return -1;
	}
	if (c->ssl != NULL)
		return tls_result(c, SSL_read(c->ssl, p, (int)n));
	return plain_result(c, recv(c->fd, p, n, 0), false);
}

static int
bad_answer(const struct load_conn *c)
{
	fprintf(stderr, "load: not a good answer:\n%.*s\n", (int)c->nread,
	    c->in);
	return -1;
}

/* Find the head's end, the status and the body's length. */
static int
read_head(struct load_conn *c)
{
	static const char length[] = "\r\nContent-Length:";
	const char *end, *v;

	c->in[c->nread] = '\0';
	if ((end = strstr(c->in, "\r\n\r\n")) == NULL)
		return 0;
	v = strcasestr(c->in, length);
	if (strncmp(c->in, "HTTP/1.1 200 ", 13) != 0 || v == NULL || v > end)
		return bad_answer(c);
	c->want = (size_t)(end + 4 - c->in) +
	    strtoul(v + sizeof(length) - 1, NULL, 10);
	return 0;
}

int
load_send(struct load_conn *c, const char *p, size_t n)
{
	c->out = p;
	c->nout = n;
	c->written = c->nread = c->want = 0;
	c->want_write = true;
	return load_go_on(c) == 0 ? 0 : -1;
}

int
load_go_on(struct load_conn *c)
{
	ssize_t n;

	while (c->written < c->nout) {
		if ((n = put(c)) <= 0)
			return (int)n;
		c->written += (size_t)n;
		if (c->written == c->nout) {
			c->want_write = false;
			return 0;	/* the answer cannot be there yet */
		}
	}
	if ((n = take(c)) <= 0)
		return (int)n;
	c->nread += (size_t)n;
	if (c->want == 0 && read_head(c) != 0)
		return -1;
	if (c->want == 0 || c->nread < c->want)
		/* TLS may hold more than the socket shows. */
		return c->ssl != NULL && SSL_pending(c->ssl) > 0 ?
		    load_go_on(c) : 0;
	return c->nread == c->want ? 1 : bad_answer(c);
}
