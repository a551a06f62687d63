/*
 * serve.c - see serve.h.
 *
 * There is one connection to the gateway, and one request on it at a time;
 * calls that need it stand in line.  While a request is under way, what
 * comes in is looked at all the same: a cancellation ends it, and whatever
 * needs no gateway is answered at once.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "gateway.h"
#include "lib/exitcode.h"
#include "lib/log.h"
#include "lib/mcp_db.h"
#include "serve.h"

#define LINE_MAX_BYTES	(MCP_MESSAGE_MAX + 1)
#define READ_BYTES	65536

enum state { READY, ASKING, AWAITING };

struct entry {
	struct mcp_call	*call;
	enum state	 state;
	char		 asked[16];	/* AWAITING: our request's id */
	struct entry	*next;
};

struct serve {
	struct mcp_server server;
	struct mcp_session session;
	struct mcp_who	 who;
	struct gateway	*gateway;
	struct buf	 in;
	bool		 skipping;	/* the rest of a line too long */
	bool		 ended, broken;
	struct entry	*entries;	/* in the order they came */
	struct entry	*flying;	/* the one being asked for */
	bool		 given_up;	/* and nobody wants it any more */
	int64_t		 flies_ms;	/* since when, by the clock */
	int		 beat;		/* the second last told of */
};

/* Which tools are offered: for the one server of this program. */
static const struct opts *options;
static bool only_read;

static bool
offers(const struct mcp_tool *t)
{
	const char *p = options->tools;
	size_t n = strlen(t->name);

	if (only_read && ((t->flags & MCP_WRITERS) ||
	    strcmp(t->name, "rpc_call") == 0))
		return false;
	for (; p != NULL && *p != '\0'; p += strcspn(p, ","), p += *p == ',')
		if (strncmp(p, t->name, n) == 0 &&
		    (p[n] == ',' || p[n] == '\0'))
			return true;
	return options->tools == NULL;
}

static void
write_line(struct serve *s, const struct buf *message)
{
	size_t n;
	const char *p = buf_peek(message, &n);
	ssize_t done;

	for (bool end = false; !s->broken && (n > 0 || !end);) {
		if (n == 0) {
			end = true;
			p = "\n";
			n = 1;
		}
		if ((done = write(STDOUT_FILENO, p, n)) == -1 &&
		    errno != EINTR) {
			s->broken = true;
			if (errno != EPIPE)
				log_errno("cannot write", NULL);
		}
		if (done > 0) {
			p += done;
			n -= (size_t)done;
		}
	}
}

static void
drop(struct serve *s, struct entry *e)
{
	struct entry **p = &s->entries;

	while (*p != e)
		p = &(*p)->next;
	*p = e->next;
	mcp_call_free(e->call);
	free(e);
}

/* As far as it goes without the gateway. */
static void
run(struct serve *s, struct entry *e)
{
	struct mcp_call *c = e->call;

	for (;;)
		switch (mcp_call_run(c)) {
		case MCP_DONE:
			if (buf_len(&c->out) > 0)
				write_line(s, &c->out);
			drop(s, e);
			return;
		case MCP_ASK:
			e->state = ASKING;
			return;
		case MCP_TELL:
		case MCP_LISTEN:
			write_line(s, &c->tell);
			break;
		case MCP_CLIENT:
			snprintf(e->asked, sizeof(e->asked), "\"s%u\"",
			    s->session.asked);
			e->state = AWAITING;
			write_line(s, &c->tell);
			return;
		case MCP_SLEEP:
			poll(NULL, 0, c->sleep_ms);
			break;
		}
}

/* Nothing more is said of a request that was cancelled. */
static void
cancel(struct serve *s, const char *id, size_t n)
{
	struct entry *e;

	for (e = s->entries; e != NULL; e = e->next)
		if (e->call->nid == n && memcmp(e->call->id, id, n) == 0)
			break;
	if (e == NULL)
		return;
	if (e == s->flying)
		s->given_up = true;
	else
		drop(s, e);
}

static void
reply(struct serve *s, const struct mcp_call *c, const char *line, size_t n)
{
	struct entry *e;

	for (e = s->entries; e != NULL; e = e->next)
		if (e->state == AWAITING && strlen(e->asked) == c->nid &&
		    memcmp(e->asked, c->id, c->nid) == 0)
			break;
	if (e == NULL || mcp_call_reply(e->call, line, n) == -1)
		return;
	e->state = READY;
	run(s, e);
}

/* What tools a key has is asked once.  Where that fails it is tried again
 * with the next list; until then all are offered. */
static void
learn_who(struct serve *s)
{
	struct mcp_ask ask = { .method = "GET", .path = "/v1/me" };
	struct buf body;
	struct json j;
	uint32_t role, ro;
	const char *p;
	size_t n;

	buf_init(&ask.body, 1);
	buf_init(&body, MCP_OUT_MAX);
	if (gateway_ask(s->gateway, &ask, &body) == 200 &&
	    (p = buf_peek(&body, &n)) != NULL &&
	    json_read(&j, p, n, NULL) == 0) {
		role = json_member(&j, 0, "role");
		ro = json_member(&j, 0, "read_only");
		s->who.known = true;
		s->who.read_only = (role != 0 && json_is(&j, role,
		    "dbreader")) || (ro != 0 && j.tok[ro].type == JSON_TRUE);
		json_fini(&j);
	}
	buf_fini(&body);
}

static void
enter(struct serve *s, struct mcp_call *c)
{
	struct entry *e = calloc(1, sizeof(*e)), **p = &s->entries;

	if (e == NULL) {
		log_errno("a message is lost", NULL);
		mcp_call_free(c);
		return;
	}
	e->call = c;
	while (*p != NULL)
		p = &(*p)->next;
	*p = e;
	/* A list of tools waits until it is known whose (ask_next()). */
	if (!mcp_call_wants_who(c))
		run(s, e);
}

static void
take_line(struct serve *s, const char *line, size_t n)
{
	struct mcp_from from = { .session = &s->session, .who = s->who };
	struct mcp_call *c;
	const char *id;
	size_t nid;

	if (n > 0 && line[n - 1] == '\r')
		n--;
	if (n == 0)
		return;
	if ((c = mcp_call_new(&s->server, &from, line, n)) == NULL) {
		log_errno("a message is lost", NULL);
		return;
	}
	log_info("message", "method", c->method, NULL);
	if ((id = mcp_cancels(c, &nid)) != NULL)
		cancel(s, id, nid);
	else if (c->kind == MCP_RESPONSE)
		reply(s, c, line, n);
	else if (c->kind != MCP_NOTIFICATION) {
		enter(s, c);
		return;
	}
	mcp_call_free(c);
}

static void
take_lines(struct serve *s)
{
	size_t n;
	const char *p, *end;
	char *line;

	while ((p = buf_peek(&s->in, &n)), n > 0 &&
	    (end = memchr(p, '\n', n)) != NULL) {
		n = (size_t)(end - p);
		/* The message is read from a copy: handling it may read more
		 * of standard input.  It may hold NUL. */
		line = s->skipping ? NULL : malloc(n + 1);
		if (line != NULL)
			memcpy(line, p, n);
		buf_consume(&s->in, n + 1);
		if (line != NULL)
			take_line(s, line, n);
		s->skipping = false;
		free(line);
	}
	if (n >= LINE_MAX_BYTES) {
		if (!s->skipping)
			take_line(s, p, n);	/* told to be too long */
		buf_consume(&s->in, n);
		s->skipping = true;
	}
}

static void
read_input(struct serve *s)
{
	char *to = buf_reserve(&s->in, READ_BYTES);
	ssize_t n;

	if (to == NULL) {
		log_errno("out of memory", NULL);
		s->ended = true;
		return;
	}
	n = read(STDIN_FILENO, to, READ_BYTES);
	buf_commit(&s->in, n > 0 ? (size_t)n : 0);
	if (n == 0 || (n == -1 && errno != EINTR && errno != EAGAIN))
		s->ended = true;
	else if (n > 0)
		take_lines(s);
}

/* Standard input has something while a request is under way. */
static int
on_woken(void *arg)
{
	struct serve *s = arg;

	if (!s->ended)
		read_input(s);
	return s->given_up || s->broken ? 1 : s->ended ? -1 : 0;
}

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* That it goes on is told once a second at first, then every ten: clients
 * give up on servers that say nothing. */
static void
on_idle(void *arg)
{
	struct serve *s = arg;
	int second = (int)((now_ms() - s->flies_ms) / 1000);

	if (s->flying == NULL || second == s->beat ||
	    (second > 10 && second % 10 != 0))
		return;
	s->beat = second;
	if (mcp_call_beat(s->flying->call, second))
		write_line(s, &s->flying->call->tell);
}

static void
take_off(struct serve *s, struct entry *e)
{
	s->flying = e;
	s->given_up = false;
	s->flies_ms = now_ms();
	s->beat = 0;
}

static void
ask(struct serve *s, struct entry *e)
{
	struct buf body;
	int status;

	buf_init(&body, MCP_OUT_MAX);
	take_off(s, e);
	status = gateway_ask(s->gateway, &mcp_call_asking(e->call)->ask,
	    &body);
	s->flying = NULL;
	if (status == -1 || s->given_up)
		drop(s, e);
	else {
		mcp_call_answer(e->call, status, &body);
		e->state = READY;
		run(s, e);
	}
	buf_fini(&body);
}

/* The next in line for the gateway; or a list that waited for it. */
static bool
ask_next(struct serve *s)
{
	struct entry *e;

	for (e = s->entries; e != NULL && e->state == AWAITING; e = e->next)
		continue;
	if (e == NULL)
		return false;
	if (e->state == ASKING) {
		ask(s, e);
		return true;
	}
	take_off(s, e);
	if (!s->who.known)
		learn_who(s);
	s->flying = NULL;
	e->call->who = s->who;
	if (s->given_up)
		drop(s, e);
	else
		run(s, e);
	return true;
}

static void
init(struct serve *s, const struct opts *o)
{
	options = o;
	memset(s, 0, sizeof(*s));
	s->server = mcp_db_server;
	s->server.offers = offers;
	buf_init(&s->in, LINE_MAX_BYTES + READ_BYTES);
}

int
serve_stdio(const struct opts *o)
{
	struct pollfd in = { .fd = STDIN_FILENO, .events = POLLIN };
	struct serve s;

	signal(SIGPIPE, SIG_IGN);
	init(&s, o);
	if ((s.gateway = gateway_new(o, on_woken, on_idle, &s)) == NULL) {
		log_errno("cannot begin", NULL);
		return EXIT_LOCAL;
	}
	only_read = gateway_read_only(s.gateway);
	if (only_read)
		s.who = (struct mcp_who){ .known = true, .read_only = true };
	while (!s.broken) {
		if (ask_next(&s))
			continue;
		if (s.ended)
			break;
		/* Await a message. */
		if (poll(&in, 1, -1) == 1)
			read_input(&s);
	}
	while (s.entries != NULL)
		drop(&s, s.entries);
	gateway_free(s.gateway);
	buf_fini(&s.in);
	return EXIT_OK;
}
