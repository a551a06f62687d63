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
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "call.h"
#include "hist.h"
#include "lib/cdefs.h"

#define PROCS_MAX	64
#define CONNS_MAX	512

/* What each process leaves for its parent, in shared memory. */
struct result {
	struct hist	 hist;
	int64_t		 ns;		/* measured time */
	double		 cpu_s;
	double		 backend_s;	/* the same of its backends */
	uint64_t	 calls;		/* warm-up included, as in cpu_s */
	int		 ready;
};

struct shared {
	int		 go;
	struct result	 proc[PROCS_MAX];
};

struct options {
	struct call_plan plan;
	unsigned	 conns;
	unsigned	 procs;
	double		 seconds;
	double		 warmup;
};

static const struct {
	const char	*name;
	unsigned	 part;
} part_names[] = {
	{ "hygiene", PART_HYGIENE },	{ "reset", PART_RESET },
	{ "begin", PART_BEGIN },	{ "role", PART_ROLE },
	{ "context", PART_CONTEXT },	{ "audit", PART_AUDIT },
	{ "unnamed", PART_UNNAMED },	{ "parse", PART_PARSE },
	{ "guard", PART_GUARD },
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

static double
cpu_seconds(void)
{
	struct rusage u;

	getrusage(RUSAGE_SELF, &u);
	return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
	    (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
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
		    PQbackendPID(calls[i].pg));
		if ((f = fopen(path, "r")) == NULL)
			return 0;
		if (fscanf(f, "%llu", &ns) == 1)
			sum += (double)ns / 1e9;
		fclose(f);
	}
	return sum;
}

/* Run every connection until the clock says so; calls that began after
 * from are recorded. */
static int
drive(int ep, struct call *calls, unsigned n, struct result *res,
    int64_t from, int64_t until)
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
			if (c->sent_ns >= from && now <= until)
				hist_record(&res->hist, now - c->sent_ns);
			if (now >= until)
				busy--;
			else if (call_send(c) != 0)
				return -1;
		}
	}
	return 0;
}

static int
process(const struct options *o, struct shared *sh, unsigned index)
{
	struct result *res = &sh->proc[index];
	unsigned n = o->conns / o->procs + (index < o->conns % o->procs);
	struct call *calls = calloc(n, sizeof(*calls));
	struct epoll_event ev = { .events = EPOLLIN };
	int ep = epoll_create1(EPOLL_CLOEXEC);
	int64_t from;

	if (calls == NULL || ep < 0)
		return 1;
	for (unsigned i = 0; i < n; i++) {
		if (call_open(&calls[i], &o->plan, index * 7919 + i + 1) != 0)
			return 1;
		ev.data.ptr = &calls[i];
		if (epoll_ctl(ep, EPOLL_CTL_ADD, PQsocket(calls[i].pg), &ev))
			return 1;
	}
	__atomic_store_n(&res->ready, 1, __ATOMIC_RELEASE);
	while (!__atomic_load_n(&sh->go, __ATOMIC_ACQUIRE))
		usleep(1000);
	from = hist_now() + (int64_t)(o->warmup * 1e9);
	res->ns = (int64_t)(o->seconds * 1e9);
	res->cpu_s = -cpu_seconds();
	res->backend_s = -backend_seconds(calls, n);
	if (drive(ep, calls, n, res, from, from + res->ns) != 0)
		return 1;
	res->cpu_s += cpu_seconds();
	res->backend_s += backend_seconds(calls, n);
	for (unsigned i = 0; i < n; i++)
		call_close(&calls[i]);
	free(calls);
	close(ep);
	return 0;
}

/* Start the processes together, once all of them are connected. */
static int
run(const struct options *o, struct shared *sh)
{
	int status, rc = 0;
	unsigned ready = 0;

	for (unsigned i = 0; i < o->procs; i++) {
		pid_t pid = fork();

		if (pid < 0)
			err(1, "fork");
		if (pid == 0)
			_exit(process(o, sh, i));
	}
	while (ready < o->procs && rc == 0) {
		ready = 0;
		for (unsigned i = 0; i < o->procs; i++)
			ready += (unsigned)__atomic_load_n(&sh->proc[i].ready,
			    __ATOMIC_ACQUIRE);
		usleep(1000);
		if (waitpid(-1, &status, WNOHANG) > 0)
			rc = 1;
	}
	__atomic_store_n(&sh->go, 1, __ATOMIC_RELEASE);
	while (wait(&status) > 0)
		if (status != 0)
			rc = 1;
	return rc;
}

static void
report(const struct options *o, const struct shared *sh)
{
	static struct hist all;
	double cpu = 0, backend = 0, calls = 0;

	for (unsigned i = 0; i < o->procs; i++) {
		hist_merge(&all, &sh->proc[i].hist);
		cpu += sh->proc[i].cpu_s;
		backend += sh->proc[i].backend_s;
		calls += (double)sh->proc[i].calls;
	}
	calls = calls > 0 ? calls / 1e6 : 1;
	printf("calls=%llu rate=%.0f p50=%.1f p99=%.1f cpu=%.2f "
	    "backend_cpu=%.2f\n",
	    (unsigned long long)all.n, (double)all.n / o->seconds,
	    hist_quantile(&all, .5), hist_quantile(&all, .99),
	    cpu / calls, backend / calls);
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
	    "  -c N          connections (1)\n"
	    "  -p N          processes (one a connection, at most a CPU)\n"
	    "  -t SECONDS    how long to measure (2)\n"
	    "  -W SECONDS    warm-up before it (0.3)\n"
	    "  -P LIST       parts: reset,begin,role,context,audit (all),\n"
	    "                hygiene,unnamed,parse,guard\n"
	    "  -1            single-row mode\n"
	    "The gateway's password is taken from "
	    "AGENTCOOPDB_GATEWAY_PASSWORD.\n", out);
}

static void
options_read(struct options *o, int argc, char **argv)
{
	int ch;

	while ((ch = getopt(argc, argv, "d:l:r:q:wk:c:p:t:W:P:1h")) != -1) {
		switch (ch) {
		case 'd': o->plan.conninfo = optarg; break;
		case 'l': o->plan.login = optarg; break;
		case 'r': o->plan.role = optarg; break;
		case 'q': o->plan.sql = optarg; break;
		case 'w': o->plan.write = true; break;
		case 'k': o->plan.key_max = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 'c': o->conns = (unsigned)strtoul(optarg, NULL, 10); break;
		case 'p': o->procs = (unsigned)strtoul(optarg, NULL, 10); break;
		case 't': o->seconds = strtod(optarg, NULL); break;
		case 'W': o->warmup = strtod(optarg, NULL); break;
		case 'P': o->plan.parts = parts_read(optarg); break;
		case '1': o->plan.single_row = true; break;
		case 'h': usage(stdout); exit(0);
		default: usage(stderr); exit(64);
		}
	}
}

int
main(int argc, char **argv)
{
	struct options o = { .conns = 1, .seconds = 2, .warmup = .3,
	    .plan = { .conninfo = "", .login = "acdb_dp_dbuser",
	    .role = "dbuser", .key_max = 10000,
	    .sql = "SELECT id, body FROM bench_rows WHERE id = $1",
	    .parts = PART_RESET | PART_BEGIN | PART_ROLE | PART_CONTEXT |
	    PART_AUDIT } };
	unsigned cpus = (unsigned)sysconf(_SC_NPROCESSORS_ONLN);
	struct shared *sh;
	const char *ws = getenv("BENCH_WORKSPACE");
	const char *key = getenv("BENCH_KEY");

	options_read(&o, argc, argv);
	o.plan.password = getenv("AGENTCOOPDB_GATEWAY_PASSWORD");
	if (o.plan.password == NULL)
		errx(78, "AGENTCOOPDB_GATEWAY_PASSWORD is not set");
	if (ws != NULL && uuid_parse(o.plan.workspace, ws, strlen(ws)) != 0)
		errx(64, "BENCH_WORKSPACE is not a uuid");
	if (key != NULL && uuid_parse(o.plan.key, key, strlen(key)) != 0)
		errx(64, "BENCH_KEY is not a uuid");
	if (o.procs == 0)
		o.procs = o.conns < cpus ? o.conns : cpus;
	if (o.conns < 1 || o.conns > CONNS_MAX || o.procs > PROCS_MAX ||
	    o.procs > o.conns)
		errx(64, "-c or -p out of range");
	sh = mmap(NULL, sizeof(*sh), PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (sh == MAP_FAILED)
		err(1, "mmap");
	if (run(&o, sh) != 0)
		return 1;
	report(&o, sh);
	return 0;
}
