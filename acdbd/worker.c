/*
 * worker.c - one worker process from its birth to its end.
 *
 * It puts the halves together: the loop, the doors, the database side.  It
 * must not know what a request is.
 */
#include <errno.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "board.h"
#include "certs.h"
#include "confine.h"
#include "door.h"
#include "lib/exitcode.h"
#include "lib/log.h"
#include "listen.h"
#include "peers.h"
#include "rpc_known.h"
#include "tls.h"
#include "unread.h"
#include "worker.h"

#define LARGE_BYTES	(256 << 10)

/* A worker and what it must let go of when it drains. */
struct self {
	struct worker	 w;
	const struct worker_start *start;
	struct door	*door;
	unsigned	 generation;	/* of the certificate in use */
};

/* The certificate that is published now; the one in use stays where that
 * cannot be.  Returns 0, or -1 (logged). */
static int
take_certificate(struct self *self)
{
	struct certs *certs = self->start->certs;
	unsigned generation;
	struct tls *tls;
	struct buf err;

	if (certs == NULL ||
	    (generation = certs_generation(certs)) == self->generation)
		return 0;
	buf_init(&err, LOG_LINE_MAX);
	if ((tls = certs_tls(certs, &err)) == NULL)
		log_error("cannot use the certificate", "reason",
		    buf_cstr(&err), NULL);
	buf_fini(&err);
	if (tls == NULL)
		return -1;
	tls_free(self->w.tls);
	self->w.tls = tls;
	self->generation = generation;
	return 0;
}

/* The master has something new for us. */
static void
on_hup(void *arg, int signo UNUSED)
{
	struct self *self = arg;

	log_set_level(board_log_level(self->w.board));
	(void)take_certificate(self);
	rpc_known_reload(self->w.rpcs);
}

static void
on_empty(void *arg)
{
	struct self *self = arg;

	loop_stop(self->w.loop);
}

/* Finish what runs and let nobody in.  The master bounds the time. */
static void
on_term(void *arg, int signo UNUSED)
{
	struct self *self = arg;

	if (self->w.draining)
		return;
	self->w.draining = true;
	log_debug("draining", NULL);
	door_drain(self->door, on_empty, self);
	/* The last process to close them makes connecting fail. */
	listen_close(self->start->listeners);
}

static int
arrange_signals(struct self *self)
{
	struct loop *l = self->w.loop;
	sigset_t blocked;

	/* A terminal's ^C goes to every process; it is the master's. */
	if (sigaction(SIGINT, &(struct sigaction){ .sa_handler = SIG_IGN },
	    NULL) == -1 ||
	    loop_signal(l, SIGTERM, on_term, self) == -1 ||
	    loop_signal(l, SIGHUP, on_hup, self) == -1)
		return -1;
	/* What the master blocks and we do not handle. */
	sigemptyset(&blocked);
	sigaddset(&blocked, SIGCHLD);
	sigaddset(&blocked, SIGUSR2);
	return sigprocmask(SIG_UNBLOCK, &blocked, NULL);
}

static int
build(struct self *self)
{
	const struct worker_start *s = self->start;
	const struct conf *c = s->conf;
	struct worker *w = &self->w;

	w->index = (int)s->index;
	w->conf = c;
	w->board = s->board;
	board_join(w->board, s->index);
	w->peers = peers_new(w->board,
	    (unsigned)((c->max_clients + c->workers - 1) / c->workers),
	    (unsigned)c->max_clients_per_address);
	w->unread = unread_new(UNREAD_MOST);
	if (w->peers == NULL || w->unread == NULL ||
	    (w->loop = loop_new()) == NULL || arrange_signals(self) == -1) {
		log_errno("cannot start a worker", NULL);
		return -1;
	}
	if (s->certs != NULL)
		certs_seal(s->certs);
	if (take_certificate(self) == -1 || db_start(w, s->rpcs) == -1)
		return -1;
	if ((self->door = door_open(w, s->listeners, s->relay)) == NULL)
		return -1;
	return 0;
}

/* What a large answer took goes back to the system when it has left.  By
 * itself the library learns from such sizes to keep them. */
static void
return_memory(void)
{
#ifdef __GLIBC__
	mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
	mallopt(M_TRIM_THRESHOLD, 4 * LARGE_BYTES);
#endif
}

int
worker_run(const struct worker_start *s)
{
	struct self self = { .start = s };
	static char name[32];
	int r;

	snprintf(name, sizeof(name), "acdbd[%u]", s->index + 1);
	log_init(name, board_log_level(s->board), s->conf->log_format);
	return_memory();
	if (confine_become(s->user) == -1)
		return EXIT_CONFIG;
	confine_self(s->master);
	if (build(&self) == -1)
		return EXIT_LOCAL;
	board_add(s->board, COUNT_WORKERS, 1);
	log_debug("worker serves", NULL);
	r = loop_run(self.w.loop);
	door_free(self.door);
	db_stop(&self.w);
	tls_free(self.w.tls);
	unread_free(self.w.unread);
	peers_free(self.w.peers);
	loop_free(self.w.loop);
	log_debug("worker ends", NULL);
	return r == 0 ? EXIT_OK : EXIT_LOCAL;
}
