/*
 * door.c - see door.h.
 *
 * It turns a listening socket's readiness into connections (conn.h) and
 * must not know what they are used for.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "addr.h"
#include "board.h"
#include "conn.h"
#include "door.h"
#include "io.h"
#include "lib/log.h"
#include "peers.h"
#include "route.h"
#include "tls.h"

#define ACCEPTS		4	/* a turn; other workers get the rest */
#define PAUSE_MS	100	/* long enough for a descriptor to be freed */
#define PROXIES_MAX	64	/* networks of trusted proxies looked at */

struct entry {
	struct door		*door;
	const struct listener	*listener;
	struct watch		 watch;
};

/* A connection that was let in. */
struct guest {
	struct door	*door;
	int		 peer;	/* where it is counted */
	struct conn	*conn;
	struct guest	*next, *prev;
};

struct door {
	struct worker	*w;
	unsigned	 self;
	struct relay	*relay;
	struct watch	 given;		/* by other workers */
	struct guest	*guests;
	bool		 draining;
	void	       (*empty)(void *arg);
	void		*arg;
	struct timer	 pause;
	struct addr_net	 proxy[PROXIES_MAX];
	size_t		 nproxy;
	size_t		 n;
	struct entry	 entry[];
};

/* Whether many clients may come from this one address. */
static bool
is_trusted(const struct door *d, const struct sockaddr *sa)
{
	const char *trust = d->w->conf->trust_proxy;

	if (sa->sa_family == AF_UNIX || (trust != NULL && trust[0] == '\0'))
		return true;
	for (size_t i = 0; i < d->nproxy; i++)
		if (addr_within(&d->proxy[i], sa))
			return true;
	return false;
}

/* Best effort: a client that is being turned away is not waited for, and in
 * TLS it is told by the closed connection alone. */
static void
turn_away(struct door *d, const struct listener *l, int fd)
{
	static const char body[] = "{\"type\":\"about:blank\",\"title\":"
	    "\"too_many_connections\",\"status\":503,"
	    "\"detail\":\"too many client connections\"}";
	char text[512];
	int n;

	relay_ended(d->relay, d->self);
	board_add(d->w->board, COUNT_CONNS_REFUSED, 1);
	n = snprintf(text, sizeof(text), "HTTP/1.1 503 Service Unavailable"
	    "\r\nContent-Type: application/problem+json\r\nRetry-After: 1"
	    "\r\nConnection: close\r\nContent-Length: %zu\r\n\r\n%s",
	    strlen(body), body);
	if (!l->tls)
		(void)send(fd, text, (size_t)n, MSG_NOSIGNAL | MSG_DONTWAIT);
	close(fd);
}

/* Unlink and free. */
static void
leave(struct guest *g)
{
	struct door *d = g->door;

	peers_leave(d->w->peers, g->peer);
	relay_ended(d->relay, d->self);
	if (g->prev != NULL)
		g->prev->next = g->next;
	else
		d->guests = g->next;
	if (g->next != NULL)
		g->next->prev = g->prev;
	free(g);
	board_add(d->w->board, COUNT_CONNS, -1);
}

static void
on_closed(void *arg)
{
	struct guest *g = arg;
	struct door *d = g->door;

	leave(g);
	if (d->draining && d->guests == NULL)
		d->empty(d->arg);
}

static struct guest *
enter(struct door *d, int peer)
{
	struct guest *g;

	if ((g = calloc(1, sizeof(*g))) == NULL) {
		peers_leave(d->w->peers, peer);
		relay_ended(d->relay, d->self);
		return NULL;
	}
	g->door = d;
	g->peer = peer;
	if ((g->next = d->guests) != NULL)
		g->next->prev = g;
	d->guests = g;
	board_add(d->w->board, COUNT_CONNS, 1);
	return g;
}

static void
let_in(struct door *d, const struct listener *l, int fd,
    const struct sockaddr *sa)
{
	struct worker *w = d->w;
	int peer = peers_enter(w->peers, sa, is_trusted(d, sa));
	char ip[INET6_ADDRSTRLEN];
	struct guest *g;
	struct io *io;

	if (peer == -1) {
		turn_away(d, l, fd);
		return;
	}
	if ((g = enter(d, peer)) == NULL)
		goto close_fd;
	if ((io = l->tls ? tls_accept(w->tls, fd) : io_socket(fd)) == NULL)
		goto leave_guest;
	addr_ip_text(sa, ip);
	g->conn = conn_new(w, io, ip, route_doors(w->conf, l->metrics),
	    on_closed, g);
	if (g->conn == NULL) {		/* which has closed io */
		fd = -1;
		goto leave_guest;
	}
	board_add(w->board, COUNT_CONNS_ACCEPTED, 1);
	return;
leave_guest:
	leave(g);
close_fd:
	log_errno("cannot take a connection", NULL);
	if (fd != -1)
		close(fd);
}

static void
on_pause_end(void *arg)
{
	struct door *d = arg;

	for (size_t i = 0; i < d->n; i++)
		if (loop_watch_shared(d->w->loop, &d->entry[i].watch) == -1)
			log_errno("cannot wait for connections", NULL);
}

/* The socket stays ready while nothing can be accepted: look away, or the
 * loop would spin. */
static void
rest(struct door *d)
{
	log_errno("cannot accept connections, pausing", NULL);
	for (size_t i = 0; i < d->n; i++)
		loop_watch(d->w->loop, &d->entry[i].watch, 0);
	loop_timer(d->w->loop, &d->pause, PAUSE_MS);
}

/* Errors of the one connection that was being accepted (accept(2)). */
static bool
concerns_one(int error)
{
	return error == ECONNABORTED || error == EINTR || error == EPROTO ||
	    error == EPERM || error == ENETDOWN || error == ENOPROTOOPT ||
	    error == EHOSTDOWN || error == ENONET || error == EHOSTUNREACH ||
	    error == EOPNOTSUPP || error == ENETUNREACH;
}

/* Here, or where there are fewer connections. */
static void
place(struct entry *e, int fd, const struct sockaddr *sa)
{
	struct door *d = e->door;
	unsigned to = relay_choose(d->relay, d->self);

	if (to == d->self || relay_give(d->relay, d->self, to, fd,
	    (unsigned)(e - d->entry)) == -1)
		let_in(d, e->listener, fd, sa);
	else
		close(fd);
}

static void
on_given(void *arg, unsigned ready UNUSED)
{
	struct door *d = arg;
	struct sockaddr_storage ss;
	socklen_t len;
	unsigned at;
	int fd;

	while ((fd = relay_take(d->relay, d->self, &at)) != -1) {
		memset(&ss, 0, sizeof(ss));
		len = sizeof(ss);
		/* Fails where the client has gone already. */
		if (at < d->n && getpeername(fd, (struct sockaddr *)&ss,
		    &len) == 0)
			let_in(d, d->entry[at].listener, fd,
			    (struct sockaddr *)&ss);
		else {
			relay_ended(d->relay, d->self);
			close(fd);
		}
	}
}

static void
on_ready(void *arg, unsigned ready UNUSED)
{
	struct entry *e = arg;
	struct sockaddr_storage ss;
	socklen_t len;
	int fd;

	for (int i = 0; i < ACCEPTS; i++) {
		memset(&ss, 0, sizeof(ss));
		len = sizeof(ss);
		fd = accept4(e->listener->fd, (struct sockaddr *)&ss, &len,
		    SOCK_NONBLOCK | SOCK_CLOEXEC);
		if (fd != -1)
			place(e, fd, (struct sockaddr *)&ss);
		else if (errno == EAGAIN)	/* another worker has it */
			return;
		else if (!concerns_one(errno)) {
			rest(e->door);
			return;
		}
	}
}

static int
watch_all(struct door *d)
{
	if (loop_watch(d->w->loop, &d->given, LOOP_READ) == -1)
		return -1;
	for (size_t i = 0; i < d->n; i++)
		if (loop_watch_shared(d->w->loop, &d->entry[i].watch) == -1)
			return -1;
	return 0;
}

struct door *
door_open(struct worker *w, const struct listeners *l, struct relay *relay)
{
	const char *nets = w->conf->trust_proxy;
	struct door *d;

	d = calloc(1, sizeof(*d) + l->n * sizeof(d->entry[0]));
	if (d == NULL) {
		log_errno("out of memory", NULL);
		return NULL;
	}
	d->w = w;
	d->self = (unsigned)w->index;
	d->relay = relay;
	d->n = l->n;
	timer_init(&d->pause, on_pause_end, d);
	watch_init(&d->given, relay_fd(relay, d->self), on_given, d);
	while (nets != NULL && d->nproxy < PROXIES_MAX &&
	    addr_next_net(&nets, &d->proxy[d->nproxy]) == 1)
		d->nproxy++;
	for (size_t i = 0; i < d->n; i++) {
		d->entry[i].door = d;
		d->entry[i].listener = &l->v[i];
		watch_init(&d->entry[i].watch, l->v[i].fd, on_ready,
		    &d->entry[i]);
	}
	if (watch_all(d) == -1) {
		log_errno("cannot wait for connections", NULL);
		door_free(d);
		return NULL;
	}
	relay_join(relay, d->self);
	return d;
}

static void
shut(struct door *d)
{
	loop_timer_stop(d->w->loop, &d->pause);
	for (size_t i = 0; i < d->n; i++)
		loop_watch(d->w->loop, &d->entry[i].watch, 0);
	d->n = 0;
	relay_leave(d->relay, d->self);
	/* What others accepted for us is closed like what nobody accepted. */
	on_given(d, LOOP_READ);
	loop_watch(d->w->loop, &d->given, 0);
}

void
door_drain(struct door *d, void (*empty)(void *arg), void *arg)
{
	struct guest *g, *next;

	shut(d);
	for (g = d->guests; g != NULL; g = next) {
		next = g->next;
		conn_drain(g->conn);
	}
	d->empty = empty;
	d->arg = arg;
	d->draining = true;
	if (d->guests == NULL)
		empty(arg);
}

void
door_free(struct door *d)
{
	if (d == NULL)
		return;
	shut(d);
	free(d);
}
