/*
 * test_board.c - counting over several processes, rate limits at a clock of
 * our own, and the metrics text.
 */
#include <math.h>
#include <sys/wait.h>

#include "acdbd/board.h"
#include "acdbd/board_shared.h"
#include "tap.h"

#define SECOND	INT64_C(1000000)

static const uint8_t key_a[16] = { 1 }, key_b[16] = { 2 };
static unsigned left, retry;

static const char *
route_name(unsigned index)
{
	return index == 0 ? "none" : "/v1/me";
}

static const char *
metrics(struct board *b)
{
	static struct buf out;

	buf_fini(&out);
	buf_init(&out, 1 << 22);
	board_metrics(b, route_name, &out);
	return buf_cstr(&out);
}

static void
shows(struct board *b, const char *line)
{
	ok(strstr(metrics(b), line) != NULL, "metrics have: %s", line);
}

static bool
take(struct board *b, const uint8_t *key, int64_t now)
{
	return board_take(b, key, 60, 120, now, &left, &retry);
}

/* How many calls are allowed at this moment. */
static unsigned
drain(struct board *b, const uint8_t *key, double rate, double burst,
    int64_t now)
{
	unsigned n = 0;

	while (n < 100000 && board_take(b, key, rate, burst, now, &left,
	    &retry))
		n++;
	return n;
}

static void
test_bucket(struct board *b)
{
	int64_t t = 1000 * SECOND;

	ok(take(b, key_a, t) && left == 119, "first call leaves 119");
	ok(take(b, key_a, t) && left == 118, "second 118");
	ok(drain(b, key_a, 60, 120, t) == 118, "120 in all");
	ok(left == 0 && retry == 1, "then none, try in a second");
	ok(!take(b, key_a, t + 16000), "not yet after 16 ms");
	ok(take(b, key_a, t + 17000), "one more after 17 ms");
	ok(!take(b, key_a, t + 17000), "and one only");
	ok(take(b, key_b, t) && left == 119, "another key has its own");
	ok(drain(b, key_a, 60, 120, t + 3600 * SECOND) == 120,
	    "after an hour the bucket is full, no fuller");
	ok(!take(b, key_a, t), "a clock that stands still gives nothing");
}

static void
test_rates(struct board *b)
{
	static const uint8_t slow[16] = { 3 }, one[16] = { 4 },
	    fast[16] = { 5 }, raised[16] = { 6 }, vast[16] = { 8 },
	    none[16] = { 9 };
	int64_t t = 5000 * SECOND;

	ok(drain(b, slow, 0.1, 1, t) == 1, "0.1 a second: one");
	ok(retry == 10, "the next in 10 s (%u)", retry);
	ok(!board_take(b, slow, 0.1, 1, t + 9 * SECOND, &left, &retry) &&
	    retry == 1, "after 9 s in 1");
	ok(board_take(b, slow, 0.1, 1, t + 10 * SECOND, &left, &retry) &&
	    left == 0, "after 10 s now");
	ok(drain(b, one, 1, 1.5, t) == 1, "a burst of 1.5 is one call");
	ok(board_take(b, one, 1, 1.5, t + SECOND / 2, &left, &retry),
	    "and the next is due half a second early");
	ok(drain(b, fast, 1e6, 1000, t) == 1000, "a million a second");
	ok(drain(b, fast, 1e6, 1000, t + 1) == 1, "one each microsecond");
	ok(drain(b, raised, 0.001, 100, t) == 100 && retry == 1000,
	    "a very slow key");
	ok(!take(b, raised, t) && retry == 1,
	    "whose limit is raised does not pay for the old one");
	ok(take(b, raised, t + 17000), "but goes on at the new rate");
	ok(!board_take(b, raised, 1e-9, 1e6, t, &left, &retry) || left > 0,
	    "absurd limits do no harm");
	ok(board_take(b, vast, 5e9, 8e9, t, &left, &retry) &&
	    left == UINT32_MAX, "what is left does not fit 32 bits");
	ok(board_take(b, none, (double)NAN, 2, t, &left, &retry) &&
	    left == 1, "no number: the fastest rate there is");
}

/* Sum of the calls allowed to four processes at one moment. */
static void
test_processes(struct board *b)
{
	static const uint8_t key[16] = { 7 };
	unsigned n, sum = 0;
	int p[2], status;

	if (pipe(p) == -1)
		abort();
	for (unsigned i = 0; i < 4; i++) {
		if (fork() != 0)
			continue;
		board_join(b, i);
		n = drain(b, key, 60, 120, 9000 * SECOND);
		for (unsigned k = 0; k < 1000; k++) {
			board_add(b, COUNT_CANCELS, 1);
			board_request(b, 1, HTTP_GET, 200, 700);
			board_statement(b, k % 2 ? "SELECT" : "INSERT",
			    "00000");
		}
		board_add(b, COUNT_CONNS, 5);
		n = write(p[1], &n, sizeof(n)) == (ssize_t)sizeof(n);
		_exit(n ? 0 : 1);
	}
	for (unsigned i = 0; i < 4; i++) {
		ok(wait(&status) > 0 && status == 0, "a process ends");
		if (read(p[0], &n, sizeof(n)) == (ssize_t)sizeof(n))
			sum += n;
	}
	ok(sum == 120, "the limit holds over processes (%u)", sum);
	ok(board_get(b, COUNT_CANCELS) == 4000, "nothing counted is lost");
	ok(board_get(b, COUNT_CONNS) == 20, "gauges add up");
	board_leave(b, 2);
	ok(board_get(b, COUNT_CONNS) == 15, "those of the dead do not");
	ok(board_get(b, COUNT_CANCELS) == 4000, "counters stay");
	shows(b, "agentcoopdb_requests_total{route=\"/v1/me\",method=\"GET\","
	    "status=\"200\"} 4000\n");
	shows(b, "agentcoopdb_sql_statements_total{command=\"SELECT\","
	    "sqlstate=\"00000\"} 2000\n");
	shows(b, "agentcoopdb_request_duration_seconds_sum{route=\"/v1/me\","
	    "method=\"GET\",status=\"200\"} 2.800000\n");
	shows(b, "method=\"GET\",status=\"200\",le=\"0.0005\"} 0\n");
	shows(b, "method=\"GET\",status=\"200\",le=\"0.001\"} 4000\n");
	shows(b, "method=\"GET\",status=\"200\",le=\"+Inf\"} 4000\n");
}

static void
test_buckets(struct board *b)
{
	board_request(b, 0, HTTP_POST, 404, 500);
	board_request(b, 0, HTTP_POST, 404, 501);
	board_request(b, 0, HTTP_POST, 404, -3);
	board_request(b, 0, HTTP_POST, 404, 60 * SECOND);
	shows(b, "route=\"none\",method=\"POST\",status=\"404\","
	    "le=\"0.0005\"} 2\n");
	shows(b, "status=\"404\",le=\"0.001\"} 3\n");
	shows(b, "status=\"404\",le=\"10\"} 3\n");
	shows(b, "status=\"404\",le=\"+Inf\"} 4\n");
	shows(b, "agentcoopdb_request_duration_seconds_count{route=\"none\","
	    "method=\"POST\",status=\"404\"} 4\n");
	shows(b, "# TYPE agentcoopdb_request_duration_seconds histogram\n");
	shows(b, "agentcoopdb_pool_wait_seconds_bucket{le=\"+Inf\"} 0\n");
	board_pool_wait(b, 1500000);
	shows(b, "agentcoopdb_pool_wait_seconds_sum 1.500000\n");
	shows(b, "agentcoopdb_build_info{version=\"");
}

static void
test_labels(struct board *b)
{
	char name[32];

	board_rpc(b, "say \"hi\"\\\x01", 200);
	shows(b, "agentcoopdb_rpc_invocations_total{name=\"say "
	    "\\\"hi\\\"\\\\?\",status=\"200\"} 1\n");
	for (int i = 0; i < 5000; i++) {
		snprintf(name, sizeof(name), "P%04d", i);
		board_statement(b, "DO", name);
		board_rpc(b, name, 404);
	}
	shows(b, "command=\"DO\",sqlstate=\"P0000\"} 1\n");
	shows(b, "agentcoopdb_sql_statements_total{command=\"other\","
	    "sqlstate=\"other\"} ");
	shows(b, "agentcoopdb_rpc_invocations_total{name=\"other\","
	    "status=\"other\"} ");
}

/* More keys than slots: none is refused by another's calls. */
static void
test_crowd(struct board *b)
{
	uint8_t key[16] = { 0 };
	unsigned refused = 0;
	int64_t t = 90000 * SECOND;

	for (uint32_t i = 0; i < 2 * BOARD_RATES; i++) {
		memcpy(key + 4, &i, sizeof(i));
		if (!take(b, key, t) || left != 119)
			refused++;
	}
	ok(refused == 0, "every one of many keys has its bucket");
	for (uint32_t i = 0; i < 1000; i++) {
		memcpy(key + 4, &i, sizeof(i));
		if (drain(b, key, 60, 120, t + 10 * SECOND) != 120)
			refused++;
	}
	ok(refused == 0, "keys at rest give way to those that call");
}

/* Every line is a comment or name{labels} number, every name has a TYPE in
 * front of it, and no series stands there twice. */
static void
test_format(struct board *b)
{
	char *text = strdup(metrics(b)), *line, *next, *space, *seen;
	char type[128];
	size_t bad = 0, n = 0;

	for (line = text; *line != '\0'; line = next) {
		next = strchr(line, '\n');
		*next++ = '\0';
		if (strncmp(line, "# TYPE ", 7) == 0)
			snprintf(type, sizeof(type), "%.*s",
			    (int)strcspn(line + 7, " "), line + 7);
		if (line[0] == '#')
			continue;
		n++;
		space = strrchr(line, ' ');
		if (strncmp(line, type, strlen(type)) != 0 || space == NULL ||
		    space[1 + strspn(space + 1, "0123456789.")] != '\0')
			bad++;
		*space = '\0';
		seen = strstr(metrics(b), line);
		if (n % 50 == 0 && seen != NULL && strstr(seen + 1, line) !=
		    NULL && strchr(line, '{') != NULL)
			bad++;
	}
	ok(bad == 0 && n > 100, "%zu lines, all well formed", n);
	free(text);
}

int
main(void)
{
	struct board *b = board_new(4);

	ok(b != NULL, "a board");
	board_set_log_level(b, LOG_DEBUG);
	ok(board_log_level(b) == LOG_DEBUG, "the log level");
	test_bucket(b);
	test_rates(b);
	test_processes(b);
	test_buckets(b);
	test_labels(b);
	test_format(b);
	test_crowd(b);
	board_free(b);
	board_free(NULL);
	return done();
}
