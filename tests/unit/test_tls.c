/*
 * TLS connections against OpenSSL's own client: identities that fit and do
 * not, protocols, large answers, the goodbye, and clients that speak
 * something else.
 */
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include "acdbd/tls.h"
#include "conn_rig.h"

#define GET(path)	"GET " path " HTTP/1.1\r\nHost: a\r\n\r\n"

static char cert_pem[4096], key_pem[4096], other_key[4096];
static size_t ncert, nkey, nother;

static size_t
pem_of(BIO *bio, char *out, size_t size)
{
	int n = BIO_read(bio, out, (int)size - 1);

	if (n <= 0)
		abort();
	out[n] = '\0';
	BIO_free(bio);
	return (size_t)n;
}

static EVP_PKEY *
make_key(char *pem, size_t size, size_t *n)
{
	EVP_PKEY *key = EVP_EC_gen("P-256");
	BIO *bio = BIO_new(BIO_s_mem());

	if (key == NULL || PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0,
	    NULL, NULL) != 1)
		abort();
	*n = pem_of(bio, pem, size);
	return key;
}

static void
make_identity(void)
{
	EVP_PKEY *key = make_key(key_pem, sizeof(key_pem), &nkey);
	X509 *x = X509_new();
	BIO *bio = BIO_new(BIO_s_mem());
	static const unsigned char name[] = "localhost";

	X509_set_version(x, X509_VERSION_3);
	ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
	X509_gmtime_adj(X509_getm_notBefore(x), -60);
	X509_gmtime_adj(X509_getm_notAfter(x), 3600);
	X509_NAME_add_entry_by_txt(X509_get_subject_name(x), "CN",
	    MBSTRING_ASC, name, -1, -1, 0);
	X509_set_issuer_name(x, X509_get_subject_name(x));
	X509_set_pubkey(x, key);
	if (X509_sign(x, key, EVP_sha256()) == 0 ||
	    PEM_write_bio_X509(bio, x) != 1)
		abort();
	ncert = pem_of(bio, cert_pem, sizeof(cert_pem));
	X509_free(x);
	EVP_PKEY_free(key);
	EVP_PKEY_free(make_key(other_key, sizeof(other_key), &nother));
}

static void
test_identity(void)
{
	struct buf err;
	struct tls *t;
	char two[8192];

	buf_init(&err, 1024);
	t = tls_new(cert_pem, ncert, other_key, nother, &err);
	ok(t == NULL && strstr(buf_cstr(&err), "not the certificate's") !=
	    NULL, "another key: %s", buf_cstr(&err));
	buf_clear(&err);
	t = tls_new("nonsense", 8, key_pem, nkey, &err);
	ok(t == NULL && strstr(buf_cstr(&err), "certificate is not PEM") !=
	    NULL, "no certificate: %s", buf_cstr(&err));
	buf_clear(&err);
	t = tls_new(cert_pem, ncert, cert_pem, ncert, &err);
	ok(t == NULL && strstr(buf_cstr(&err), "key") != NULL,
	    "no key: %s", buf_cstr(&err));
	buf_clear(&err);
	snprintf(two, sizeof(two), "%s%s", cert_pem, cert_pem);
	t = tls_new(two, strlen(two), key_pem, nkey, &err);
	ok(t != NULL && buf_len(&err) == 0, "a chain");
	tls_free(t);
	snprintf(two, sizeof(two), "%s-----BEGIN CERTIFICATE-----\nAAAA\n"
	    "-----END CERTIFICATE-----\n", cert_pem);
	t = tls_new(two, strlen(two), key_pem, nkey, &err);
	ok(t == NULL && strstr(buf_cstr(&err), "chain") != NULL,
	    "a broken chain: %s", buf_cstr(&err));
	tls_free(NULL);
	buf_fini(&err);
}

/* A client's side: the socket is watched, and whatever can be done is. */
struct tls_client {
	SSL_CTX		*ctx;
	SSL		*ssl;
	int		 fd;
	struct watch	 watch;
	struct conn	*conn;
	const char	*send;		/* not yet sent */
	struct buf	 got;
	bool		 up, goodbye, failed, paused;
};

static void
drop(void *arg)
{
	struct tls_client *t = arg;

	t->conn = NULL;
}

static void
step(void *arg, unsigned ready)
{
	struct tls_client *t = arg;
	size_t n;
	int rc = 1;

	(void)ready;
	ERR_clear_error();
	if (!t->up && (rc = SSL_do_handshake(t->ssl)) == 1)
		t->up = true;
	while (t->up && t->send[0] != '\0' && (rc = SSL_write_ex(t->ssl,
	    t->send, strlen(t->send), &n)) == 1)
		t->send += n;
	while (rc == 1 && t->up && !t->paused && (rc = SSL_read_ex(t->ssl,
	    buf_reserve(&t->got, 65536), 65536, &n)) == 1)
		buf_commit(&t->got, n);
	if (rc != 1) {
		rc = SSL_get_error(t->ssl, rc);
		t->goodbye |= rc == SSL_ERROR_ZERO_RETURN;
		t->failed |= rc == SSL_ERROR_SSL || rc == SSL_ERROR_SYSCALL;
	}
	if (t->goodbye || t->failed)
		loop_watch(worker.loop, &t->watch, 0);
	loop_stop(worker.loop);
}

static void
tls_open(struct tls_client *t, int max_version, const char *alpn)
{
	int s[2];

	memset(t, 0, sizeof(*t));
	t->send = "";
	buf_init(&t->got, BIG * 2);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s) == -1)
		abort();
	t->ctx = SSL_CTX_new(TLS_client_method());
	SSL_CTX_set_max_proto_version(t->ctx, max_version);
	SSL_CTX_set_min_proto_version(t->ctx, TLS1_VERSION);
	SSL_CTX_set_cipher_list(t->ctx, "ALL:@SECLEVEL=0");
	t->ssl = SSL_new(t->ctx);
	if (alpn != NULL)
		SSL_set_alpn_protos(t->ssl, (const unsigned char *)alpn,
		    (unsigned)strlen(alpn));
	SSL_set_fd(t->ssl, t->fd = s[0]);
	SSL_set_connect_state(t->ssl);
	t->conn = conn_new(&worker, tls_accept(worker.tls, s[1]), "", 1,
	    drop, t);
	watch_init(&t->watch, t->fd, step, t);
	loop_watch(worker.loop, &t->watch, LOOP_READ);
	step(t, 0);
}

static void
tls_send(struct tls_client *t, const char *s)
{
	t->send = s;
	step(t, 0);
}

/* Until s has come, or the connection has ended. */
static bool
tls_sees(struct tls_client *t, const char *s)
{
	while (strstr(buf_cstr(&t->got), s) == NULL && !t->goodbye &&
	    !t->failed)
		if (!run_for(5000))
			break;
	return strstr(buf_cstr(&t->got), s) != NULL;
}

static void
tls_end(struct tls_client *t)
{
	loop_watch(worker.loop, &t->watch, 0);
	SSL_free(t->ssl);
	SSL_CTX_free(t->ctx);
	close(t->fd);
	for (int i = 0; i < 50 && t->conn != NULL; i++)
		settle();
	ok(t->conn == NULL, "the server has closed too");
	buf_fini(&t->got);
}

static struct tls_client t;

static void
test_versions(void)
{
	static const struct {
		int version;
		const char *name, *alpn, *chosen;
	} v[] = {
		{ TLS1_3_VERSION, "TLSv1.3", NULL, "" },
		{ TLS1_2_VERSION, "TLSv1.2", "\x02h2\x08http/1.1",
		    "http/1.1" },
	};
	const unsigned char *p;
	unsigned n;

	for (size_t i = 0; i < NELEM(v); i++) {
		tls_open(&t, v[i].version, v[i].alpn);
		tls_send(&t, GET("/hello"));
		ok(tls_sees(&t, "\r\n\r\nhello"), "%s", v[i].name);
		is_str(SSL_get_version(t.ssl), v[i].name, "version");
		ok(strstr(buf_cstr(&t.got), "\r\nStrict-Transport-Security: "
		    "max-age=31536000\r\n") != NULL, "HSTS");
		ok(!SSL_session_reused(t.ssl) && !SSL_SESSION_has_ticket(
		    SSL_get_session(t.ssl)), "no ticket");
		SSL_get0_alpn_selected(t.ssl, &p, &n);
		ok(n == strlen(v[i].chosen) &&
		    memcmp(p != NULL ? (const char *)p : "", v[i].chosen,
		    n) == 0, "protocol");
		if (v[i].version == TLS1_2_VERSION) {
			SSL_renegotiate(t.ssl);
			tls_send(&t, GET("/hello"));
			tls_sees(&t, "nothing");
			ok(t.failed || t.goodbye, "no renegotiation");
		}
		tls_end(&t);
	}
	tls_open(&t, TLS1_1_VERSION, NULL);
	tls_sees(&t, "x");
	ok(t.failed && !t.up, "TLS 1.1 is refused");
	tls_end(&t);
	tls_open(&t, TLS1_3_VERSION, "\x02h2");
	tls_sees(&t, "x");
	ok(t.failed, "a client that speaks only HTTP/2 is refused");
	tls_end(&t);
}

static void
test_traffic(void)
{
	const char *p;
	size_t good = 0;

	tls_open(&t, TLS1_3_VERSION, NULL);
	tls_send(&t, GET("/hello") GET("/nowhere") "POST /echo HTTP/1.1\r\n"
	    "Host: a\r\nContent-Length: 5\r\n\r\nab");
	ok(tls_sees(&t, "nothing there"), "two of a pipeline");
	tls_send(&t, "cde");
	ok(tls_sees(&t, "\r\n\r\n5:abcde"), "and one in two records");
	buf_clear(&t.got);
	t.paused = true;
	tls_send(&t, GET("/big") GET("/hello"));
	settle();
	t.paused = false;
	ok(tls_sees(&t, "\r\n\r\nhello"), "a large answer, then a small one");
	p = strstr(buf_cstr(&t.got), "\r\n\r\n") + 4;
	for (size_t i = 0; i < BIG; i++)
		good += p[i] == (char)('a' + i % 26);
	ok(good == BIG, "the large one is whole");
	buf_clear(&t.got);
	tls_send(&t, "GET /hello HTTP/1.0\r\n\r\n");
	ok(tls_sees(&t, "hello"), "the last");
	while (!t.goodbye && !t.failed && run_for(5000))
		continue;
	ok(t.goodbye, "ends with close_notify");
	tls_end(&t);

	tls_open(&t, TLS1_3_VERSION, NULL);
	tls_send(&t, GET("/wait"));
	for (int i = 0; i < 20 && waiting == NULL; i++)
		run_for(50);
	abandoned = 0;
	SSL_shutdown(t.ssl);
	for (int i = 0; i < 20 && waiting != NULL; i++)
		settle();
	ok(abandoned == 1, "a client's close_notify abandons what it asked");
	tls_end(&t);
}

/* The record of one small answer is one write: head and body in it. */
static void
test_one_record(void)
{
	char raw[8192];
	ssize_t n;

	tls_open(&t, TLS1_3_VERSION, NULL);
	tls_send(&t, GET("/hello"));
	tls_sees(&t, "hello");
	loop_watch(worker.loop, &t.watch, 0);
	t.send = "";
	if (SSL_write(t.ssl, GET("/hello"), sizeof(GET("/hello")) - 1) < 1)
		abort();
	settle();
	n = read(t.fd, raw, sizeof(raw));
	ok(n > 5 && (size_t)n == 5 + ((size_t)(unsigned char)raw[3] << 8 |
	    (unsigned char)raw[4]), "an answer is one record");
	tls_end(&t);
}

static void
test_others(void)
{
	struct client c;
	int s[2];

	for (int i = 0; i < 2; i++) {
		memset(&c, 0, sizeof(c));
		buf_init(&c.got, 65536);
		if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0,
		    s) == -1)
			abort();
		c.fd = s[0];
		c.conn = conn_new(&worker, tls_accept(worker.tls, s[1]), "",
		    1, on_conn_closed, &c);
		watch_init(&c.watch, c.fd, on_client, &c);
		loop_watch(worker.loop, &c.watch, LOOP_READ);
		client_send(&c, i == 0 ? GET("/hello") : "SSH-2.0-x\r\n");
		ok(client_ends(&c), "a client without TLS is sent away");
		if (i == 0)
			ok(strstr(buf_cstr(&c.got), "HTTP/1.1 400 Bad "
			    "Request\r\n") != NULL && strstr(buf_cstr(&c.got),
			    "https://") != NULL, "HTTP is told to use https");
		client_close(&c);
	}
}

int
main(void)
{
	struct buf err;

	rig_start();
	make_identity();
	test_identity();
	buf_init(&err, 1024);
	worker.tls = tls_new(cert_pem, ncert, key_pem, nkey, &err);
	if (worker.tls == NULL)
		abort();
	test_versions();
	test_traffic();
	test_one_record();
	test_others();
	tls_free(worker.tls);
	rig_stop();
	return done();
}
