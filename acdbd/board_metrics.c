/*
 * board_metrics.c - the board in the Prometheus text format, version 0.0.4.
 *
 * Names and labels are the contract's.  Labels come from tables of bounded
 * size; what did not fit is counted as "other".
 */
#include <stdio.h>
#include <string.h>

#include "board_shared.h"
#include "lib/version.h"

#define PREFIX	"agentcoopdb_"

#define LOAD(word)	atomic_load_explicit((word), memory_order_relaxed)

static const struct {
	const char	*name;
	const char	*type;
	const char	*help;
} counters[COUNTERS] = {
	[COUNT_IDEMPOTENCY_HITS] = { "idempotency_hits_total", "counter",
	    "Calls answered from the record of their Idempotency-Key." },
	[COUNT_IDEMPOTENCY_MISSES] = { "idempotency_misses_total", "counter",
	    "Calls whose Idempotency-Key was new." },
	[COUNT_AUDIT_SKIPPED] = { "audit_skipped_total", "counter",
	    "Calls answered without an audit row." },
	[COUNT_AUTH_CACHE_SIZE] = { "auth_cache_size", "gauge",
	    "Keys remembered, over all workers." },
	[COUNT_AUTH_CACHE_HITS] = { "auth_cache_hits_total", "counter",
	    "Keys that were remembered." },
	[COUNT_AUTH_CACHE_MISSES] = { "auth_cache_misses_total", "counter",
	    "Keys that had to be looked up." },
	[COUNT_POOL_CONNS] = { "pool_connections", "gauge",
	    "Connections to PostgreSQL." },
	[COUNT_POOL_BUSY] = { "pool_connections_busy", "gauge",
	    "Of them, those that run a call." },
	[COUNT_POOL_WAITING] = { "pool_waiting", "gauge",
	    "Calls that wait for a connection to PostgreSQL." },
	[COUNT_POOL_TIMEOUTS] = { "pool_timeouts_total", "counter",
	    "Calls that waited for one in vain." },
	[COUNT_CANCELS] = { "cancels_total", "counter",
	    "Statements cancelled because their client had gone." },
	[COUNT_CONNS] = { "connections", "gauge", "Client connections." },
	[COUNT_CONNS_ACCEPTED] = { "connections_accepted_total", "counter",
	    "Client connections accepted." },
	[COUNT_CONNS_REFUSED] = { "connections_refused_total", "counter",
	    "Client connections refused over a limit." },
	[COUNT_RATE_LIMITED] = { "rate_limited_total", "counter",
	    "Calls refused because their key's bucket was empty." },
	[COUNT_WORKERS] = { "workers", "gauge", "Worker processes." },
	[COUNT_WORKER_RESTARTS] = { "worker_restarts_total", "counter",
	    "Worker processes started anew after an unexpected end." },
};

static const char *const methods[] = { "GET", "HEAD", "POST", "PUT",
    "DELETE", "PATCH", "OPTIONS", "OTHER" };

static void
head(struct buf *out, const char *name, const char *type, const char *help)
{
	buf_addf(out, "# HELP " PREFIX "%s %s\n# TYPE " PREFIX "%s %s\n",
	    name, help, name, type);
}

/* A label's value: '\', '"' and line feeds are escaped; what is not ASCII
 * text has no business here. */
static void
put_value(struct buf *out, const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\\' || s[i] == '"')
			buf_addc(out, '\\');
		buf_addc(out, s[i] >= ' ' && s[i] <= '~' ? s[i] : '?');
	}
}

static void
put_seconds(struct buf *out, uint64_t us)
{
	buf_addf(out, "%llu.%06llu\n", (unsigned long long)(us / 1000000),
	    (unsigned long long)(us % 1000000));
}

/* A histogram summed over the parts. */
struct sum {
	uint64_t	bucket[BOARD_BUCKETS + 1];
	uint64_t	count;
	uint64_t	us;
};

static void
sum_add(struct sum *sum, const struct board_histogram *h)
{
	uint64_t n;

	for (size_t i = 0; i <= BOARD_BUCKETS; i++) {
		n = LOAD(&h->bucket[i]);
		sum->bucket[i] += n;
		sum->count += n;
	}
	sum->us += LOAD(&h->sum_us);
}

static struct sum
sum_request(const struct board *b, unsigned at)
{
	struct sum sum = { { 0 }, 0, 0 };

	for (unsigned i = 0; i < b->parts; i++)
		sum_add(&sum, &b->shared->part[i].request[at]);
	return sum;
}

/* labels: "a=\"b\"," or "". */
static void
put_histogram(struct buf *out, const char *name, const char *labels,
    const struct sum *sum)
{
	size_t n = strlen(labels);
	uint64_t below = 0;
	char own[256] = "";

	for (size_t i = 0; i < BOARD_BUCKETS; i++) {
		below += sum->bucket[i];
		buf_addf(out, PREFIX "%s_bucket{%sle=\"%s\"} %llu\n", name,
		    labels, board_bounds[i].seconds,
		    (unsigned long long)below);
	}
	if (n > 0)	/* without the comma behind them */
		snprintf(own, sizeof(own), "{%.*s}", (int)n - 1, labels);
	buf_addf(out, PREFIX "%s_bucket{%sle=\"+Inf\"} %llu\n" PREFIX
	    "%s_sum%s ", name, labels, (unsigned long long)sum->count, name,
	    own);
	put_seconds(out, sum->us);
	buf_addf(out, PREFIX "%s_count%s %llu\n", name, own,
	    (unsigned long long)sum->count);
}

/* The labels of the request series at, with a comma at their end; 0 where
 * there is no such series. */
static int
request_labels(const struct board *b, unsigned at,
    const char *(*route_name)(unsigned), char *text, size_t size)
{
	enum http_method m;
	unsigned route;
	int status;
	uint64_t id;

	if (at == BOARD_REQUESTS) {
		snprintf(text, size,
		    "route=\"other\",method=\"OTHER\",status=\"0\",");
		return 1;
	}
	if ((id = LOAD(&b->shared->request[at].id)) == 0)
		return 0;
	board_request_parts(id, &route, &m, &status);
	snprintf(text, size, "route=\"%s\",method=\"%s\",status=\"%d\",",
	    route_name(route), methods[m < NELEM(methods) ? m :
	    NELEM(methods) - 1], status);
	return 1;
}

static void
put_requests(const struct board *b, const char *(*route_name)(unsigned),
    struct buf *out)
{
	char labels[192];
	struct sum sum;

	head(out, "request_duration_seconds", "histogram",
	    "From the end of a request's head to its answer.");
	for (unsigned at = 0; at <= BOARD_REQUESTS; at++) {
		if (!request_labels(b, at, route_name, labels,
		    sizeof(labels)))
			continue;
		sum = sum_request(b, at);
		if (sum.count > 0)
			put_histogram(out, "request_duration_seconds",
			    labels, &sum);
	}
	head(out, "requests_total", "counter", "Requests answered.");
	for (unsigned at = 0; at <= BOARD_REQUESTS; at++) {
		if (!request_labels(b, at, route_name, labels,
		    sizeof(labels)))
			continue;
		sum = sum_request(b, at);
		if (sum.count > 0)
			buf_addf(out, PREFIX "requests_total{%.*s} %llu\n",
			    (int)strlen(labels) - 1, labels,
			    (unsigned long long)sum.count);
	}
}

/* The two halves of a label's text become two labels. */
static void
put_labelled(struct buf *out, const char *name, const char *first,
    const char *second, const struct board_label *l, uint64_t n)
{
	char text[BOARD_TEXT] = "other\nother";
	size_t len, cut;
	uint64_t word;

	if (n == 0 || (l != NULL && atomic_load_explicit(&l->ready,
	    memory_order_acquire) == 0))
		return;
	for (size_t i = 0; l != NULL && i < BOARD_TEXT / 8; i++) {
		word = LOAD(&l->text[i]);
		memcpy(text + i * 8, &word, 8);
	}
	text[sizeof(text) - 1] = '\0';
	len = strlen(text);
	cut = strcspn(text, "\n");
	buf_addf(out, PREFIX "%s{%s=\"", name, first);
	put_value(out, text, cut);
	buf_addf(out, "\",%s=\"", second);
	if (cut < len)
		put_value(out, text + cut + 1, len - cut - 1);
	buf_addf(out, "\"} %llu\n", (unsigned long long)n);
}

static void
put_statements(const struct board *b, struct buf *out)
{
	const struct board_shared *s = b->shared;
	uint64_t n;

	head(out, "sql_statements_total", "counter",
	    "Statements run, by command and SQLSTATE.");
	for (unsigned at = 0; at <= BOARD_STATEMENTS; at++) {
		n = 0;
		for (unsigned i = 0; i < b->parts; i++)
			n += LOAD(&s->part[i].statement[at]);
		put_labelled(out, "sql_statements_total", "command",
		    "sqlstate", at < BOARD_STATEMENTS ? &s->statement[at] :
		    NULL, n);
	}
}

static void
put_rpcs(const struct board *b, struct buf *out)
{
	const struct board_shared *s = b->shared;
	uint64_t n;

	head(out, "rpc_invocations_total", "counter",
	    "Registered procedures called, by name and HTTP status.");
	for (unsigned at = 0; at <= BOARD_RPCS; at++) {
		n = 0;
		for (unsigned i = 0; i < b->parts; i++)
			n += LOAD(&s->part[i].rpc[at]);
		put_labelled(out, "rpc_invocations_total", "name", "status",
		    at < BOARD_RPCS ? &s->rpc[at] : NULL, n);
	}
}

void
board_metrics(const struct board *b, const char *(*route_name)(unsigned),
    struct buf *out)
{
	struct sum wait = { { 0 }, 0, 0 };

	head(out, "build_info", "gauge", "What was built, from what.");
	buf_addf(out, PREFIX "build_info{version=\"%s\",commit=\"%s\","
	    "build_date=\"%s\"} 1\n", version_number, version_commit,
	    version_build_date);
	put_requests(b, route_name, out);
	put_statements(b, out);
	put_rpcs(b, out);
	for (unsigned i = 0; i < b->parts; i++)
		sum_add(&wait, &b->shared->part[i].pool_wait);
	head(out, "pool_wait_seconds", "histogram",
	    "How long calls waited for a connection to PostgreSQL.");
	put_histogram(out, "pool_wait_seconds", "", &wait);
	for (size_t c = 0; c < COUNTERS; c++) {
		head(out, counters[c].name, counters[c].type,
		    counters[c].help);
		buf_addf(out, PREFIX "%s %lld\n", counters[c].name,
		    (long long)board_get(b, (enum counter)c));
	}
}
