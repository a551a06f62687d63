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
#include <arpa/inet.h>
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "acdbd/audit.h"
#include "acdbd/board.h"
#include "acdbd/conn.h"
#include "acdbd/ctl.h"
#include "acdbd/keys.h"
#include "acdbd/pool.h"
#include "acdbd/route.h"
#include "acdbd/rpc_known.h"
#include "acdbd/stmt.h"
#include "acdbd/types.h"
#include "lib/apikey.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "fuzz.h"

#define KEY		"acd_dev_AAAAAAAAAAAAAAAA_" \
			"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define WORKSPACE	"00000000-0000-4000-8000-000000000001"
#define QUESTIONS	64
#define WAITS		64
#define TURNS		200
#define OUT_MAX		((size_t)1 << 22)

static struct conf conf;
static struct worker worker;
static unsigned how;			/* who asks, how it is cut */
static bool closed;

/* The control plane: questions are answered at the end of the turn. */

static struct question {
	struct ctl_query *q;		/* NULL: forgotten, or free */
	PGresult	*res;
} questions[QUESTIONS];
static unsigned nquestions;
static struct audit_wait *waits[WAITS];
static unsigned nwaits;
static struct task answering;

static void
must_be_text(const char *s)
{
	must(s == NULL || json_utf8_valid(s, strlen(s)));
}

/* One row of text; NULL: NULL. */
static PGresult *
row(unsigned n, const char *const *value)
{
	PGresult *res = PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	PGresAttDesc column[16] = { { .name = NULL } };

	for (unsigned i = 0; i < n; i++)
		column[i].name = (char[]){ "c" };
	must(res != NULL && PQsetResultAttrs(res, (int)n, column));
	for (unsigned i = 0; i < n; i++)
		must(PQsetvalue(res, 0, (int)i, value[i] == NULL ? NULL :
		    strdupa(value[i]), value[i] == NULL ? -1 :
		    (int)strlen(value[i])));
	return res;
}

/* Of that one key, and for the role that the input asks for. */
static PGresult *
key_row(const char *key_id)
{
	char hash[2 + 64 + 1] = "\\x";
	uint8_t bytes[32];
	struct apikey k;
	const char *const value[] = { WORKSPACE, WORKSPACE, hash, "dev",
	    how & 1 ? "dbuser" : "dbadmin", how & 2 ? "t" : "f", "0", "0",
	    NULL, "f", "t", "f", "f", WORKSPACE };

	must(apikey_parse(&k, KEY, strlen(KEY)) == 0);
	if (strcmp(k.id, key_id) != 0)
		return PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	apikey_hash(bytes, &k);
	enc_hex(hash + 2, bytes, sizeof(bytes));
	return row(NELEM(value), value);
}

static PGresult *
answer_to(const char *sql, const char *const *params)
{
	static const char schema[] = "{\"type\":\"object\",\"properties\":"
	    "{\"name\":{\"type\":\"string\",\"maxLength\":5}},"
	    "\"required\":[\"name\"]}";
	static const char *const rpc[] = { "greet", "1", "", "dbuser", schema,
	    "SELECT $1::json->>'name'", "t" };
	static const char *const none[] = { NULL, NULL, NULL, NULL, NULL,
	    NULL, "f" };
	static const char *const list[] = { "{\"items\":[]}" };
	static const char *const put[] = { "1{}" };

	if (strstr(sql, "FROM acdb.api_keys k JOIN") != NULL)
		return key_row(params[0]);
	if (strstr(sql, "LEFT JOIN acdb.rpcs d") != NULL)
		return row(7, strcmp(params[1], "greet") == 0 ? rpc : none);
	if (how & 4)
		return NULL;		/* the connection is lost */
	if (strstr(sql, "acdb.idempotency_keys") != NULL)
		return PQmakeEmptyPGresult(NULL, PGRES_TUPLES_OK);
	return row(1, strstr(sql, "WITH put AS") != NULL ? put : list);
}

static void
answer_all(void *arg)
{
	struct question one;

	(void)arg;
	for (unsigned i = 0; i < nquestions; i++) {
		one = questions[i];
		questions[i].q = NULL;
		if (one.q != NULL) {
			one.q->asked = false;
			one.q->done(one.q, one.res);
		}
		PQclear(one.res);
	}
	nquestions = 0;
	for (unsigned i = 0; i < nwaits; i++)
		if (waits[i] != NULL)
			waits[i]->done(waits[i]->arg, !(how & 8));
	nwaits = 0;
}

int
ctl_ask(struct ctl *c, struct ctl_query *q, const char *sql, int n,
    const char *const *params)
{
	(void)c;
	must(n <= CTL_PARAMS);
	if (nquestions == QUESTIONS)
		return -1;
	q->asked = true;
	questions[nquestions++] = (struct question){ q, answer_to(sql,
	    params) };
	loop_post(worker.loop, &answering);
	return 0;
}

void
ctl_forget(struct ctl *c, struct ctl_query *q)
{
	(void)c;
	for (unsigned i = 0; i < nquestions; i++)
		if (questions[i].q == q)
			questions[i].q = NULL;
	q->asked = false;
}

struct ctl *
ctl_new(struct worker *w, const struct pgtarget *target)
{
	(void)w;
	(void)target;
	return NULL;
}

void
ctl_free(struct ctl *c)
{
	(void)c;
}

bool
ctl_ready(const struct ctl *c, const char **reason)
{
	(void)c;
	*reason = "none";
	return true;
}

bool
ctl_fresh(const struct ctl *c)
{
	(void)c;
	return false;
}

int64_t
ctl_clock_us(const struct ctl *c)
{
	(void)c;
	return loop_now_us();
}

const struct ctl_server *
ctl_server(const struct ctl *c)
{
	static const struct ctl_server server = { .version = 170000 };

	(void)c;
	return &server;
}

/* The audit log: one row that PostgreSQL refuses would take its whole group
 * with it. */

int
audit_add(struct audit *a, const struct audit_row *r, struct audit_wait *wait)
{
	uint8_t ip[16];

	(void)a;
	must_be_text(r->request_id);
	must_be_text(r->endpoint);
	must_be_text(r->command);
	must_be_text(r->error);
	must_be_text(r->sql);
	must(r->status >= 100 && r->status <= 599);
	must(r->request_id[0] != '\0' && r->endpoint[0] == '/');
	must(strlen(r->trace) == 0 || (strlen(r->trace) == 32 &&
	    strspn(r->trace, "0123456789abcdef") == 32));
	must(r->peer[0] == '\0' || inet_pton(AF_INET, r->peer, ip) == 1 ||
	    inet_pton(AF_INET6, r->peer, ip) == 1);
	if (wait == NULL)
		return 0;
	if (nwaits == WAITS)
		return -1;
	waits[nwaits++] = wait;
	loop_post(worker.loop, &answering);
	return 0;
}

void
audit_forget(struct audit *a, struct audit_wait *wait)
{
	(void)a;
	for (unsigned i = 0; i < nwaits; i++)
		if (waits[i] == wait)
			waits[i] = NULL;
}

void
audit_complete(struct audit *a, const uint8_t id[UUID_LEN], int64_t us,
    int64_t rows)
{
	(void)a;
	(void)id;
	(void)us;
	(void)rows;
	abort();			/* nothing is ever written */
}

void
audit_throttled(struct audit *a, const struct req *r)
{
	(void)a;
	(void)r;
}

struct audit *
audit_new(struct worker *w, const struct pgtarget *target)
{
	(void)w;
	(void)target;
	return NULL;
}

void
audit_free(struct audit *a)
{
	(void)a;
}

bool
audit_ready(const struct audit *a)
{
	(void)a;
	return true;
}

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
		must(sscanf(in.p + 9, "%3d", &status) == 1);
		must(status != 500);
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

/* A client that waits for 100 may not send what was not asked for: whether
 * it has, then decides over the connection. */
static bool
expects(struct input in)
{
	for (size_t i = 0; i + 6 < in.n; i++)
		if (strncasecmp(in.p + i, "expect", 6) == 0)
			return true;
	return false;
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
	if (in.n < 2000 && !expects(in)) {
		talk(in, steps[how >> 6] + in.n / 50, &again);
		check_answers((struct input){ buf_peek(&again, NULL),
		    buf_len(&again) }, heads, &others);
		if (strcmp(buf_cstr(&codes), buf_cstr(&others)) != 0) {
			fprintf(stderr, "whole: %s\ncut: %s\n",
			    buf_cstr(&codes), buf_cstr(&others));
			abort();
		}
	}
	buf_fini(&out);
	buf_fini(&again);
	buf_fini(&codes);
	buf_fini(&others);
	return 0;
}
