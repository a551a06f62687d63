/*
 * fuzz_request.c - a connection to acdbd, from its bytes to the answers:
 * heads, bodies, and what each story reads of them.
 *
 * The first byte says who asks and how the bytes are cut, the rest is what
 * is sent.  The key acd_dev_AAAA..._BBBB... opens; questions to the control
 * plane are answered here, and a statement finds no connection (503).
 * Whatever is sent, what comes back is HTTP with JSON in it, no failure of
 * our own (500), the same however the bytes are cut; and what would be
 * stored can be.
 */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acdbd/board.h"
#include "acdbd/conn.h"
#include "acdbd/keys.h"
#include "acdbd/pool.h"
#include "acdbd/route.h"
#include "acdbd/rpc_known.h"
#include "acdbd/stmt.h"
#include "acdbd/types.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "control.h"

#define TURNS		200
#define OUT_MAX		((size_t)1 << 22)

static struct conf conf;
static bool closed;

/* What came back. */

/* The value of a header of the head of n bytes, or NULL with n 0. */
static struct input
header(const char *head, size_t n, const char *name)
{
	char line[64];
	const char *p, *end;

	snprintf(line, sizeof(line), "\r\n%s: ", name);
	if ((p = memmem(head, n, line, strlen(line))) == NULL)
		return (struct input){ NULL, 0 };
	p += strlen(line);
	must((end = memmem(p, n - (size_t)(p - head), "\r\n", 2)) != NULL);
	return (struct input){ p, (size_t)(end - p) };
}

static bool
has(struct input in, const char *text)
{
	return in.n == strlen(text) && memcmp(in.p, text, in.n) == 0;
}

/* A problem says its status again, and the request's id. */
static void
check_problem(const struct json *j, int status, struct input id)
{
	uint32_t i = json_member(j, 0, "request_id"), title;
	char *text;
	int64_t n;

	must((title = json_member(j, 0, "title")) != 0);
	must(!json_is(j, title, ""));
	must(json_int(j, json_member(j, 0, "status"), 400, 599, &n) == 0);
	must(n == status);
	must(i != 0);
	must((text = json_strdup(j, i)) != NULL);
	must(has(id, text));
	free(text);
}

static void
check_body(const char *head, size_t n, struct input body, int status)
{
	struct input type = header(head, n, "Content-Type");
	bool problem = has(type, "application/problem+json");
	struct json j;

	must((status < 400) != problem || status == 401 || status == 503 ||
	    has(type, "application/json"));
	if (!problem && !has(type, "application/json"))
		return;
	must(json_read(&j, body.p, body.n, NULL) == 0);
	if (problem)
		check_problem(&j, status, header(head, n, "X-Request-Id"));
	json_fini(&j);
}

/* Each line of the head is one, and nothing but text. */
static void
check_head(const char *p, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] == '\r')
			must(p[++i] == '\n');
		else
			must(p[i] >= ' ' && p[i] <= '~');
}

/* Read the answers one by one; append their status codes.  Where a HEAD may
 * have been asked, what follows a head cannot be told. */
static void
check_answers(struct input in, bool heads, struct buf *codes)
{
	const char *end;
	struct input length;
	size_t n, body;
	int status;

	while (in.n > 0) {
		must(in.n > 12 && memcmp(in.p, "HTTP/1.1 ", 9) == 0);
		must((end = memmem(in.p, in.n, "\r\n\r\n", 4)) != NULL);
		n = (size_t)(end + 4 - in.p);
		check_head(in.p, n);
		status = (int)strtol(in.p + 9, NULL, 10);
		must(status >= 100 && status <= 599 && status != 500);
		if (status != 100)
			buf_addf(codes, "%d ", status);
		length = header(in.p, n, "Content-Length");
		body = length.n == 0 ? 0 : (size_t)strtoul(length.p, NULL, 10);
		must(header(in.p, n, "Transfer-Encoding").n == 0);
		if (heads)
			return;
		must(body <= in.n - n);
		check_body(in.p, n, (struct input){ in.p + n, body }, status);
		in.p += n + body;
		in.n -= n + body;
	}
}

/* The client. */

static void
on_closed(void *arg)
{
	(void)arg;
	closed = true;
}

static void
stop(void *arg)
{
	(void)arg;
	loop_stop(worker.loop);
}

/* Read what there is.  Returns whether there was anything. */
static bool
hear(int fd, struct buf *out)
{
	char piece[65536];
	ssize_t n = read(fd, piece, sizeof(piece));

	if (n > 0)
		must(buf_add(out, piece, (size_t)n) == 0);
	return n > 0;
}

/* Let the server do what it can, without waiting. */
static void
settle(int fd, struct buf *out)
{
	struct timer t;
	int quiet = 0;

	timer_init(&t, stop, NULL);
	for (int i = 0; i < TURNS && quiet < 2; i++) {
		loop_timer(worker.loop, &t, 0);
		loop_run(worker.loop);
		quiet = hear(fd, out) || nquestions + nwaits > 0 ? 0 :
		    quiet + 1;
	}
}

/* Send it in pieces of that size, hear all that is said, and hang up. */
static void
talk(struct input in, size_t step, struct buf *out)
{
	struct conn *c;
	ssize_t n;
	int s[2];

	must(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s) == 0);
	closed = false;
	c = conn_new(&worker, io_socket(s[1]), "192.0.2.7",
	    route_doors(&conf, false), on_closed, NULL);
	must(c != NULL);
	while (in.n > 0 && !closed) {
		n = write(s[0], in.p, in.n < step ? in.n : step);
		if (n > 0) {
			in.p += n;
			in.n -= (size_t)n;
		}
		settle(s[0], out);
		if (n == -1)
			break;
	}
	settle(s[0], out);
	close(s[0]);
	for (int i = 0; i < TURNS && !closed; i++)
		settle(s[0], out);
	must(closed && nquestions == 0 && nwaits == 0);
}

static void
start(void)
{
	static const char key[] = "01234567890123456789012345678901";
	struct buf err;

	log_init("fuzz", LOG_ERROR, LOG_TEXT);
	conf = (struct conf){ .read_header_timeout = 60000,
	    .read_timeout = 60000, .write_timeout = 60000,
	    .idle_timeout = 60000, .max_request_body = 65536,
	    .max_response_body = 1 << 20, .max_statement_bytes = 10000,
	    .max_statement_params = 100, .statement_timeout = 1000,
	    .maintenance_timeout = 60000, .mcp_enabled = true,
	    .metrics_enabled = true, .idempotency_ttl = 60000,
	    .audit_include_sql = true, .workers = 1, .max_conns = 10,
	    .rpc_dir = (char[]){ "share/rpc" } };
	buf_init(&err, 1024);
	worker.conf = &conf;
	worker.loop = loop_new();
	worker.board = board_new(1);
	worker.keys = keys_new(&worker);
	worker.types = types_new();
	worker.stmts = stmts_new(64);
	worker.pool = pool_new(&worker, NULL, 1);
	worker.rpcs = rpc_known_new(&worker, rpc_files_load(&conf, &err));
	worker.mac = secret_mac_new(key, 32);
	must(worker.loop != NULL && worker.board != NULL &&
	    worker.keys != NULL && worker.types != NULL &&
	    worker.stmts != NULL && worker.pool != NULL &&
	    worker.rpcs != NULL && worker.mac != NULL);
	task_init(&answering, answer_all, NULL);
	buf_fini(&err);
}

/* The same answers, but that a connection may end sooner where a body that
 * nobody wants has not come yet. */
static void
compare(struct buf *codes, struct buf *others)
{
	const char *a = buf_cstr(codes), *b = buf_cstr(others);
	size_t n = strlen(a) < strlen(b) ? strlen(a) : strlen(b);

	if (memcmp(a, b, n) == 0)
		return;
	fprintf(stderr, "whole: %s\ncut: %s\n", a, b);
	abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
	static const size_t steps[] = { 1, 7, 100, 1000 };
	struct input in = { (const char *)data, n };
	struct buf out, again, codes, others;
	bool heads;

	if (worker.loop == NULL)
		start();
	how = next_byte(&in);
	heads = in.n > 0 && memmem(in.p, in.n, "HEAD", 4) != NULL;
	conf.trust_proxy = how & 16 ? (char[]){ "" } : NULL;
	conf.hardening = how & 32 ? HARDENING_STRICT : HARDENING_STANDARD;
	buf_init(&out, OUT_MAX);
	buf_init(&again, OUT_MAX);
	buf_init(&codes, OUT_MAX);
	buf_init(&others, OUT_MAX);
	talk(in, SIZE_MAX, &out);
	check_answers((struct input){ buf_peek(&out, NULL), buf_len(&out) },
	    heads, &codes);
	if (in.n < 2000) {
		talk(in, steps[how >> 6] + in.n / 50, &again);
		check_answers((struct input){ buf_peek(&again, NULL),
		    buf_len(&again) }, heads, &others);
		compare(&codes, &others);
	}
	buf_fini(&out);
	buf_fini(&again);
	buf_fini(&codes);
	buf_fini(&others);
	return 0;
}
