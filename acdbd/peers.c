/*
 * peers.c - see peers.h.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#include "addr.h"
#include "peers.h"

#define BUCKETS		1024	/* chains are short: one node an address */
#define NETWORK_BYTES	8	/* of an IPv6 address */

struct peer {
	uint8_t		 ip[16];
	unsigned	 conns;
	struct peer	*next;
};

struct peers {
	unsigned	 total, each;
	unsigned	 count;
	uint64_t	 seed;
	struct peer	*bucket[BUCKETS];
};

struct peers *
peers_new(unsigned total, unsigned each)
{
	struct peers *p;

	if ((p = calloc(1, sizeof(*p))) == NULL)
		return NULL;
	p->total = total;
	p->each = each;
	/* Only evens out the chains: a poor seed is no more than slow. */
	if (getrandom(&p->seed, sizeof(p->seed), GRND_NONBLOCK) == -1)
		p->seed = (uintptr_t)p;
	return p;
}

void
peers_free(struct peers *p)
{
	struct peer *peer;

	if (p == NULL)
		return;
	for (size_t i = 0; i < BUCKETS; i++)
		while ((peer = p->bucket[i]) != NULL) {
			p->bucket[i] = peer->next;
			free(peer);
		}
	free(p);
}

static struct peer **
bucket(struct peers *p, const uint8_t ip[16])
{
	uint64_t word[2], h;

	memcpy(word, ip, sizeof(word));
	h = (p->seed ^ word[0]) * 0xff51afd7ed558ccdU;
	h = (h ^ h >> 32 ^ word[1]) * 0xc4ceb9fe1a85ec53U;
	return &p->bucket[(h >> 32) % BUCKETS];
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

struct peer *
peers_enter(struct peers *p, const struct sockaddr *sa, bool trusted)
{
	struct peer **head, *peer;
	uint8_t ip[16];

	if (p->count >= p->total)
		return NULL;
	network(sa, ip);
	head = bucket(p, ip);
	for (peer = *head; peer != NULL; peer = peer->next)
		if (memcmp(peer->ip, ip, sizeof(ip)) == 0)
			break;
	if (peer == NULL) {
		if ((peer = calloc(1, sizeof(*peer))) == NULL)
			return NULL;
		memcpy(peer->ip, ip, sizeof(ip));
		peer->next = *head;
		*head = peer;
	} else if (!trusted && p->each > 0 && peer->conns >= p->each)
		return NULL;
	peer->conns++;
	p->count++;
	return peer;
}

void
peers_leave(struct peers *p, struct peer *peer)
{
	struct peer **at;

	if (peer == NULL)
		return;
	p->count--;
	if (--peer->conns > 0)
		return;
	for (at = bucket(p, peer->ip); *at != peer; at = &(*at)->next)
		continue;
	*at = peer->next;
	free(peer);
}

unsigned
peers_count(const struct peers *p)
{
	return p->count;
}
