/*
 * board.c - see board.h: the mapping, and counting on it.
 *
 * It must not know what is counted, nor how it is shown (board_metrics.c).
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>

#include "board.h"
#include "board_shared.h"

#define PROBES	32	/* slots looked at before a label is "other" */

#define ADD(word, n)	\
	atomic_fetch_add_explicit((word), (n), memory_order_relaxed)
#define LOAD(word)	atomic_load_explicit((word), memory_order_relaxed)

const struct board_bound board_bounds[BOARD_BUCKETS] = {
	{ 500, "0.0005" }, { 1000, "0.001" }, { 2500, "0.0025" },
	{ 5000, "0.005" }, { 10000, "0.01" }, { 25000, "0.025" },
	{ 50000, "0.05" }, { 100000, "0.1" }, { 250000, "0.25" },
	{ 500000, "0.5" }, { 1000000, "1" }, { 2500000, "2.5" },
	{ 5000000, "5" }, { 10000000, "10" },
};

struct board *
board_new(unsigned workers)
{
	struct board *b;

	if ((b = calloc(1, sizeof(*b))) == NULL)
		return NULL;
	b->parts = workers + 1;
	b->size = sizeof(*b->shared) + b->parts * sizeof(*b->own);
	b->shared = mmap(NULL, b->size, PROT_READ | PROT_WRITE,
	    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	if (b->shared == MAP_FAILED)
		goto free_board;
	if (getrandom(&b->shared->seed, sizeof(b->shared->seed), 0) !=
	    (ssize_t)sizeof(b->shared->seed))
		goto unmap;
	board_join(b, workers);
	board_set_log_level(b, log_get_level());
	return b;
unmap:
	munmap(b->shared, b->size);
free_board:
	free(b);
	return NULL;
}

void
board_free(struct board *b)
{
	if (b == NULL)
		return;
	munmap(b->shared, b->size);
	free(b);
}

void
board_join(struct board *b, unsigned index)
{
	b->own = &b->shared->part[index];
}

void
board_leave(struct board *b, unsigned index)
{
	static const enum counter gauges[] = { COUNT_AUTH_CACHE_SIZE,
	    COUNT_POOL_CONNS, COUNT_POOL_BUSY, COUNT_POOL_WAITING,
	    COUNT_CONNS, COUNT_WORKERS };

	for (size_t i = 0; i < NELEM(gauges); i++)
		atomic_store(&b->shared->part[index].counter[gauges[i]], 0);
	for (size_t i = 0; i < BOARD_PEERS; i++)
		atomic_store(&b->shared->part[index].peers[i], 0);
}

uint64_t
board_hash(const struct board_shared *s, const uint8_t key[16])
{
	uint64_t word[2], h = s->seed;

	memcpy(word, key, sizeof(word));
	for (size_t i = 0; i < 2; i++) {
		h = (h ^ word[i]) * 0xff51afd7ed558ccdU;
		h ^= h >> 32;
		h *= 0xc4ceb9fe1a85ec53U;
		h ^= h >> 29;
	}
	return h == 0 ? 1 : h;
}

unsigned
board_peer_slot(const struct board *b, const uint8_t ip[16])
{
	return (unsigned)(board_hash(b->shared, ip) % BOARD_PEERS);
}

unsigned
board_peer_add(struct board *b, unsigned slot, int n)
{
	int sum = 0;

	/* Not relaxed: of two that add at once, one sees both. */
	atomic_fetch_add(&b->own->peers[slot], n);
	for (unsigned i = 0; i < b->parts; i++)
		sum += atomic_load(&b->shared->part[i].peers[slot]);
	return sum < 0 ? 0 : (unsigned)sum;
}

void
board_set_log_level(struct board *b, enum log_level level)
{
	atomic_store(&b->shared->log_level, (int)level);
}

enum log_level
board_log_level(const struct board *b)
{
	return (enum log_level)atomic_load(&b->shared->log_level);
}

void
board_add(struct board *b, enum counter c, int64_t n)
{
	ADD(&b->own->counter[c], n);
}

int64_t
board_get(const struct board *b, enum counter c)
{
	int64_t sum = 0;

	for (unsigned i = 0; i < b->parts; i++)
		sum += LOAD(&b->shared->part[i].counter[c]);
	return sum;
}

static void
observe(struct board_histogram *h, int64_t us)
{
	size_t i = 0;

	if (us < 0)
		us = 0;
	while (i < BOARD_BUCKETS && us > board_bounds[i].us)
		i++;
	ADD(&h->bucket[i], 1);
	ADD(&h->sum_us, (uint64_t)us);
}

/*
 * The index of the label in a table of n slots; n, "other", where the
 * table is full.  Whoever finds a label not ready writes its text too: all
 * write the same, and a process that dies half way leaves nothing stuck.
 */
static unsigned
label(struct board_label *table, unsigned n, uint64_t id, const char *text)
{
	uint64_t seen, words[BOARD_TEXT / 8] = { 0 };
	unsigned at = (unsigned)((id * 0x9e3779b97f4a7c15U) >> 32);
	struct board_label *l = NULL;
	unsigned i;

	for (i = 0; i < PROBES; i++, at++) {
		l = &table[at % n];
		seen = LOAD(&l->id);
		if (seen == id || (seen == 0 &&
		    atomic_compare_exchange_strong(&l->id, &seen, id)) ||
		    seen == id)
			break;
	}
	if (i == PROBES)
		return n;
	if (atomic_load_explicit(&l->ready, memory_order_acquire) == 0) {
		memcpy(words, text, strnlen(text, BOARD_TEXT - 1));
		for (size_t w = 0; w < NELEM(words); w++)
			atomic_store_explicit(&l->text[w], words[w],
			    memory_order_relaxed);
		atomic_store_explicit(&l->ready, 1, memory_order_release);
	}
	return at % n;
}

/* FNV-1a.  Two labels of one hash would be counted as one. */
static uint64_t
hash(const char *text)
{
	uint64_t h = 0xcbf29ce484222325U;

	for (; *text != '\0'; text++)
		h = (h ^ (unsigned char)*text) * 0x100000001b3U;
	return h | 1;
}

uint64_t
board_request_id(unsigned route, enum http_method m, int status)
{
	return UINT64_C(1) << 63 | (uint64_t)route << 32 |
	    (uint64_t)m << 16 | (uint16_t)status;
}

void
board_request_parts(uint64_t id, unsigned *route, enum http_method *m,
    int *status)
{
	*route = (unsigned)(id >> 32 & 0x7fffffff);
	*m = (enum http_method)(id >> 16 & 0xffff);
	*status = (int)(id & 0xffff);
}

void
board_request(struct board *b, unsigned route, enum http_method m,
    int status, int64_t duration_us)
{
	unsigned i = label(b->shared->request, BOARD_REQUESTS,
	    board_request_id(route, m, status), "");

	observe(&b->own->request[i], duration_us);
}

void
board_statement(struct board *b, const char *command, const char *sqlstate)
{
	char text[BOARD_TEXT];

	snprintf(text, sizeof(text), "%.60s\n%.5s", command, sqlstate);
	ADD(&b->own->statement[label(b->shared->statement, BOARD_STATEMENTS,
	    hash(text), text)], 1);
}

void
board_rpc(struct board *b, const char *name, int status)
{
	char text[BOARD_TEXT];

	snprintf(text, sizeof(text), "%.63s\n%d", name, status);
	ADD(&b->own->rpc[label(b->shared->rpc, BOARD_RPCS, hash(text),
	    text)], 1);
}

void
board_pool_wait(struct board *b, int64_t us)
{
	observe(&b->own->pool_wait, us);
}

bool
board_take(struct board *b, const uint8_t key[16], double rate, double burst,
    int64_t now_us, unsigned *remaining, unsigned *retry_after)
{
	return board_rate_take(b->shared, key, rate, burst, now_us,
	    remaining, retry_after);
}
