/*
 * conn_rig.h - for tests of connections: a worker, a few routes whose
 * stories do what a test needs, and clients on the other end of a socket
 * pair, all in one loop.
 *
 * A client waits by letting the loop run until what it expects has come;
 * nothing sleeps, and a test that would wait for ever fails after seconds.
 */
#ifndef CONN_RIG_H
#define CONN_RIG_H

#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acdbd/board.h"
#include "acdbd/conn.h"
#include "acdbd/loop.h"
#include "acdbd/route.h"
#include "acdbd/story.h"
#include "lib/log.h"
#include "tap.h"

#define BIG	(4u << 20)

static struct conf conf;
static struct worker worker;
static struct req *waiting;		/* the request of /wait */
static int abandoned, ended, closed_conns;

/* The stories. */

static enum verdict
say_hello(struct req *r)
{
	r->answer.status = 200;
	r->answer.type = "text/plain";
	req_header(r, "X-Peer", "%s", r->peer);
	buf_adds(&r->answer.prefix, "he");
	buf_adds(&r->answer.body, "llo");
	return STEP_NEXT;
}

static enum verdict
say_body(struct req *r)
{
	size_t n;
	const char *p = buf_peek(&r->body, &n);

	r->answer.status = 200;
	r->answer.type = "text/plain";
	buf_addf(&r->answer.prefix, "%zu:", n);
	buf_add(&r->answer.body, p, n);
	return STEP_NEXT;
}

static enum verdict
say_big(struct req *r)
{
	char *p = buf_reserve(&r->answer.body, BIG);

	for (size_t i = 0; i < BIG; i++)
		p[i] = (char)('a' + i % 26);
	buf_commit(&r->answer.body, BIG);
	r->answer.status = 200;
	return STEP_NEXT;
}

static enum verdict
say_no(struct req *r)
{
	problem_set(&r->why, 401, "missing_or_invalid_api_key", "no key");
	return STEP_REFUSE;
}

static void
on_abandon(struct req *r)
{
	ok(r == waiting, "the request that waits is abandoned");
	waiting = NULL;
	abandoned++;
}

static enum verdict
wait_for_test(struct req *r)
{
	if (r->state != NULL) {
		waiting = NULL;
		return say_hello(r);
	}
	r->state = r;
	r->abandon = on_abandon;
	waiting = r;
	return STEP_WAIT;
}

static void
on_end(struct req *r)
{
	(void)r;
	ended++;
}

static const struct step hello_steps[] = {
	{ "hello", say_hello, false }, { NULL, NULL, false }
};
static const struct step echo_steps[] = {
	{ "body", step_body, false }, { "echo", say_body, false },
	{ NULL, NULL, false }
};
static const struct step wait_steps[] = {
	{ "wait", wait_for_test, false }, { NULL, NULL, false }
};
static const struct step refuse_steps[] = {
	{ "no", say_no, false }, { "body", step_body, false },
	{ NULL, NULL, false }
};
static const struct step big_steps[] = {
	{ "big", say_big, false }, { NULL, NULL, false }
};
static const struct step silent_steps[] = { { NULL, NULL, false } };

static const struct story hello_story = { hello_steps, NULL },
    echo_story = { echo_steps, on_end }, wait_story = { wait_steps, on_end },
    refuse_story = { refuse_steps, NULL }, big_story = { big_steps, NULL },
    silent_story = { silent_steps, NULL };

static const struct route rig_routes[] = {
	{ "/hello", HTTP_GET, &hello_story, false, 1, "GET" },
	{ "/echo", HTTP_POST, &echo_story, false, 1, "POST" },
	{ "/wait", HTTP_GET, &wait_story, false, 1, "GET" },
	{ "/refuse", HTTP_POST, &refuse_story, false, 1, "POST" },
	{ "/big", HTTP_GET, &big_story, false, 1, "GET" },
	{ "/silent", HTTP_GET, &silent_story, false, 1, "GET" },
};

const struct route *
route_find(const struct http_head *h, unsigned doors, struct problem *why)
{
	enum http_method m = h->method == HTTP_HEAD ? HTTP_GET : h->method;

	(void)doors;
	for (size_t i = 0; i < NELEM(rig_routes); i++)
		if (slice_is(h->path, rig_routes[i].pattern)) {
			if (rig_routes[i].method == m)
				return &rig_routes[i];
			problem_set(why, 405, "method_not_allowed", "no");
			why->allow = rig_routes[i].allow;
			return NULL;
		}
	problem_set(why, 404, "not_found", "nothing there");
	return NULL;
}

unsigned
route_index(const struct route *r)
{
	return r == NULL ? 0 : (unsigned)(r - rig_routes) + 1;
}

const char *
route_pattern(unsigned index)
{
	return index == 0 ? "none" : rig_routes[index - 1].pattern;
}

unsigned
route_count(void)
{
	return NELEM(rig_routes) + 1;
}

unsigned
route_doors(const struct conf *c, bool metrics_addr)
{
	(void)c;
	(void)metrics_addr;
	return 1;
}

struct slice
route_param(const struct route *r, const struct http_head *h)
{
	(void)r;
	return h->path;
}

/* Clients. */

struct client {
	int		 fd, theirs;
	struct conn	*conn;		/* NULL once it is closed */
	struct watch	 watch;
	struct buf	 got;
	bool		 eof;
	const char	*until;		/* stop when got holds this */
	bool		 until_eof;
	size_t		 until_bytes;
};

static void
on_conn_closed(void *arg)
{
	struct client *c = arg;

	c->conn = NULL;
	closed_conns++;
}

static void
check_client(struct client *c)
{
	if (c->eof || (c->until_bytes > 0 &&
	    buf_len(&c->got) >= c->until_bytes) ||
	    (c->until != NULL && strstr(buf_cstr(&c->got), c->until) != NULL))
		loop_stop(worker.loop);
}

static void
on_client(void *arg, unsigned ready)
{
	struct client *c = arg;
	char *p = buf_reserve(&c->got, 65536);
	ssize_t n = read(c->fd, p, 65536);

	(void)ready;
	if (n > 0)
		buf_commit(&c->got, (size_t)n);
	else if (n == 0 || errno != EAGAIN) {
		c->eof = true;
		loop_watch(worker.loop, &c->watch, 0);
	}
	check_client(c);
}

static void
on_patience(void *arg)
{
	*(bool *)arg = true;
	loop_stop(worker.loop);
}

/* Let the loop run until something stops it.  Returns false where nothing
 * has within ms. */
static bool
run_for(int64_t ms)
{
	struct timer t;
	bool late = false;

	timer_init(&t, on_patience, &late);
	loop_timer(worker.loop, &t, ms);
	loop_run(worker.loop);
	loop_timer_stop(worker.loop, &t);
	return !late;
}

static void
on_settled(void *arg)
{
	(void)arg;
	loop_stop(worker.loop);
}

/* Until the server has dealt with what was sent: two turns of the loop. */
static void
settle(void)
{
	struct timer t;

	for (int i = 0; i < 3; i++) {
		timer_init(&t, on_settled, NULL);
		loop_timer(worker.loop, &t, 0);
		loop_run(worker.loop);
	}
}

UNUSED static void
client_open(struct client *c)
{
	int s[2];

	memset(c, 0, sizeof(*c));
	buf_init(&c->got, BIG * 2);
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s) == -1)
		abort();
	c->fd = s[0];
	c->theirs = s[1];
	c->conn = conn_new(&worker, io_socket(s[1]), "192.0.2.7", 1,
	    on_conn_closed, c);
	watch_init(&c->watch, c->fd, on_client, c);
	loop_watch(worker.loop, &c->watch, LOOP_READ);
}

static void
client_send(struct client *c, const char *s)
{
	size_t n = strlen(s);

	if (write(c->fd, s, n) != (ssize_t)n)
		abort();
}

/* Until s has come.  Returns whether it has. */
UNUSED static bool
client_sees(struct client *c, const char *s)
{
	c->until = s;
	if (strstr(buf_cstr(&c->got), s) == NULL && !c->eof)
		run_for(5000);
	c->until = NULL;
	return strstr(buf_cstr(&c->got), s) != NULL;
}

/* Until the server has closed. */
static bool
client_ends(struct client *c)
{
	if (!c->eof)
		run_for(5000);
	return c->eof;
}

UNUSED static void
client_forget(struct client *c)
{
	buf_clear(&c->got);
}

static void
client_close(struct client *c)
{
	loop_watch(worker.loop, &c->watch, 0);
	close(c->fd);
	if (c->conn != NULL) {
		for (int i = 0; i < 100 && c->conn != NULL; i++)
			settle();
		ok(c->conn == NULL, "the server closes when its client has");
	}
	buf_fini(&c->got);
}

UNUSED static int
count(const char *s, const char *what)
{
	int n = 0;

	for (; (s = strstr(s, what)) != NULL; s += strlen(what))
		n++;
	return n;
}

static void
rig_start(void)
{
	setvbuf(stdout, NULL, _IOLBF, 0);
	log_init("test", LOG_ERROR, LOG_TEXT);
	conf = (struct conf){ .read_header_timeout = 5000,
	    .read_timeout = 5000, .write_timeout = 5000,
	    .idle_timeout = 5000, .max_request_body = 100000,
	    .max_response_body = 8 << 20 };
	worker.conf = &conf;
	worker.loop = loop_new();
	worker.board = board_new(1);
	if (worker.loop == NULL || worker.board == NULL)
		abort();
}

static void
rig_stop(void)
{
	loop_free(worker.loop);
	board_free(worker.board);
}

#endif
