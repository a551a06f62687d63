/*
 * ask.c - see ask.h.
 *
 * It knows which failures can be tried again without doing anything twice.
 * It must not know where statements come from or how answers are shown.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ask.h"
#include "lib/enc.h"
#include "lib/exitcode.h"
#include "lib/json.h"
#include "lib/secret.h"
#include "problem_doc.h"
#include "stop.h"
#include "words.h"

#define BACKOFF_MS	250
#define BACKOFF_MAX_MS	10000
#define WAIT_MAX_MS	(300 * 1000)	/* whatever Retry-After asks */
#define THROTTLE_MAX	100		/* waits for one statement */
#define GRACE_MS	10000		/* for the gateway to say "timeout" */
#define BODY_MAX	((size_t)512 * 1024 * 1024)

/* What became of one attempt. */
enum fate {
	FATE_DONE,		/* answered: code says how */
	FATE_THROTTLED,		/* not carried out: wait, not counted */
	FATE_BUSY,		/* not carried out: try again */
	FATE_LOST,		/* may have been carried out */
};

struct attempt {
	int	 code;		/* what to exit with, should it end so */
	int	 tries, waits;
	bool	 lost;		/* an earlier one may have been carried out */
};

bool
ask_run_id_valid(const char *s)
{
	size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");

	return n > 0 && n <= ASK_RUN_MAX && s[n] == '\0';
}

void
ask_init(struct ask *q, struct httpc *h, const struct ask_config *c)
{
	uint8_t random[12];

	memset(q, 0, sizeof(*q));
	q->c = *c;
	q->h = h;
	if (c->run_id != NULL)
		snprintf(q->run_id, sizeof(q->run_id), "%s", c->run_id);
	else {
		secret_random(random, sizeof(random));
		enc_hex(q->run_id, random, sizeof(random));
	}
	if (c->timeout_ms > 0)
		httpc_set_timeout(h, c->timeout_ms + GRACE_MS);
	httpc_answer_init(&q->a);
	buf_init(&q->body, BODY_MAX);
}

void
ask_fini(struct ask *q)
{
	httpc_answer_fini(&q->a);
	buf_fini(&q->body);
}

/* A statement's place in its run, and what it says: a rerun with the same
 * run id replays what was done and runs what has been changed since. */
static void
make_key(struct ask *q, const char *sql, size_t n)
{
	uint8_t hash[SECRET_SHA256];
	char hex[2 * SECRET_SHA256 + 1];

	secret_sha256(hash, sql, n);
	enc_hex(hex, hash, sizeof(hash));
	snprintf(q->key, sizeof(q->key), "%s:%" PRIu64 ":%.16s", q->run_id,
	    q->number, hex);
}

static int
make_body(struct ask *q, const char *sql, size_t n, bool read_only)
{
	buf_clear(&q->body);
	buf_adds(&q->body, "{\"sql\":");
	json_put_str(&q->body, sql, n);
	if (read_only)
		buf_adds(&q->body, ",\"read_only\":true");
	if (q->c.timeout_ms > 0)
		buf_addf(&q->body, ",\"timeout_ms\":%" PRId64,
		    q->c.timeout_ms);
	buf_addc(&q->body, '}');
	return buf_failed(&q->body) ? -1 : 0;
}

static enum httpc_result
send_once(struct ask *q)
{
	char line[ASK_KEY_MAX + 32];
	const char *headers[] = { "Content-Type: application/json",
	    "Accept: application/json", NULL, NULL };
	struct httpc_request r = { .method = "POST",
	    .path = "/v1/sql/execute", .headers = headers };

	snprintf(line, sizeof(line), "Idempotency-Key: %s", q->key);
	if (q->key[0] != '\0')
		headers[2] = line;
	r.body = buf_peek(&q->body, &r.nbody);
	return httpc_ask(q->h, &r, &q->a);
}

/* What the gateway says without a SQLSTATE of the key or its role. */
static bool
is_own_refusal(const struct httpc_answer *a)
{
	struct problem_doc d;
	bool own;

	if (problem_doc_read(&d, a) == -1)
		return false;
	own = d.sqlstate[0] == '\0';
	problem_doc_fini(&d);
	return own;
}

static enum fate
judge_status(const struct httpc_answer *a, int *code)
{
	*code = EXIT_REFUSED;
	if (httpc_answer_doubtful(a)) {
		*code = EXIT_UNKNOWN;
		return a->status >= 500 ? FATE_LOST : FATE_DONE;
	} else if (a->status < 300)
		*code = EXIT_OK;
	else if (a->status == 401 || (a->status == 403 && is_own_refusal(a)))
		*code = EXIT_AUTH;
	else if (a->status == 429) {
		*code = EXIT_THROTTLED;
		return FATE_THROTTLED;
	} else if (a->status == 503) {
		*code = EXIT_THROTTLED;
		return FATE_BUSY;
	} else if (httpc_answer_foreign(a))
		*code = EXIT_UNREACHABLE;
	return FATE_DONE;
}

static enum fate
judge(const struct ask *q, enum httpc_result result, int *code)
{
	switch (result) {
	case HTTPC_ANSWER:
		return judge_status(&q->a, code);
	case HTTPC_UNREACHABLE:
		*code = EXIT_UNREACHABLE;
		return FATE_BUSY;
	case HTTPC_UNTRUSTED:
		*code = EXIT_UNREACHABLE;
		return FATE_DONE;
	case HTTPC_LOST:
		*code = q->reads ? EXIT_UNREACHABLE : EXIT_UNKNOWN;
		return q->a.sent ? FATE_LOST : FATE_BUSY;
	case HTTPC_TIMEOUT:
		*code = q->reads || !q->a.sent ? EXIT_UNREACHABLE :
		    EXIT_UNKNOWN;
		return FATE_DONE;
	case HTTPC_INTERRUPTED:
		*code = ASK_INTERRUPTED;
		return FATE_DONE;
	case HTTPC_TOO_LARGE:
	case HTTPC_FAILED:
		break;
	}
	*code = EXIT_LOCAL;
	return FATE_DONE;
}

/* How long to wait before the next attempt; -1: there is none. */
static int64_t
pause_ms(const struct ask *q, struct attempt *t, enum fate fate)
{
	int64_t asked = q->a.retry_after > 0 ? q->a.retry_after * 1000 : 0;
	int64_t most = BACKOFF_MS;
	uint32_t random;

	if (asked > WAIT_MAX_MS)
		asked = WAIT_MAX_MS;
	if (fate == FATE_THROTTLED && q->c.retries > 0)
		return t->waits++ < THROTTLE_MAX ? (asked > 0 ? asked : 1000) :
		    -1;
	if (t->tries >= q->c.retries)
		return -1;
	for (int i = 0; i < t->tries && most < BACKOFF_MAX_MS; i++)
		most *= 2;
	t->tries++;
	secret_random(&random, sizeof(random));
	return asked + random % most;
}

static void
tell_wait(struct ask *q, enum fate fate, int64_t ms)
{
	if (!q->c.verbose && !isatty(STDERR_FILENO))
		return;
	fprintf(stderr, "acdb: %s, trying again in %.1f s\n",
	    fate == FATE_THROTTLED ? "rate limited" :
	    q->a.status != 0 ? "the gateway is busy" :
	    buf_cstr(&q->a.why),
	    (double)ms / 1000);
}

/*
 * What is known at the end.  Where an earlier attempt may have been carried
 * out, only an answer to the same Idempotency-Key settles it, none that did
 * not look at it; a query sent again as
 * read-only settles it unless it was refused as a write (25006).
 */
static int
settled_code(const struct ask *q, const struct attempt *t, enum fate fate)
{
	struct problem_doc d;
	bool wrote = false;

	if (q->reads && t->code == EXIT_UNKNOWN)
		return EXIT_UNREACHABLE;
	if (!t->lost || t->code == ASK_INTERRUPTED)
		return t->code;
	if (fate != FATE_DONE || t->code == EXIT_UNREACHABLE ||
	    t->code == EXIT_AUTH)
		return q->reads ? t->code : EXIT_UNKNOWN;
	if (q->reads && problem_doc_read(&d, &q->a) == 0) {
		wrote = strcmp(d.sqlstate, "25006") == 0;
		problem_doc_fini(&d);
	}
	return wrote ? EXIT_UNKNOWN : t->code;
}

static int
settle(struct ask *q, const struct attempt *t, enum fate fate)
{
	int code = settled_code(q, t, fate);

	q->unknown = code == EXIT_UNKNOWN || (code == ASK_INTERRUPTED &&
	    !q->reads && (t->lost || (fate == FATE_DONE && q->a.sent)));
	return code;
}

static int
ask_until_settled(struct ask *q, const char *sql, size_t n)
{
	struct attempt t = { .code = EXIT_LOCAL };
	enum fate fate;
	int64_t ms;

	for (;;) {
		if (make_body(q, sql, n, q->c.read_only ||
		    (t.lost && q->reads)) == -1) {
			buf_adds(&q->a.why, "out of memory");
			return EXIT_LOCAL;
		}
		fate = judge(q, send_once(q), &t.code);
		t.lost |= fate == FATE_LOST;
		if (fate == FATE_DONE || (ms = pause_ms(q, &t, fate)) == -1)
			return settle(q, &t, fate);
		tell_wait(q, fate, ms);
		if (stop_sleep(ms) == -1) {
			t.code = ASK_INTERRUPTED;
			return settle(q, &t, fate);
		}
	}
}

int
ask_statement(struct ask *q, const char *sql, size_t n)
{
	q->number++;
	q->unknown = false;
	q->reads = q->c.read_only || words_only_read(sql, n);
	q->key[0] = '\0';
	if (!q->reads)
		make_key(q, sql, n);
	return ask_until_settled(q, sql, n);
}

int
ask_misunderstood(struct ask *q, const char *why)
{
	httpc_answer_clear(&q->a, 0);
	buf_adds(&q->a.why, why);
	q->unknown = !q->reads;
	return q->unknown ? EXIT_UNKNOWN : EXIT_LOCAL;
}
