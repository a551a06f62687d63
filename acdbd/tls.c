/*
 * tls.c - TLS over OpenSSL, see tls.h.  Knows sockets and PEM text; nothing
 * of files, of reloading them, or of what is said inside.
 *
 * OpenSSL's error queue is shared with libpq's connections in this process:
 * it is emptied before every call whose failure is then read from it.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "lib/log.h"
#include "loop.h"
#include "tls.h"

#define RECORD_MAX	16384	/* RFC 8446 5.1 */

struct tls {
	SSL_CTX	*ctx;
};

struct tls_io {
	struct io	 io;
	SSL		*ssl;
	bool		 open;		/* handshake done, nothing failed */
};

/* Forward secret key exchange and authenticated encryption, nothing else;
 * those of TLS 1.3 all are. */
static const char ciphers[] = "ECDHE+AESGCM:ECDHE+CHACHA20";
static char groups[] = "X25519:P-256:P-384";	/* a macro casts const away */

/* RFC 7301 3.2 wants a client refused that speaks none of ours. */
static int
choose_protocol(SSL *ssl, const unsigned char **out, unsigned char *outlen,
    const unsigned char *in, unsigned inlen, void *arg)
{
	static const unsigned char ours[] = "\x08http/1.1\x08http/1.0";
	unsigned char *chosen;

	(void)ssl;
	(void)arg;
	if (SSL_select_next_proto(&chosen, outlen, ours, sizeof(ours) - 1,
	    in, inlen) != OPENSSL_NPN_NEGOTIATED)
		return SSL_TLSEXT_ERR_ALERT_FATAL;
	*out = chosen;
	return SSL_TLSEXT_ERR_OK;
}

/*
 * No session is ever resumed: neither tickets nor a cache.  A ticket key is
 * a secret that opens all sessions of its lifetime and that workers would
 * have to share and rotate; a cache is memory that strangers fill.  A full
 * handshake costs a tenth of a millisecond with an elliptic key, and clients
 * that care keep their connection.
 */
static int
set_up(SSL_CTX *ctx)
{
	SSL_CTX_set_options(ctx, SSL_OP_NO_COMPRESSION |
	    SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_TICKET |
	    SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
	SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF);
	/* An idle connection holds no buffers; one read() takes all that has
	 * come; a blocked write is repeated from wherever its bytes are. */
	SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS |
	    SSL_MODE_ENABLE_PARTIAL_WRITE |
	    SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
	SSL_CTX_set_read_ahead(ctx, 1);
	SSL_CTX_set_alpn_select_cb(ctx, choose_protocol, NULL);
	if (SSL_CTX_set_num_tickets(ctx, 0) != 1 ||
	    SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
	    SSL_CTX_set_cipher_list(ctx, ciphers) != 1 ||
	    SSL_CTX_set1_groups_list(ctx, groups) != 1)
		return -1;
	return 0;
}

/* "what: OpenSSL's reason". */
static int
say(struct buf *err, const char *what)
{
	unsigned long e = ERR_peek_last_error();
	const char *reason = e != 0 ? ERR_reason_error_string(e) : NULL;

	buf_addf(err, "%s%s%s", what, reason != NULL ? ": " : "",
	    reason != NULL ? reason : "");
	return -1;
}

static int
load_chain(SSL_CTX *ctx, BIO *bio, struct buf *err)
{
	X509 *x = PEM_read_bio_X509_AUX(bio, NULL, NULL, NULL);
	int rc;

	if (x == NULL)
		return say(err, "the TLS certificate is not PEM");
	rc = SSL_CTX_use_certificate(ctx, x);
	X509_free(x);
	if (rc != 1)
		return say(err, "the TLS certificate cannot be used");
	while ((x = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL)
		if (SSL_CTX_add0_chain_cert(ctx, x) != 1) {
			X509_free(x);
			return say(err, "the TLS certificate's chain cannot "
			    "be used");
		}
	if (ERR_GET_REASON(ERR_peek_last_error()) != PEM_R_NO_START_LINE)
		return say(err, "the TLS certificate's chain is malformed");
	return 0;
}

/* Nobody is there to be asked for a pass phrase. */
static int
no_pass_phrase(char *p, int size, int rwflag, void *arg)
{
	(void)p;
	(void)size;
	(void)rwflag;
	(void)arg;
	return -1;
}

static int
load_key(SSL_CTX *ctx, BIO *bio, struct buf *err)
{
	EVP_PKEY *key = PEM_read_bio_PrivateKey(bio, NULL, no_pass_phrase,
	    NULL);
	int rc;

	if (key == NULL)
		return say(err, "the TLS key is not an unencrypted PEM key");
	ERR_clear_error();
	rc = SSL_CTX_use_PrivateKey(ctx, key);
	EVP_PKEY_free(key);
	if (rc != 1 || SSL_CTX_check_private_key(ctx) != 1)
		return say(err, "the TLS key is not the certificate's");
	return 0;
}

static BIO *
memory(const char *p, size_t n)
{
	return n > (size_t)INT32_MAX ? NULL : BIO_new_mem_buf(p, (int)n);
}

struct tls *
tls_new(const char *cert_pem, size_t ncert, const char *key_pem, size_t nkey,
    struct buf *err)
{
	struct tls *t = calloc(1, sizeof(*t));
	BIO *cert = memory(cert_pem, ncert), *key = memory(key_pem, nkey);
	int rc = -1;

	ERR_clear_error();
	if (t == NULL || cert == NULL || key == NULL ||
	    (t->ctx = SSL_CTX_new(TLS_server_method())) == NULL ||
	    set_up(t->ctx) == -1)
		say(err, "TLS cannot be set up");
	else if (load_chain(t->ctx, cert, err) == 0)
		rc = load_key(t->ctx, key, err);
	BIO_free(cert);
	BIO_free(key);
	ERR_clear_error();
	if (rc == 0)
		return t;
	tls_free(t);
	return NULL;
}

void
tls_free(struct tls *t)
{
	if (t == NULL)
		return;
	SSL_CTX_free(t->ctx);
	free(t);
}

/* What OpenSSL's return value rc means: IO_AGAIN with *wants set, 0 for the
 * end of input, or IO_ERROR. */
static int
outcome(struct tls_io *t, int rc, unsigned *wants)
{
	switch (SSL_get_error(t->ssl, rc)) {
	case SSL_ERROR_WANT_READ:
		*wants = LOOP_READ;
		return IO_AGAIN;
	case SSL_ERROR_WANT_WRITE:
		*wants = LOOP_WRITE;
		return IO_AGAIN;
	case SSL_ERROR_ZERO_RETURN:
		return 0;
	default:
		t->open = false;
		return IO_ERROR;
	}
}

/*
 * A client that speaks HTTP to this port would see a reset; tell it instead.
 * What it still sends is read away for the same reason.
 */
static void
answer_plain(int fd)
{
#define TOLD	"{\"type\":\"urn:agentcoopdb:problem:https_required\"," \
	"\"title\":\"https_required\",\"status\":400," \
	"\"detail\":\"this port speaks HTTPS: use https://\"}"
	static const char told[] = "HTTP/1.1 400 Bad Request\r\n"
	    "Content-Type: application/problem+json\r\n"
	    "Content-Length: %zu\r\nConnection: close\r\n\r\n" TOLD;
	char text[sizeof(told) + 16];
	int n = snprintf(text, sizeof(text), told, sizeof(TOLD) - 1);

	if (send(fd, text, (size_t)n, MSG_NOSIGNAL) == -1)
		return;
	shutdown(fd, SHUT_WR);
	for (int i = 0; i < 64; i++)
		if (recv(fd, text, sizeof(text), 0) <= 0)
			break;
}

static int
tls_handshake(struct io *io)
{
	struct tls_io *t = (struct tls_io *)io;
	unsigned long e;
	int rc;

	ERR_clear_error();
	if ((rc = SSL_do_handshake(t->ssl)) == 1) {
		t->open = true;
		io->pending = SSL_has_pending(t->ssl) == 1;
		return 1;
	}
	rc = outcome(t, rc, &io->handshake_wants);
	if (rc == IO_AGAIN)
		return rc;
	e = ERR_peek_error();
	log_debug("handshake failed", "reason",
	    e != 0 ? ERR_reason_error_string(e) : "hang-up", NULL);
	if (ERR_GET_REASON(e) == SSL_R_HTTP_REQUEST)
		answer_plain(io->in);
	return IO_ERROR;
}

static ssize_t
tls_read(struct io *io, void *p, size_t n)
{
	struct tls_io *t = (struct tls_io *)io;
	size_t got;
	int rc;

	ERR_clear_error();
	if ((rc = SSL_read_ex(t->ssl, p, n, &got)) == 1) {
		io->pending = SSL_has_pending(t->ssl) == 1;
		return (ssize_t)got;
	}
	io->pending = false;
	return outcome(t, rc, &io->read_wants);
}

/*
 * Small pieces are gathered into one record.  When it blocks, the caller
 * comes again with the same bytes or more, so that what is gathered then
 * begins with what OpenSSL has already taken, as it demands.
 */
static ssize_t
tls_write(struct io *io, const struct iovec *v, int n)
{
	struct tls_io *t = (struct tls_io *)io;
	static char record[RECORD_MAX];
	const char *p = v[0].iov_base;
	size_t len = v[0].iov_len, part, put;
	int rc;

	if (n > 1 && len < sizeof(record)) {
		len = 0;
		for (int i = 0; i < n && len < sizeof(record); i++) {
			part = sizeof(record) - len;
			if (part > v[i].iov_len)
				part = v[i].iov_len;
			memcpy(record + len, v[i].iov_base, part);
			len += part;
		}
		p = record;
	}
	ERR_clear_error();
	if ((rc = SSL_write_ex(t->ssl, p, len, &put)) == 1)
		return (ssize_t)put;
	rc = outcome(t, rc, &io->write_wants);
	return rc == 0 ? IO_ERROR : rc;
}

static void
tls_close(struct io *io, bool linger)
{
	struct tls_io *t = (struct tls_io *)io;

	ERR_clear_error();
	if (t->open && (SSL_get_shutdown(t->ssl) & SSL_SENT_SHUTDOWN) == 0)
		SSL_shutdown(t->ssl);
	if (linger) {
		shutdown(io->out, SHUT_WR);
		return;
	}
	SSL_free(t->ssl);
	close(io->in);
	free(t);
}

static const struct io_ops tls_ops = {
	tls_handshake, tls_read, tls_write, tls_close
};

struct io *
tls_accept(struct tls *tls, int fd)
{
	struct tls_io *t;

	if ((t = calloc(1, sizeof(*t))) == NULL)
		return NULL;
	ERR_clear_error();
	if ((t->ssl = SSL_new(tls->ctx)) == NULL ||
	    SSL_set_fd(t->ssl, fd) != 1) {
		SSL_free(t->ssl);
		free(t);
		return NULL;
	}
	SSL_set_accept_state(t->ssl);
	t->io.ops = &tls_ops;
	t->io.in = t->io.out = fd;
	t->io.handshake_wants = t->io.read_wants = LOOP_READ;
	t->io.write_wants = LOOP_WRITE;
	t->io.secure = t->io.socket = t->io.hangs_up = true;
	setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &(int){ 1 }, sizeof(int));
	return &t->io;
}
