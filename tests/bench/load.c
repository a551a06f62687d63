/*
 * load.c - an HTTP/1.1 load generator that costs little itself: requests
 * are built before, one epoll keeps N keep-alive connections busy, each with
 * one request at a time, for a fixed time.  Every answer has to be a 200.
 */
#include "load_http.h"

#include <err.h>
#include <getopt.h>
#include <netdb.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include "ask.h"
#include "fleet.h"

#define CONNS_MAX	1024
#define REQUESTS	1024	/* built before, then used round and round */

struct request {
	size_t	n;
	char	*text;
};

struct options {
	struct load_target target;
	const char	*port;
	const char	*ca_file;
	const char	*sql;
	bool		 tls;
	struct ask	 ask;
	unsigned	 batch;		/* statements; 0: no batch */
	bool		 mcp;		/* as a tool's calls, over /v1/mcp */
	unsigned	 conns;
	unsigned	 procs;
	struct fleet_time time;
	struct request	*requests;
};

static void
put_statement(FILE *out, const struct options *o, uint32_t *seed)
{
	char value[ASK_MAX];

	ask_next(&o->ask, seed, value);
	fprintf(out, "{\"sql\":\"%s\",\"params\":[%s]}", o->sql, value);
}

/* The body of one request; the caller frees it. */
static char *
body(const struct options *o, uint32_t *seed, size_t *n)
{
	char *text = NULL;
	FILE *out = open_memstream(&text, n);

	if (out == NULL)
		err(1, "requests");
	if (o->mcp)
		fputs("{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
		    "\"tools/call\",\"params\":{\"name\":\"sql_query\","
		    "\"arguments\":", out);
	fputs(o->batch > 0 ? "{\"statements\":[" : "", out);
	put_statement(out, o, seed);
	for (unsigned i = 1; i < o->batch; i++) {
		fputc(',', out);
		put_statement(out, o, seed);
	}
	fputs(o->batch > 0 ? "]}" : "", out);
	fputs(o->mcp ? "}}" : "", out);
	if (fclose(out) != 0)
		err(1, "requests");
	return text;
}

static void
build(struct options *o, const char *token)
{
	uint32_t seed = 1;

	o->requests = calloc(REQUESTS, sizeof(*o->requests));
	if (o->requests == NULL)
		err(1, "requests");
	for (unsigned i = 0; i < REQUESTS; i++) {
		struct request *r = &o->requests[i];
		size_t nbody;
		char *text = body(o, &seed, &nbody);
		int n = asprintf(&r->text,
		    "POST /v1/%s HTTP/1.1\r\nHost: %s:%s\r\n"
		    "Authorization: Bearer %s\r\n"
		    "Content-Type: application/json\r\n"
		    "Content-Length: %zu\r\n\r\n%s",
		    o->mcp ? "mcp" : o->batch > 0 ? "sql/batch" :
		    "sql/execute", o->target.host, o->port, token, nbody, text);

		if (n == -1)
			err(1, "requests");
		r->n = (size_t)n;
		free(text);
	}
}

static void
forget(struct options *o)
{
	for (unsigned i = 0; i < REQUESTS; i++)
		free(o->requests[i].text);
	free(o->requests);
}

static void
resolve(struct options *o)
{
	struct addrinfo hints = { .ai_family = AF_INET,
	    .ai_socktype = SOCK_STREAM }, *found;
	int rc = getaddrinfo(o->target.host, o->port, &hints, &found);

	if (rc != 0)
		errx(2, "%s: %s", o->target.host, gai_strerror(rc));
	memcpy(&o->target.addr, found->ai_addr, found->ai_addrlen);
	o->target.naddr = found->ai_addrlen;
	freeaddrinfo(found);
}

static void
trust(struct options *o)
{
	SSL_CTX *ctx;

	if (!o->tls)
		return;
	ctx = SSL_CTX_new(TLS_client_method());
	if (ctx == NULL || (o->ca_file != NULL ?
	    SSL_CTX_load_verify_locations(ctx, o->ca_file, NULL) :
	    SSL_CTX_set_default_verify_paths(ctx)) != 1)
		errx(78, "the certificate to trust cannot be read");
	SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
	o->target.tls = ctx;
}

struct loader {
	int			 ep;
	const struct options	*o;
	unsigned		 next;		/* request */
	struct fleet_result	*res;
};

static int
send_next(struct loader *l, struct load_conn *c)
{
	const struct request *r = &l->o->requests[l->next++ % REQUESTS];

	c->sent_ns = hist_now();
	return load_send(c, r->text, r->n);
}

/* Watch for what the connection waits for; all begin with reading. */
static int
watch(struct loader *l, struct load_conn *c, bool was_writing)
{
	struct epoll_event ev = { .events = c->want_write ? EPOLLOUT :
	    EPOLLIN, .data.ptr = c };

	if (c->want_write == was_writing)
		return 0;
	return epoll_ctl(l->ep, EPOLL_CTL_MOD, c->fd, &ev);
}

/* One event.  Returns 1 when the connection is done, 0, or -1. */
static int
serve(struct loader *l, struct load_conn *c)
{
	const struct fleet_time *t = &l->o->time;
	bool was_writing = c->want_write;
	int end = load_go_on(c);
	int64_t now;

	if (end == 1) {
		now = hist_now();
		l->res->calls++;
		if (c->sent_ns >= t->from && now <= t->until)
			hist_record(&l->res->hist, now - c->sent_ns);
		if (!fleet_more(t, now, l->res->calls))
			return 1;
		end = send_next(l, c);
	}
	return end == 0 ? watch(l, c, was_writing) : -1;
}

static int
drive(struct loader *l, struct load_conn *conns, unsigned n)
{
	struct epoll_event ev[64];
	unsigned busy = n;

	for (unsigned i = 0; i < n; i++)
		if (send_next(l, &conns[i]) != 0 ||
		    watch(l, &conns[i], false) != 0)
			return -1;
	while (busy > 0) {
		int got = epoll_wait(l->ep, ev, NELEM(ev), -1);

		for (int i = 0; i < got; i++) {
			int rc = serve(l, ev[i].data.ptr);

			if (rc == -1)
				return -1;
			busy -= (unsigned)rc;
		}
	}
	return 0;
}

static int
work(void *arg, unsigned index, struct fleet_result *res)
{
	struct options *o = arg;
	unsigned n = fleet_share(o->conns, o->procs, index);
	struct load_conn *conns = calloc(n, sizeof(*conns));
	struct loader l = { .ep = epoll_create1(EPOLL_CLOEXEC), .o = o,
	    .next = index * REQUESTS / o->procs, .res = res };
	struct epoll_event ev = { .events = EPOLLIN };

	if (conns == NULL || l.ep == -1)
		return -1;
	for (unsigned i = 0; i < n; i++) {
		if (load_open(&conns[i], &o->target) != 0)
			return -1;
		ev.data.ptr = &conns[i];
		if (epoll_ctl(l.ep, EPOLL_CTL_ADD, conns[i].fd, &ev) == -1)
			return -1;
	}
	fleet_go(res, &o->time);
	res->cpu_s = -fleet_cpu();
	if (drive(&l, conns, n) != 0)
		return -1;
	res->cpu_s += fleet_cpu();
	for (unsigned i = 0; i < n; i++)
		load_close(&conns[i]);
	free(conns);
	close(l.ep);
	return 0;
}

static void
usage(FILE *out)
{
	fputs("usage: load [options] HOST PORT SQL\n"
	    "  -s            TLS\n"
	    "  -a FILE       trust this certificate\n"
	    "  -k N          $1 is one of 1 .. N (10000)\n"
	    "  -v N          $1 is a vector of N dimensions\n"
	    "  -b N          a batch: the statement N times\n"
	    "  -m            over /v1/mcp, as calls of the tool sql_query\n"
	    "  -c N          connections (1)\n"
	    "  -p N          processes (1)\n"
	    "  -n N          end after so many calls a process\n"
	    "  -t SECONDS    how long to measure (2)\n"
	    "  -W SECONDS    warm-up before it (0.3)\n"
	    "The key is taken from AGENTCOOPDB_API_KEY.\n", out);
}

static unsigned
number(const char *text)
{
	return (unsigned)strtoul(text, NULL, 10);
}

static void
options_read(struct options *o, int argc, char **argv)
{
	int ch;

	while ((ch = getopt(argc, argv, "sma:k:v:b:c:p:n:t:W:h")) != -1) {
		switch (ch) {
		case 's': o->tls = true; break;
		case 'm': o->mcp = true; break;
		case 'a': o->ca_file = optarg; break;
		case 'k': o->ask.key_max = number(optarg); break;
		case 'v': o->ask.dims = number(optarg); break;
		case 'b': o->batch = number(optarg); break;
		case 'c': o->conns = number(optarg); break;
		case 'p': o->procs = number(optarg); break;
		case 'n': o->time.calls_max = number(optarg); break;
		case 't': o->time.measure_s = strtod(optarg, NULL); break;
		case 'W': o->time.warmup_s = strtod(optarg, NULL); break;
		case 'h': usage(stdout); exit(0);
		default: usage(stderr); exit(64);
		}
	}
	if (argc - optind != 3 || o->conns < 1 || o->conns > CONNS_MAX ||
	    o->procs < 1 || o->procs > FLEET_MAX || o->procs > o->conns ||
	    o->ask.dims > ASK_DIMS_MAX || (o->mcp && o->batch > 0)) {
		usage(stderr);
		exit(64);
	}
	o->target.host = argv[optind];
	o->port = argv[optind + 1];
	o->sql = argv[optind + 2];
}

int
main(int argc, char **argv)
{
	struct options o = { .ask.key_max = 10000, .conns = 1, .procs = 1,
	    .time = { .warmup_s = .3, .measure_s = 2 } };
	const char *token = getenv("AGENTCOOPDB_API_KEY");

	options_read(&o, argc, argv);
	if (token == NULL)
		errx(78, "AGENTCOOPDB_API_KEY is not set");
	resolve(&o);
	trust(&o);
	build(&o, token);
	if (fleet_run(o.procs, work, &o) != 0)
		return 1;
	fleet_report(&o.time);
	SSL_CTX_free(o.target.tls);
	forget(&o);
	return 0;
}
