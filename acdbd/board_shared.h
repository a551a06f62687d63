/*
 * board_shared.h - the board's memory, between board*.c and nobody else.
 *
 * Everything shared is zero at birth and every word of it is atomic.
 * Counts are kept in one part for each process, which alone writes there;
 * readers add the parts up.  Names of series are claimed in tables that all
 * share, so that a series has the same index in every part.
 */
#ifndef BOARD_SHARED_H
#define BOARD_SHARED_H

#include <stdatomic.h>
#include <stdint.h>

#include "board.h"

#define BOARD_BUCKETS	14	/* and one more for +Inf */
#define BOARD_REQUESTS	1024	/* series of each kind, a power of two */
#define BOARD_STATEMENTS 512
#define BOARD_RPCS	256
#define BOARD_TEXT	80	/* bytes of a label's text and a NUL */
#define BOARD_RATES	65536	/* keys whose rate is known at once */
#define BOARD_PEERS	16384	/* slots of clients' addresses */

struct board_histogram {
	_Atomic uint64_t	bucket[BOARD_BUCKETS + 1];
	_Atomic uint64_t	sum_us;
};

/* A series' labels.  id is 0 while the slot is free; the text is valid once
 * ready is set. */
struct board_label {
	_Atomic uint64_t	id;
	_Atomic uint64_t	text[BOARD_TEXT / 8];
	_Atomic uint32_t	ready;
};

/* What one process counts.  Index [the table's size] is "other". */
struct board_part {
	_Alignas(64) _Atomic int64_t counter[COUNTERS];
	struct board_histogram	pool_wait;
	_Atomic uint64_t	statement[BOARD_STATEMENTS + 1];
	_Atomic uint64_t	rpc[BOARD_RPCS + 1];
	_Atomic int32_t		peers[BOARD_PEERS];
	struct board_histogram	request[BOARD_REQUESTS + 1];
};

struct board_rate {
	_Atomic uint64_t	tag;	/* which key; 0: free */
	_Atomic int64_t		tat;	/* nanoseconds: board_rate.c */
};

struct board_shared {
	_Atomic int		log_level;
	uint64_t		seed;	/* set before the fork */
	struct board_label	request[BOARD_REQUESTS];
	struct board_label	statement[BOARD_STATEMENTS];
	struct board_label	rpc[BOARD_RPCS];
	struct board_rate	rate[BOARD_RATES];
	struct board_part	part[];
};

struct board {
	struct board_shared	*shared;
	size_t			 size;
	unsigned		 parts;		/* workers, and the master */
	struct board_part	*own;
};

/* Upper bounds of the buckets. */
struct board_bound {
	int64_t		 us;
	const char	*seconds;
};
extern const struct board_bound board_bounds[BOARD_BUCKETS];

/* The request series' id and back. */
uint64_t board_request_id(unsigned route, enum http_method m, int status);
void	 board_request_parts(uint64_t id, unsigned *route,
	    enum http_method *m, int *status);

/* Never 0.  The seed keeps others from choosing what meets in one slot. */
uint64_t board_hash(const struct board_shared *s, const uint8_t key[16]);

/* See board_take(). */
bool	 board_rate_take(struct board_shared *s, const uint8_t key[16],
	    double rate, double burst, int64_t now_us, unsigned *remaining,
	    unsigned *retry_after);

#endif
