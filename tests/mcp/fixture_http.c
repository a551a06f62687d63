/*
 * fixture_http.c - just enough of HTTP, events and sessions to put the
 * library in front of a conformance suite.  One process, one poll().
 */
#include <arpa/inet.h>
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "acdbd/http.h"
#include "fixture.h"
#include "lib/mcp_priv.h"

#define CONNS_MAX	256
#define SESSIONS_MAX	4096

struct session {
	struct mcp_session mcp;
	bool		 live;
};

struct conn {
	int		 fd;		/* -1: free */
	struct buf	 in;
	struct mcp_call	*call;		/* being answered */
	struct session	*session;
	bool		 events, listening, awaiting, fresh;
	char		 asked[16];
	int64_t		 wake_ms;	/* 0: no sleep */
};

static struct conn conns[CONNS_MAX];
static struct session sessions[SESSIONS_MAX];
static unsigned nsessions;

static int64_t
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void
hang_up(struct conn *c)
{
	close(c->fd);
	c->fd = -1;
	mcp_call_free(c->call);
	c->call = NULL;
	buf_fini(&c->in);
}

static void
put(struct conn *c, const char *p, size_t n)
{
	ssize_t done;

	while (n > 0 && c->fd != -1) {
		done = send(c->fd, p, n, MSG_NOSIGNAL);
		if (done <= 0) {
			if (errno != EINTR)
				return;
			continue;
		}
		p += done;
		n -= (size_t)done;
	}
}

static void
put_head(struct conn *c, int status, const char *more, size_t length)
{
	char head[512];
	int n;

	n = snprintf(head, sizeof(head), "HTTP/1.1 %d %s\r\n%s", status,
	    http_reason(status), more);
	if (c->fresh)
		n += snprintf(head + n, sizeof(head) - (size_t)n,
		    "Mcp-Session-Id: s-%u\r\n",
		    (unsigned)(c->session - sessions));
	if (!c->events)
		n += snprintf(head + n, sizeof(head) - (size_t)n,
		    "Content-Length: %zu\r\n", length);
	n += snprintf(head + n, sizeof(head) - (size_t)n, "\r\n");
	put(c, head, (size_t)n);
}

static void
put_event(struct conn *c, struct buf *message)
{
	struct buf event;
	size_t n;
	const char *p = buf_peek(message, &n);

	if (!c->events) {
		c->events = true;
		put_head(c, 200, "Content-Type: text/event-stream\r\n"
		    "X-Accel-Buffering: no\r\nConnection: close\r\n", 0);
	}
	buf_init(&event, MCP_OUT_MAX);
	mcp_sse_event(&event, p, n);
	p = buf_peek(&event, &n);
	put(c, p, n);
	buf_fini(&event);
}

static void
finish(struct conn *c)
{
	size_t n;
	const char *p = buf_peek(&c->call->out, &n);

	if (c->events) {
		put_event(c, &c->call->out);
		hang_up(c);
		return;
	}
	put_head(c, c->call->status, n > 0 ?
	    "Content-Type: application/json\r\n" : "", n);
	put(c, p, n);
	mcp_call_free(c->call);
	c->call = NULL;
	c->fresh = false;
}

static void
drive(struct conn *c)
{
	while (c->fd != -1 && c->call != NULL) {
		switch (mcp_call_run(c->call)) {
		case MCP_DONE:
			finish(c);
			return;
		case MCP_TELL:
			put_event(c, &c->call->tell);
			break;
		case MCP_CLIENT:
			snprintf(c->asked, sizeof(c->asked), "\"s%u\"",
			    c->session->mcp.asked);
			c->awaiting = true;
			put_event(c, &c->call->tell);
			return;
		case MCP_SLEEP:
			c->wake_ms = now_ms() + c->call->sleep_ms;
			return;
		case MCP_LISTEN:
			c->listening = true;
			put_event(c, &c->call->tell);
			return;
		case MCP_ASK:		/* there is no gateway here */
			abort();
		}
	}
}

void
fixture_http_changed(const char *what)
{
	struct buf note;

	for (struct conn *c = conns; c < conns + CONNS_MAX; c++) {
		if (c->fd == -1 || !c->listening)
			continue;
		buf_init(&note, MCP_OUT_MAX);
		if (mcp_listen_note(c->call, what, &note))
			put_event(c, &note);
		buf_fini(&note);
	}
}

/* A client's answer to a request of ours goes to the call that waits. */
static void
pass_on(const struct mcp_call *answer, const char *text, size_t n)
{
	for (struct conn *c = conns; c < conns + CONNS_MAX; c++)
		if (c->fd != -1 && c->awaiting &&
		    strlen(c->asked) == answer->nid && memcmp(c->asked,
		    answer->id, answer->nid) == 0 &&
		    c->session != NULL &&
		    &c->session->mcp == answer->session &&
		    mcp_call_reply(c->call, text, n) == 0) {
			c->awaiting = false;
			drive(c);
			return;
		}
}

static bool
is_local(const struct slice *s)
{
	static const char *const names[] = { "localhost", "127.0.0.1",
	    "[::1]" };
	const char *p, *end;

	if (s == NULL)
		return true;
	p = memmem(s->p, s->n, "://", 3);
	p = p == NULL ? s->p : p + 3;
	end = s->p + s->n;
	for (size_t i = 0; i < NELEM(names); i++) {
		size_t n = strlen(names[i]);

		if ((size_t)(end - p) >= n && strncasecmp(p, names[i], n) == 0
		    && (p + n == end || p[n] == ':'))
			return true;
	}
	return false;
}

static char *
header_text(const struct http_head *h, const char *name)
{
	const struct slice *s = http_header(h, name);

	return s == NULL ? NULL : strndup(s->p, s->n);
}

/* The session named, or a new one for an initialize.  Returns -1 where the
 * one named is gone. */
static int
find_session(struct conn *c, const struct http_head *h, const char *body,
    size_t n)
{
	char *id = header_text(h, "mcp-session-id");
	unsigned k = SESSIONS_MAX;

	c->session = NULL;
	if (id != NULL) {
		if (strncmp(id, "s-", 2) == 0)
			k = (unsigned)strtoul(id + 2, NULL, 10);
		free(id);
		if (k >= nsessions || !sessions[k].live)
			return -1;
		c->session = &sessions[k];
	} else if (memmem(body, n, "\"initialize\"", 12) != NULL &&
	    memmem(body, n, "io.modelcontextprotocol/", 24) == NULL &&
	    nsessions < SESSIONS_MAX) {
		c->session = &sessions[nsessions++];
		c->session->live = c->fresh = true;
	}
	return 0;
}

static void
say(struct conn *c, int status)
{
	put_head(c, status, status == 405 ? "Allow: POST, DELETE\r\n" : "",
	    0);
}

static void
serve(struct conn *c, const struct http_head *h, const char *body, size_t n)
{
	struct mcp_from from = { .http = true };
	char *version = header_text(h, "mcp-protocol-version");
	char *method = header_text(h, "mcp-method");
	char *name = header_text(h, "mcp-name");

	c->events = c->fresh = c->listening = c->awaiting = false;
	if (!is_local(http_header(h, "origin")) ||
	    !is_local(http_header(h, "host")))
		say(c, 403);
	else if (find_session(c, h, body, n) == -1)
		say(c, 404);
	else if (h->method == HTTP_DELETE && c->session != NULL) {
		c->session->live = false;
		say(c, 200);
	} else if (h->method != HTTP_POST)
		say(c, 405);
	else {
		from.session = c->session == NULL ? NULL : &c->session->mcp;
		from.version = version;
		from.method = method;
		from.name = name;
		c->call = mcp_call_new(&fixture_server, &from, body, n);
		if (c->call != NULL && c->call->kind == MCP_RESPONSE)
			pass_on(c->call, body, n);
		drive(c);
	}
	free(version);
	free(method);
	free(name);
}

/* Requests that have come completely. */
static void
take(struct conn *c)
{
	struct http_head h;
	struct problem why;
	const char *p;
	char *copy;
	size_t n, body;
	long head;

	while (c->fd != -1 && c->call == NULL) {
		problem_init(&why);
		p = buf_peek(&c->in, &n);
		head = http_head_parse(&h, p, n, &why);
		problem_fini(&why);
		if (head == -1) {
			hang_up(c);
			return;
		}
		body = head > 0 && h.content_length > 0 ?
		    (size_t)h.content_length : 0;
		if (head == 0 || n < (size_t)head + body)
			return;
		/* Slices of the head point into it: it stays until served. */
		copy = malloc((size_t)head + body + 1);
		if (copy == NULL)
			abort();
		memcpy(copy, p, (size_t)head + body);
		buf_consume(&c->in, (size_t)head + body);
		if (http_head_parse(&h, copy, (size_t)head, &why) > 0)
			serve(c, &h, copy + head, body);
		free(copy);
	}
}

static void
get(struct conn *c)
{
	char *to = buf_reserve(&c->in, 65536);
	ssize_t n = to == NULL ? 0 : read(c->fd, to, 65536);

	if (n <= 0) {
		hang_up(c);
		return;
	}
	buf_commit(&c->in, (size_t)n);
	take(c);
}

static void
let_in(int listener)
{
	int fd = accept(listener, NULL, NULL);

	for (struct conn *c = conns; fd != -1 && c < conns + CONNS_MAX; c++)
		if (c->fd == -1) {
			memset(c, 0, sizeof(*c));
			c->fd = fd;
			buf_init(&c->in, MCP_MESSAGE_MAX + 65536);
			return;
		}
	close(fd);
}

static int
turn(int listener)
{
	struct pollfd p[CONNS_MAX + 1];
	struct conn *of[CONNS_MAX + 1];
	nfds_t n = 1;
	int wait = -1;

	p[0] = (struct pollfd){ .fd = listener, .events = POLLIN };
	for (struct conn *c = conns; c < conns + CONNS_MAX; c++) {
		if (c->fd == -1)
			continue;
		of[n] = c;
		p[n++] = (struct pollfd){ .fd = c->fd, .events = POLLIN };
		if (c->wake_ms != 0)
			wait = 5;
	}
	if (poll(p, n, wait) == -1 && errno != EINTR)
		return -1;
	if (p[0].revents != 0)
		let_in(listener);
	for (nfds_t i = 1; i < n; i++)
		if (p[i].revents != 0 && of[i]->fd == p[i].fd)
			get(of[i]);
	for (struct conn *c = conns; c < conns + CONNS_MAX; c++)
		if (c->fd != -1 && c->wake_ms != 0 && c->wake_ms <= now_ms()) {
			c->wake_ms = 0;
			drive(c);
			if (c->fd != -1 && c->call == NULL)
				take(c);
		}
	return 0;
}

int
fixture_http_serve(int port)
{
	struct sockaddr_in sin = { .sin_family = AF_INET,
	    .sin_port = htons((uint16_t)port),
	    .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	socklen_t len = sizeof(sin);
	int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0), on = 1;

	for (struct conn *c = conns; c < conns + CONNS_MAX; c++)
		c->fd = -1;
	setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
	if (fd == -1 || bind(fd, (struct sockaddr *)&sin, sizeof(sin)) == -1
	    || listen(fd, 64) == -1 ||
	    getsockname(fd, (struct sockaddr *)&sin, &len) == -1) {
		perror("mcp_fixture");
		return 1;
	}
	printf("http://localhost:%d/mcp\n", ntohs(sin.sin_port));
	fflush(stdout);
	while (turn(fd) == 0)
		continue;
	perror("mcp_fixture");
	return 1;
}
