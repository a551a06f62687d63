/*
 * control.h - the control plane and the audit log of a fuzz target, in place
 * of ctl.c and audit.c: one key opens, one procedure is registered, and what
 * would be stored is looked at.
 */
#ifndef CONTROL_H
#define CONTROL_H

#include <arpa/inet.h>

#include "acdbd/audit.h"
#include "acdbd/ctl.h"
#include "acdbd/worker.h"
#include "lib/apikey.h"
#include "fuzz.h"

#define KEY		"acd_dev_AAAAAAAAAAAAAAAA_" \
			"BBBBBBBBBBBBBBBBBBBBBBBBBBBBBBBB"
#define WORKSPACE	"00000000-0000-4000-8000-000000000001"
#define QUESTIONS	64
#define WAITS		64

static struct worker worker;
static unsigned how;			/* who asks, what is answered */

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
	char *copy;

	for (unsigned i = 0; i < n; i++)
		column[i].name = (char[]){ "c" };
	must(res != NULL && PQsetResultAttrs(res, (int)n, column));
	for (unsigned i = 0; i < n; i++) {
		copy = value[i] == NULL ? NULL : strdup(value[i]);
		must(PQsetvalue(res, 0, (int)i, copy, copy == NULL ? -1 :
		    (int)strlen(copy)));
		free(copy);
	}
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
ctl_tried(const struct ctl *c)
{
	(void)c;
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

#endif
