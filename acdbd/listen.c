/*
 * listen.c - see listen.h.
 */
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/tcp.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/exitcode.h"
#include "lib/units.h"
#include "listen.h"

#define BACKLOG		4096	/* the kernel cuts it to somaxconn */
#define SD_FIRST	3	/* SD_LISTEN_FDS_START */

/* What is asked for, handed down. */
struct wish {
	const struct conf *c;
	const char	*name;		/* the variable, for messages */
	bool		 metrics;
	bool		 bind;		/* false: only check */
	struct buf	*err;
};

void
listen_close(struct listeners *l)
{
	for (size_t i = 0; i < l->n; i++)
		close(l->v[i].fd);
	l->n = 0;
}

static bool
is_tls(const struct wish *w)
{
	return w->c->tls_cert != NULL && !w->metrics;
}

/* Keys and data in the clear leave the machine only where the operator has
 * said so. */
static int
refuse_plaintext(const struct wish *w, const struct sockaddr *sa)
{
	char text[ADDR_TEXT];

	if (is_tls(w) || w->c->insecure_http || addr_is_loopback(sa))
		return EXIT_OK;
	addr_text(sa, text);
	buf_addf(w->err, "%s: plaintext on %s is refused: it accepts loopback "
	    "addresses%s, or any with AGENTCOOPDB_INSECURE_HTTP=true",
	    w->name, text, w->metrics ? "" : ", any with "
	    "AGENTCOOPDB_TLS_CERT and AGENTCOOPDB_TLS_KEY");
	return EXIT_CONFIG;
}

static int
keep(struct listeners *l, int fd, const struct wish *w)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss);
	struct listener *at;

	if (l->n == LISTEN_MAX) {
		buf_addf(w->err, "%s: more than %d addresses", w->name,
		    LISTEN_MAX);
		close(fd);
		return EXIT_CONFIG;
	}
	at = &l->v[l->n++];
	at->fd = fd;
	at->metrics = w->metrics;
	at->tls = is_tls(w);
	getsockname(fd, (struct sockaddr *)&ss, &len);
	addr_text((struct sockaddr *)&ss, at->text);
	return EXIT_OK;
}

static void
set_option(int fd, int level, int option, int value)
{
	(void)setsockopt(fd, level, option, &value, sizeof(value));
}

/* A listening socket, or -1 with errno.  both: also IPv4, of a socket for
 * every IPv6 address. */
static int
open_socket(const struct addrinfo *ai, bool both)
{
	int fd, saved;

	fd = socket(ai->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC,
	    0);
	if (fd == -1)
		return -1;
	set_option(fd, SOL_SOCKET, SO_REUSEADDR, 1);
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);	/* is inherited */
	if (ai->ai_family == AF_INET6)
		set_option(fd, IPPROTO_IPV6, IPV6_V6ONLY, both ? 0 : 1);
	if (bind(fd, ai->ai_addr, ai->ai_addrlen) == -1 ||
	    listen(fd, BACKLOG) == -1) {
		saved = errno;
		close(fd);
		errno = saved;
		return -1;
	}
	return fd;
}

/* Open one address.  *missing: the machine does not have it (an IPv6 address
 * where there is no IPv6), which may be no error; err says so anyway. */
static int
open_one(struct listeners *l, const struct wish *w, const struct addrinfo *ai,
    bool both, bool *missing)
{
	char text[ADDR_TEXT];
	int code, fd;

	*missing = false;
	if ((code = refuse_plaintext(w, ai->ai_addr)) != EXIT_OK || !w->bind)
		return code;
	if ((fd = open_socket(ai, both)) != -1)
		return keep(l, fd, w);
	*missing = errno == EADDRNOTAVAIL || errno == EAFNOSUPPORT;
	addr_text(ai->ai_addr, text);
	buf_addf(w->err, "cannot listen on %s: %s", text, strerror(errno));
	return EXIT_LOCAL;
}

/* All addresses of a host that this machine has; it must have one. */
static int
open_host(struct listeners *l, const struct wish *w, const char *host,
    const char *port, bool both)
{
	struct addrinfo hints = { .ai_socktype = SOCK_STREAM,
	    .ai_flags = AI_PASSIVE | AI_NUMERICSERV };
	struct addrinfo *list;
	bool missing = false, some = false;
	int r, code = EXIT_OK;

	if ((r = getaddrinfo(host, port, &hints, &list)) != 0) {
		buf_addf(w->err, "%s: host \"%s\": %s", w->name, host,
		    gai_strerror(r));
		return EXIT_CONFIG;
	}
	for (const struct addrinfo *ai = list; ai != NULL; ai = ai->ai_next) {
		buf_clear(w->err);
		code = open_one(l, w, ai, both, &missing);
		some = some || code == EXIT_OK;
		if (code != EXIT_OK && !missing)
			break;
	}
	freeaddrinfo(list);
	if (missing && some) {
		buf_clear(w->err);
		code = EXIT_OK;
	}
	return code;
}

/* Every address is one socket for both families where there is IPv6. */
static int
open_every(struct listeners *l, const struct wish *w, const char *port)
{
	int fd = socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);

	if (fd == -1)
		return open_host(l, w, "0.0.0.0", port, false);
	close(fd);
	return open_host(l, w, "::", port, true);
}

static int
open_list(struct listeners *l, const struct wish *w, const char *list)
{
	struct addr a;
	int r, code = EXIT_OK;

	while (code == EXIT_OK && (r = addr_next(&list, &a)) == 1)
		code = a.host[0] == '\0' ? open_every(l, w, a.port) :
		    open_host(l, w, a.host, a.port, false);
	return code;
}

/* Systemd. */

/* The i-th of the names separated by colons; its length in *n. */
static const char *
nth_name(const char *names, int i, size_t *n)
{
	for (; i > 0 && names[strcspn(names, ":")] != '\0'; i--)
		names += strcspn(names, ":") + 1;
	*n = i > 0 ? 0 : strcspn(names, ":");
	return names;
}

static int
take_socket(struct listeners *l, struct wish *w, int fd)
{
	struct sockaddr_storage ss = { 0 };
	socklen_t len = sizeof(ss), optlen = sizeof(int);
	int listening = 0, code;

	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listening, &optlen) ==
	    -1 || listening == 0 ||
	    getsockname(fd, (struct sockaddr *)&ss, &len) == -1) {
		buf_addf(w->err, "LISTEN_FDS: descriptor %d is not a "
		    "listening stream socket", fd);
		return EXIT_CONFIG;
	}
	if ((code = refuse_plaintext(w, (struct sockaddr *)&ss)) != EXIT_OK)
		return code;
	fcntl(fd, F_SETFD, FD_CLOEXEC);
	fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
	set_option(fd, IPPROTO_TCP, TCP_NODELAY, 1);
	return keep(l, fd, w);
}

/* How many sockets were handed to this very process. */
static int
sd_count(void)
{
	const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
	int64_t id, n;

	if (pid == NULL || fds == NULL ||
	    units_int(pid, 1, INT32_MAX, &id) == -1 || id != getpid() ||
	    units_int(fds, 0, LISTEN_MAX, &n) == -1)
		return 0;
	return (int)n;
}

static int
take_sockets(struct listeners *l, const struct wish *http,
    const struct wish *metrics)
{
	const char *names = getenv("LISTEN_FDNAMES"), *name;
	int n = sd_count(), code = EXIT_OK;
	struct wish w;
	size_t len;

	for (int i = 0; i < n && code == EXIT_OK; i++) {
		name = nth_name(names == NULL ? "" : names, i, &len);
		w = len == 7 && strncmp(name, "metrics", len) == 0 ?
		    *metrics : *http;
		w.name = "LISTEN_FDS";
		code = take_socket(l, &w, SD_FIRST + i);
	}
	unsetenv("LISTEN_PID");
	unsetenv("LISTEN_FDS");
	unsetenv("LISTEN_FDNAMES");
	return code;
}

static bool
has(const struct listeners *l, bool metrics)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].metrics == metrics)
			return true;
	return false;
}

int
listen_open(struct listeners *l, const struct conf *c, struct buf *err)
{
	struct wish http = { c, "AGENTCOOPDB_HTTP_ADDR", false, true, err };
	struct wish metrics = { c, "AGENTCOOPDB_METRICS_ADDR", true, true,
	    err };
	int code;

	l->n = 0;
	code = take_sockets(l, &http, &metrics);
	if (code == EXIT_OK && !has(l, false))
		code = open_list(l, &http, c->http_addr);
	if (code == EXIT_OK && !has(l, true) && c->metrics_enabled &&
	    c->metrics_addr != NULL)
		code = open_list(l, &metrics, c->metrics_addr);
	if (code != EXIT_OK)
		listen_close(l);
	return code;
}

int
listen_check(const struct conf *c, struct buf *err)
{
	struct wish http = { c, "AGENTCOOPDB_HTTP_ADDR", false, false, err };
	struct wish metrics = { c, "AGENTCOOPDB_METRICS_ADDR", true, false,
	    err };
	struct listeners none = { .n = 0 };
	int code = open_list(&none, &http, c->http_addr);

	if (code == EXIT_OK && c->metrics_addr != NULL)
		code = open_list(&none, &metrics, c->metrics_addr);
	return code;
}
