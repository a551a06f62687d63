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
#include <unistd.h>

#include "call.h"
#include "drive.h"
#include "fleet.h"
#include "lib/cdefs.h"

#define CONNS_MAX	DRIVE_CLIENTS

struct options {
	struct call_plan plan;
	bool		 parts_given;
	unsigned	 conns;
	unsigned	 audited;	/* clients; 0: one a connection, and no
					 * audit of reads */
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

static int
work(void *arg, unsigned index, struct fleet_result *res)
{
	struct options *o = arg;
	unsigned n = fleet_share(o->conns, o->procs, index);
	unsigned clients = o->audited == 0 ? n :
	    fleet_share(o->audited, o->procs, index);
	struct drive *d;

	d = drive_open(&o->plan, n, o->audited > 0, index * 7919 + 1);
	if (d == NULL)
		return -1;
	fleet_go(res, &o->time);
	res->cpu_s = -fleet_cpu();
	res->backend_s = -drive_backends(d);
	if (drive_run(d, clients, res, &o->time) != 0)
		return -1;
	res->cpu_s += fleet_cpu();
	res->backend_s += drive_backends(d);
	drive_close(d);
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
	    "  -a N          N clients share them, and a read's audit row is\n"
	    "                durable before its client goes on\n"
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
	static const char known[] = "d:l:r:q:wk:v:b:c:a:p:n:t:W:P:1h";
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
		case 'a': o->audited = number(optarg); break;
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
	    o.procs > o.conns || o.audited > CONNS_MAX ||
	    (o.audited > 0 && o.audited < o.procs) ||
	    o.plan.ask.dims > ASK_DIMS_MAX)
		errx(64, "-c, -a, -p or -v out of range");
	if (fleet_run(o.procs, work, &o) != 0)
		return 1;
	fleet_report(&o.time);
	return 0;
}
