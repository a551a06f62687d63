/*
 * floor.c - the most that a direct program gets out of PostgreSQL with the
 * statements that acdbd sends for a call: what the gateway is measured
 * against.
 *
 * Its shape is acdbd's where that is fast: one single-threaded process a
 * worker, each with its share of the connections on one epoll, every
 * connection kept busy.  There is no HTTP, no JSON, no authentication and
 * no queue; the results are read and dropped.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "call.h"
#include "fleet.h"
#include "lib/cdefs.h"

#define CONNS_MAX	512

struct options {
	struct call_plan plan;
	bool		 parts_given;
	unsigned	 conns;
	unsigned	 procs;
	struct fleet_time time;
};

static const struct {
	const char	*name;
	unsigned	 part;
} part_names[] = {
	{ "hygiene", PART_HYGIENE },	{ "reset", PART_RESET },
	{ "begin", PART_BEGIN },	{ "role", PART_ROLE },
	{ "context", PART_CONTEXT },	{ "audit", PART_AUDIT },
	{ "unnamed", PART_UNNAMED },	{ "parse", PART_PARSE },
	{ "pure", PART_PURE },
};

static unsigned
parts_read(char *list)
{
	unsigned parts = 0;
	char *save = NULL;

	for (char *p = strtok_r(list, ",", &save); p != NULL;
	    p = strtok_r(NULL, ",", &save)) {
		size_t i;

		for (i = 0; i < NELEM(part_names); i++)
			if (strcmp(p, part_names[i].name) == 0)
				break;
		if (i == NELEM(part_names))
			errx(64, "unknown part '%s'", p);
		parts |= part_names[i].part;
	}
	return parts;
}

/* Time on a CPU of the backends; 0 where they are on another machine. */
static double
backend_seconds(const struct call *calls, unsigned n)
{
	double sum = 0;

	for (unsigned i = 0; i < n; i++) {
		char path[64];
		unsigned long long ns = 0;
		FILE *f;

		snprintf(path, sizeof(path), "/proc/%d/schedstat",
		    calls[i].c.pid);
		if ((f = fopen(path, "r")) == NULL)
			return 0;
		if (fscanf(f, "%llu", &ns) == 1)
			sum += (double)ns / 1e9;
		fclose(f);
	}
	return sum;
}

/* Keep every connection busy until the time is over. */
static int
drive(int ep, struct call *calls, unsigned n, struct fleet_result *res,
    const struct fleet_time *t)
{
	struct epoll_event ev[64];
	unsigned busy = n;

	for (unsigned i = 0; i < n; i++)
		if (call_send(&calls[i]) != 0)
			return -1;
	while (busy > 0) {
		int got = epoll_wait(ep, ev, NELEM(ev), -1);

		for (int i = 0; i < got; i++) {
			struct call *c = ev[i].data.ptr;
			int end = call_read(c);
			int64_t now;

			if (end < 0)
				return -1;
			if (end == 0)
				continue;
			now = hist_now();
			res->calls++;
			if (c->sent_ns >= t->from && now <= t->until)
				hist_record(&res->hist, now - c->sent_ns);
			if (!fleet_more(t, now, res->calls))
				busy--;
			else if (call_send(c) != 0)
				return -1;
		}
	}
	return 0;
}

static int
work(void *arg, unsigned index, struct fleet_result *res)
{
	struct options *o = arg;
	unsigned n = fleet_share(o->conns, o->procs, index);
	struct call *calls = calloc(n, sizeof(*calls));
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC);

	if (calls == NULL || ep == -1)
		return -1;
	for (unsigned i = 0; i < n; i++) {
		if (call_open(&calls[i], &o->plan, index * 7919 + i + 1) != 0)
			return -1;
		ev.data.ptr = &calls[i];
		if (epoll_ctl(ep, EPOLL_CTL_ADD, PQsocket(calls[i].c.pg.conn),
		    &ev) == -1)
			return -1;
	}
	fleet_go(res, &o->time);
	res->cpu_s = -fleet_cpu();
	res->backend_s = -backend_seconds(calls, n);
	if (drive(ep, calls, n, res, &o->time) != 0)
		return -1;
	res->cpu_s += fleet_cpu();
	res->backend_s += backend_seconds(calls, n);
	for (unsigned i = 0; i < n; i++)
		call_close(&calls[i]);
	free(calls);
	close(ep);
	return 0;
}

static void
usage(FILE *out)
{
	fputs("usage: floor [options]\n"
	    "  -d CONNINFO   where to connect, as the data-plane login\n"
	    "  -l LOGIN      the login the context is signed for\n"
	    "  -r ROLE       the key role (dbuser)\n"
	    "  -q SQL        the statement; $1 is a random key\n"
	    "  -w            the statement writes\n"
	    "  -k N          $1 is one of 1 .. N (10000)\n"
	    "  -v N          $1 is a vector of N dimensions\n"
	    "  -b N          a batch: the statement N times (1)\n"
	    "  -c N          connections (1)\n"
	    "  -p N          processes (one a connection, at most a CPU)\n"
	    "  -n N          end after so many calls a process\n"
	    "  -t SECONDS    how long to measure (2)\n"
	    "  -W SECONDS    warm-up before it (0.3)\n"
	    "  -P LIST       parts: hygiene,reset,begin,role,context,audit,\n"
	    "                pure,unnamed,parse; as acdbd if not given\n"
	    "  -1            single-row mode\n"
	    "The gateway's password is taken from "
	    "AGENTCOOPDB_GATEWAY_PASSWORD.\n", out);
}

static unsigned
number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

static void
options_read(struct options *o, int argc, char **argv)
{
	static const char known[] = "d:l:r:q:wk:v:b:c:p:n:t:W:P:1h";
	int ch;

	while ((ch = getopt(argc, argv, known)) != -1) {
		switch (ch) {
		case 'd': o->plan.conninfo = optarg; break;
		case 'l': o->plan.login = optarg; break;
		case 'r': o->plan.role = optarg; break;
		case 'q': o->plan.sql = optarg; break;
		case 'w': o->plan.write = true; break;
		case 'k': o->plan.ask.key_max = number(optarg); break;
		case 'v': o->plan.ask.dims = number(optarg); break;
		case 'b': o->plan.statements = number(optarg); break;
		case 'c': o->conns = number(optarg); break;
		case 'p': o->procs = number(optarg); break;
		case 'n': o->time.calls_max = number(optarg); break;
		case 't': o->time.measure_s = strtod(optarg, NULL); break;
		case 'W': o->time.warmup_s = strtod(optarg, NULL); break;
		case 'P':
			o->plan.parts = parts_read(optarg);
			o->parts_given = true;
			break;
		case '1': o->plan.single_row = true; break;
		case 'h': usage(stdout); exit(0);
		default: usage(stderr); exit(64);
		}
	}
}

int
main(int argc, char **argv)
{
	struct options o = { .conns = 1,
	    .time = { .warmup_s = .3, .measure_s = 2 },
	    .plan = { .conninfo = "", .login = "acdb_dp_dbuser",
	    .role = "dbuser", .statements = 1, .ask = { .key_max = 10000 },
	    .sql = "SELECT id, body FROM bench_rows WHERE id = $1" } };
	unsigned cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	char login[SECRET_LOGIN_PW];
	const char *ws = getenv("BENCH_WORKSPACE");
	const char *key = getenv("BENCH_KEY");

	options_read(&o, argc, argv);
	if (!o.parts_given)
		o.plan.parts = o.plan.write ? PARTS_WRITE : PARTS_READ;
	o.plan.password = getenv("AGENTCOOPDB_GATEWAY_PASSWORD");
	if (o.plan.password == NULL)
		errx(78, "AGENTCOOPDB_GATEWAY_PASSWORD is not set");
	secret_login_password(login, o.plan.password, o.plan.login);
	setenv("PGPASSWORD", login, 0);
	if (ws != NULL && uuid_parse(o.plan.workspace, ws, strlen(ws)) != 0)
		errx(64, "BENCH_WORKSPACE is not a uuid");
	if (key != NULL && uuid_parse(o.plan.key, key, strlen(key)) != 0)
		errx(64, "BENCH_KEY is not a uuid");
	if (o.procs == 0)
		o.procs = o.conns < cpus ? o.conns : cpus;
	if (o.conns < 1 || o.conns > CONNS_MAX || o.procs > FLEET_MAX ||
	    o.procs > o.conns || o.plan.ask.dims > ASK_DIMS_MAX)
		errx(64, "-c, -p or -v out of range");
	if (fleet_run(o.procs, work, &o) != 0)
		return 1;
	fleet_report(&o.time);
	return 0;
}
