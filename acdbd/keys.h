/*
 * keys.h - whose key is this?  The step "authenticate", and the keys a worker
 * remembers.
 *
 * Remembered is only a key whose secret was seen to be right, for
 * AGENTCOOPDB_AUTH_CACHE_TTL at most and only while changes of keys are
 * heard of (ctl_fresh()).  Every other attempt asks the database, so that an
 * unknown id and a wrong secret cost the same and look the same.
 */
#ifndef KEYS_H
#define KEYS_H

#include "story.h"

struct worker;
struct keys;

struct keys *keys_new(struct worker *w) MUST_CHECK;
void	 keys_free(struct keys *k);

/* Forget one key, by its id; or all. */
void	 keys_changed(struct keys *k, const char *key_id);
void	 keys_flush(struct keys *k);

/* Append the ids of the keys used since the last time, separated by commas;
 * returns how many. */
int	 keys_used(struct keys *k, struct buf *ids);

/* The step "authenticate" fills in r->who, or refuses: 401, or 503 while the
 * database is away. */
enum verdict step_authenticate(struct req *r);

#endif
