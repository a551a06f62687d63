/*
 * keys.c - see keys.h.
 *
 * The secret itself is hashed at once and never kept.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "audit.h"
#include "board.h"
#include "ctl.h"
#include "keys.h"
#include "lib/log.h"
#include "lib/secret.h"
#include "pgproblem.h"
#include "worker.h"

#define BUCKETS	4096	/* a power of two */

struct entry {
	struct entry	*next;		/* in its bucket */
	struct entry	*newer, *older;	/* by use */
	uint8_t		 hash[SECRET_SHA256];
	struct principal who;
	int64_t		 expires_us;	/* wall clock; INT64_MAX: never */
	int64_t		 remembered;	/* loop_now() */
	bool		 used;		/* since it was last written down */
	bool		 bound;		/* good for this address alone: */
	char		 peer[INET6_ADDRSTRLEN];
};

struct keys {
	struct worker	*w;
	struct entry	*bucket[BUCKETS];
	struct entry	*newest, *oldest;
	int64_t		 n;
	uint64_t	 generation;	/* goes up with every change heard of */
};

/* One lookup under way, the state of a request that waits for it. */
struct lookup {
	struct ctl_query q;
	struct req	*r;		/* NULL: gone */
	struct apikey	 key;		/* secret wiped */
	uint8_t		 hash[SECRET_SHA256];
	uint64_t	 generation;	/* when it was asked */
};

static const char lookup_sql[] =
    "SELECT k.id, k.workspace_id, k.secret_hash, k.env, k.pg_role,"
    " k.read_only, k.rate_per_second, k.rate_burst,"
    " (extract(epoch FROM k.expires_at) * 1000000)::int8,"
    " k.revoked_at IS NOT NULL OR w.archived_at IS NOT NULL"
    "  OR k.expires_at <= pg_catalog.now(),"
    " k.allow_from IS NULL OR EXISTS (SELECT FROM"
    "  pg_catalog.unnest(k.allow_from) a WHERE $2::inet <<= a), k.ungated,"
    " k.allow_from IS NOT NULL, coalesce(k.rate_of, k.id)"
    " FROM acdb.api_keys k JOIN acdb.workspaces w ON w.id = k.workspace_id"
    " WHERE k.key_id = $1";

static size_t
bucket_of(const char *key_id)
{
	uint32_t h = 2166136261u;

	for (; *key_id != '\0'; key_id++)
		h = (h ^ (uint8_t)*key_id) * 16777619u;
	return h & (BUCKETS - 1);
}

static struct entry *
find(struct keys *k, const char *key_id)
{
	struct entry *e;

	for (e = k->bucket[bucket_of(key_id)]; e != NULL; e = e->next)
		if (strcmp(e->who.key_id, key_id) == 0)
			return e;
	return NULL;
}

static void
unlink_use(struct keys *k, struct entry *e)
{
	*(e->newer != NULL ? &e->newer->older : &k->newest) = e->older;
	*(e->older != NULL ? &e->older->newer : &k->oldest) = e->newer;
}

static void
link_newest(struct keys *k, struct entry *e)
{
	e->newer = NULL;
	e->older = k->newest;
	*(k->newest != NULL ? &k->newest->newer : &k->oldest) = e;
	k->newest = e;
}

static void
forget(struct keys *k, struct entry *e)
{
	struct entry **p = &k->bucket[bucket_of(e->who.key_id)];

	while (*p != e)
		p = &(*p)->next;
	*p = e->next;
	unlink_use(k, e);
	k->n--;
	board_add(k->w->board, COUNT_AUTH_CACHE_SIZE, -1);
	secret_wipe(e, sizeof(*e));
	free(e);
}

void
keys_changed(struct keys *k, const char *key_id)
{
	struct entry *e = find(k, key_id);

	k->generation++;
	if (e != NULL)
		forget(k, e);
}

void
keys_flush(struct keys *k)
{
	k->generation++;
	while (k->oldest != NULL)
		forget(k, k->oldest);
}

/* peer: whom the key was asked for; NULL: it may come from anywhere. */
static void
remember(struct keys *k, const struct principal *who, const uint8_t *hash,
    int64_t expires_us, const char *peer)
{
	struct entry *e = find(k, who->key_id);

	if (e != NULL)
		forget(k, e);
	if (k->w->conf->auth_cache_size == 0)
		return;
	while (k->n >= k->w->conf->auth_cache_size)
		forget(k, k->oldest);
	if ((e = calloc(1, sizeof(*e))) == NULL)
		return;
	e->who = *who;
	memcpy(e->hash, hash, sizeof(e->hash));
	e->expires_us = expires_us;
	e->remembered = loop_now(k->w->loop);
	e->used = true;
	e->bound = peer != NULL;
	if (peer != NULL)
		snprintf(e->peer, sizeof(e->peer), "%s", peer);
	e->next = k->bucket[bucket_of(who->key_id)];
	k->bucket[bucket_of(who->key_id)] = e;
	link_newest(k, e);
	k->n++;
	board_add(k->w->board, COUNT_AUTH_CACHE_SIZE, 1);
}

int
keys_used(struct keys *k, struct buf *ids)
{
	int n = 0;

	for (struct entry *e = k->newest; e != NULL; e = e->older) {
		if (!e->used || buf_room(ids) < 2 * APIKEY_ID)
			continue;
		/* base64url needs no quoting in an array literal */
		buf_addf(ids, "%s%s", n++ > 0 ? "," : "", e->who.key_id);
		e->used = false;
	}
	return n;
}

struct keys *
keys_new(struct worker *w)
{
	struct keys *k = calloc(1, sizeof(*k));

	if (k != NULL)
		k->w = w;
	return k;
}

void
keys_free(struct keys *k)
{
	if (k == NULL)
		return;
	keys_flush(k);
	free(k);
}

/* "Bearer <key>", or the bare key.  Returns 0, or -1. */
static int
read_key(const struct req *r, struct apikey *key)
{
	const struct slice *s = http_header(&r->head, "authorization");
	const char *p;
	size_t n;

	if (s == NULL || http_header_repeated(&r->head, "authorization"))
		return -1;
	p = s->p;
	n = s->n;
	if (n > 7 && strncasecmp(p, "Bearer ", 7) == 0) {
		p += 7;
		n -= 7;
		while (n > 0 && *p == ' ') {
			p++;
			n--;
		}
	}
	return apikey_parse(key, p, n);
}

static enum verdict
refuse(struct req *r, const char *title, const char *detail)
{
	problem_set(&r->why, 401, title, "%s", detail);
	return STEP_REFUSE;
}

static int
bytes_from_hex(uint8_t *out, size_t n, const char *text)
{
	/* bytea_output is hex: \x and two digits a byte. */
	if (strncmp(text, "\\x", 2) != 0 || strlen(text) != 2 + 2 * n)
		return -1;
	return enc_unhex(out, text + 2, n);
}

static double
number_or(const PGresult *res, int column, double otherwise)
{
	return PQgetisnull(res, 0, column) ? otherwise :
	    strtod(PQgetvalue(res, 0, column), NULL);
}

static bool
is_true(const PGresult *res, int column)
{
	return PQgetvalue(res, 0, column)[0] == 't';
}

/*
 * What the database says of the key.  Returns 0 with the principal, or -1
 * with the title of the refusal.  A row's absence and a wrong secret take
 * the same path.
 */
static int
judge(struct lookup *l, const PGresult *res, const struct conf *conf,
    struct principal *who, int64_t *expires_us, const char **title)
{
	uint8_t stored[SECRET_SHA256] = { 0 };
	bool found = PQntuples(res) == 1 &&
	    bytes_from_hex(stored, sizeof(stored), PQgetvalue(res, 0, 2)) == 0;
	bool right = secret_equal(stored, l->hash, sizeof(stored));
	const char *uuid;

	*title = "invalid_api_key";
	if (!found || !right ||
	    strcmp(PQgetvalue(res, 0, 3), l->key.env) != 0)
		return -1;
	memset(who, 0, sizeof(*who));
	uuid = PQgetvalue(res, 0, 0);
	if (uuid_parse(who->key_uuid, uuid, strlen(uuid)) == -1)
		return -1;
	uuid = PQgetvalue(res, 0, 1);
	if (uuid_parse(who->workspace, uuid, strlen(uuid)) == -1)
		return -1;
	uuid_text(who->workspace_text, who->workspace);
	uuid = PQgetvalue(res, 0, 13);
	if (uuid_parse(who->rate_of, uuid, strlen(uuid)) == -1)
		return -1;
	memcpy(who->key_id, l->key.id, sizeof(who->key_id));
	memcpy(who->env, l->key.env, sizeof(who->env));
	if (strlen(PQgetvalue(res, 0, 4)) > ROLE_MAX)
		return -1;
	strncpy(who->role, PQgetvalue(res, 0, 4), ROLE_MAX);
	who->read_only = is_true(res, 5);
	who->rate = number_or(res, 6, conf->rate_per_second);
	who->burst = number_or(res, 7, PQgetisnull(res, 0, 6) ?
	    conf->rate_burst : 2 * who->rate);
	*expires_us = PQgetisnull(res, 0, 8) ? INT64_MAX :
	    strtoll(PQgetvalue(res, 0, 8), NULL, 10);
	*title = "key_inactive";
	if (is_true(res, 9))
		return -1;
	*title = "address_not_allowed";
	if (!is_true(res, 10))
		return -1;
	who->ungated = is_true(res, 11);
	who->known = true;
	return 0;
}

static void
on_lookup(struct ctl_query *q, PGresult *res)
{
	struct lookup *l = (struct lookup *)(void *)q;
	struct req *r = l->r;
	struct principal who;
	const char *title;
	int64_t expires_us;

	if (r == NULL)
		goto free_lookup;
	if (res == NULL || PQresultStatus(res) != PGRES_TUPLES_OK) {
		pgproblem_unavailable(&r->why);
	} else if (judge(l, res, r->w->conf, &who, &expires_us, &title) == 0) {
		r->who = who;
		/* What changed since it was asked may be newer than this. */
		if (l->generation == r->w->keys->generation)
			remember(r->w->keys, &who, l->hash, expires_us,
			    is_true(res, 12) ? r->peer : NULL);
	} else if (strcmp(title, "key_inactive") == 0) {
		refuse(r, title, "the API key was revoked or has expired");
	} else if (strcmp(title, "address_not_allowed") == 0) {
		problem_set(&r->why, 403, "permission_denied",
		    "the API key may not be used from this address");
	} else
		refuse(r, title, "no such API key, or a wrong secret");
	/* Should the client go before the step runs again, the story's end
	 * must not find this where it looks for its own state. */
	r->state = NULL;
	req_wake(r);
 free_lookup:
	secret_wipe(l, sizeof(*l));
	free(l);
}

static void
abandon_lookup(struct req *r)
{
	struct lookup *l = r->state;

	r->state = NULL;
	l->r = NULL;			/* on_lookup() frees it */
}

static enum verdict
start_lookup(struct req *r, const struct apikey *key, const uint8_t *hash)
{
	struct lookup *l;
	const char *params[2] = { key->id, NULL };

	board_add(r->w->board, COUNT_AUTH_CACHE_MISSES, 1);
	if ((l = calloc(1, sizeof(*l))) == NULL) {
		problem_internal(&r->why);
		return STEP_REFUSE;
	}
	l->q.done = on_lookup;
	l->r = r;
	l->key = *key;
	secret_wipe(l->key.secret, sizeof(l->key.secret));
	memcpy(l->hash, hash, sizeof(l->hash));
	l->generation = r->w->keys->generation;
	params[1] = r->peer[0] != '\0' ? r->peer : NULL;
	if (ctl_ask(r->w->ctl, &l->q, lookup_sql, 2, params) == -1) {
		free(l);
		pgproblem_unavailable(&r->why);
		return STEP_REFUSE;
	}
	r->state = l;
	r->abandon = abandon_lookup;
	return STEP_WAIT;
}

/* A key that is remembered, and still may be. */
static struct entry *
trusted(struct keys *k, const struct apikey *key, const uint8_t *hash,
    const char *peer)
{
	struct entry *e = find(k, key->id);

	if (e == NULL || !ctl_fresh(k->w->ctl) ||
	    !secret_equal(e->hash, hash, sizeof(e->hash)) ||
	    strcmp(e->who.env, key->env) != 0 ||
	    (e->bound && strcmp(e->peer, peer) != 0) ||
	    e->expires_us <= ctl_clock_us(k->w->ctl) ||
	    loop_now(k->w->loop) - e->remembered >
	    k->w->conf->auth_cache_ttl)
		return NULL;
	unlink_use(k, e);
	link_newest(k, e);
	e->used = true;
	return e;
}

enum verdict
step_authenticate(struct req *r)
{
	struct apikey key;
	uint8_t hash[SECRET_SHA256];
	struct entry *e;
	enum verdict verdict;

	if (r->why.status != 0)			/* woken */
		return STEP_REFUSE;
	if (r->who.known)
		return STEP_NEXT;
	if (read_key(r, &key) == -1)
		return refuse(r, "missing_or_invalid_api_key",
		    "send the API key as \"Authorization: Bearer "
		    "acd_<env>_<id>_<secret>\"");
	apikey_hash(hash, &key);
	if ((e = trusted(r->w->keys, &key, hash, r->peer)) != NULL) {
		board_add(r->w->board, COUNT_AUTH_CACHE_HITS, 1);
		r->who = e->who;
		verdict = STEP_NEXT;
	} else
		verdict = start_lookup(r, &key, hash);
	secret_wipe(&key, sizeof(key));
	return verdict;
}
