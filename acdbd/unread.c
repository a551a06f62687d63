/*
 * unread.c - see unread.h.  Most answers leave at once and are never seen
 * here.
 */
#include <stdlib.h>
#include <string.h>

#include "unread.h"

#define BUCKETS	256

struct share {
	struct share	*next;
	struct unread	*of;
	uint8_t		 ws[UUID_LEN];
	size_t		 bytes;
	unsigned	 answers;
};

struct unread {
	size_t		 most;
	struct share	*bucket[BUCKETS];
};

struct unread_answer {
	struct share	*share;
	size_t		 n;
};

struct unread *
unread_new(size_t most)
{
	struct unread *u;

	if ((u = calloc(1, sizeof(*u))) != NULL)
		u->most = most;
	return u;
}

void
unread_free(struct unread *u)
{
	free(u);
}

/* Where the share of ws is, or would stand.  The last byte of a UUID is
 * random in every version that is given out. */
static struct share **
find(struct unread *u, const uint8_t ws[UUID_LEN])
{
	struct share **at = &u->bucket[ws[UUID_LEN - 1]];

	while (*at != NULL && memcmp((*at)->ws, ws, UUID_LEN) != 0)
		at = &(*at)->next;
	return at;
}

bool
unread_full(const struct unread *u, const uint8_t ws[UUID_LEN])
{
	const struct share *s;

	if (u == NULL)
		return false;
	s = u->bucket[ws[UUID_LEN - 1]];
	while (s != NULL && memcmp(s->ws, ws, UUID_LEN) != 0)
		s = s->next;
	return s != NULL && s->bytes >= u->most;
}

struct unread_answer *
unread_add(struct unread *u, const uint8_t ws[UUID_LEN], size_t n)
{
	struct share **at;
	struct unread_answer *a;

	if (u == NULL || (a = malloc(sizeof(*a))) == NULL)
		return NULL;
	at = find(u, ws);
	if (*at == NULL) {
		if ((*at = calloc(1, sizeof(**at))) == NULL) {
			free(a);
			return NULL;
		}
		memcpy((*at)->ws, ws, UUID_LEN);
		(*at)->of = u;
	}
	a->share = *at;
	a->n = n;
	a->share->bytes += n;
	a->share->answers++;
	return a;
}

void
unread_end(struct unread_answer *a)
{
	struct share *s, **at;

	if (a == NULL)
		return;
	s = a->share;
	s->bytes -= a->n;
	if (--s->answers == 0) {
		at = find(s->of, s->ws);
		*at = s->next;
		free(s);
	}
	free(a);
}
