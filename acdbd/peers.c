/*
 * peers.c - see peers.h.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "addr.h"
#include "peers.h"

#define NETWORK_BYTES	8	/* of an IPv6 address */

struct peers {
	struct board	*board;
	unsigned	 total, each;
	unsigned	 count;
};

struct peers *
peers_new(struct board *board, unsigned total, unsigned each)
{
	struct peers *p;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		return NULL;
	p->board = board;
	p->total = total;
	p->each = each;
	return p;
}

void
peers_free(struct peers *p)
{
	free(p);
}

/* What counts as one address. */
static void
network(const struct sockaddr *sa, uint8_t ip[16])
{
	static const uint8_t v4_prefix[12] = { [10] = 0xff, [11] = 0xff };

	addr_ip(sa, ip);
	if (memcmp(ip, v4_prefix, sizeof(v4_prefix)) != 0)
		memset(ip + NETWORK_BYTES, 0, 16 - NETWORK_BYTES);
}

int
peers_enter(struct peers *p, const struct sockaddr *sa, bool trusted)
{
	uint8_t ip[16];
	unsigned at, here;

	if (p->count >= p->total)
		return -1;
	network(sa, ip);
	at = board_peer_slot(p->board, ip);
	here = board_peer_add(p->board, at, 1);
	if (!trusted && p->each > 0 && here > p->each) {
		board_peer_add(p->board, at, -1);
		return -1;
	}
	p->count++;
	return (int)at;
}

void
peers_leave(struct peers *p, int at)
{
	p->count--;
	board_peer_add(p->board, (unsigned)at, -1);
}

unsigned
peers_count(const struct peers *p)
{
	return p->count;
}
