/*
 * board.h - what the workers share: counters, histograms and rate limits,
 * in memory mapped before the fork.  Lock-free: every word is atomic, a
 * reader may see one counter a moment older than another.
 */
#ifndef BOARD_H
#define BOARD_H

#include <stdbool.h>
#include <stdint.h>

#include "http.h"
#include "lib/buf.h"
#include "lib/cdefs.h"
#include "lib/log.h"

struct board;

/* Mapped shared and zeroed.  NULL with errno when memory is out. */
struct board *board_new(unsigned workers) MUST_CHECK;
void	 board_free(struct board *b);

/* Write into the part of worker index (0 .. workers - 1) from now on: each
 * process has its own, so that no counter is fought over. */
void	 board_join(struct board *b, unsigned index);

/* Worker index is gone: its gauges and its clients are void, its
 * counters stay. */
void	 board_leave(struct board *b, unsigned index);

/* Client connections by address, over all workers.  Addresses (16 bytes) share
 * the slots by a secret hash: two that meet in one are counted as one.  Add n
 * of this process, and return how many the slot then has. */
unsigned board_peer_slot(const struct board *b, const uint8_t ip[16]);
unsigned board_peer_add(struct board *b, unsigned slot, int n);

/* What the master tells the workers besides signals. */
void	 board_set_log_level(struct board *b, enum log_level level);
enum log_level board_log_level(const struct board *b);

/* Plain counters and gauges; board_metrics.c knows their names and help. */
enum counter {
	COUNT_IDEMPOTENCY_HITS,
	COUNT_IDEMPOTENCY_MISSES,
	COUNT_AUDIT_SKIPPED,
	COUNT_AUTH_CACHE_SIZE,		/* gauge, summed over the workers */
	COUNT_AUTH_CACHE_HITS,
	COUNT_AUTH_CACHE_MISSES,
	COUNT_POOL_CONNS,		/* gauge */
	COUNT_POOL_BUSY,		/* gauge */
	COUNT_POOL_WAITING,		/* gauge */
	COUNT_POOL_TIMEOUTS,
	COUNT_CANCELS,
	COUNT_CONNS,			/* gauge: client connections */
	COUNT_CONNS_ACCEPTED,
	COUNT_CONNS_REFUSED,
	COUNT_RATE_LIMITED,
	COUNT_WORKERS,			/* gauge */
	COUNT_WORKER_RESTARTS,
	COUNTERS
};

void	 board_add(struct board *b, enum counter c, int64_t n);
int64_t	 board_get(const struct board *b, enum counter c);

/* One answered request.  route is a small index (route.h). */
void	 board_request(struct board *b, unsigned route, enum http_method m,
	    int status, int64_t duration_us);

/* One statement: the command's tag and the SQLSTATE ("00000"). */
void	 board_statement(struct board *b, const char *command,
	    const char *sqlstate);

/* One RPC. */
void	 board_rpc(struct board *b, const char *name, int status);

/* How long requests waited for a connection to PostgreSQL. */
void	 board_pool_wait(struct board *b, int64_t us);

/* The Prometheus text format (version 0.0.4), names of the contract.  The
 * board knows routes by number; route_name tells their patterns. */
void	 board_metrics(const struct board *b,
	    const char *(*route_name)(unsigned), struct buf *out);

/* Rate limits, by GCRA: one atomic word a key, so that the limit holds over
 * all workers.  Take one call from the bucket of the 16-byte key: rate per
 * second (> 0), burst calls at once.  Returns true when allowed; *remaining
 * is what is left in the bucket, *retry_after whole seconds (at least 1)
 * until one more is. */
bool	 board_take(struct board *b, const uint8_t key[16], double rate,
	    double burst, int64_t now_us, unsigned *remaining,
	    unsigned *retry_after);

#endif
