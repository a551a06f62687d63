/*
 * remote.h - a gateway's keys, over HTTPS, within the workspace of the key
 * that asks (contract: /v1/auth/keys, /v1/me).
 *
 * Every function complains on standard error where it fails and gives the
 * exit code for it.
 */
#ifndef REMOTE_H
#define REMOTE_H

#include "cmd.h"
#include "lib/buf.h"
#include "lib/cdefs.h"

struct remote;

/* Find the gateway and the key; connects nothing yet.  NULL with *rc. */
struct remote *remote_open(const struct cmd_common *common, int *rc)
	    MUST_CHECK;
void	 remote_close(struct remote *gw);	/* NULL is fine */

/* The id of the key that asks: 16 characters, borrowed. */
const char *remote_key_id(const struct remote *gw);

/* Ask, waiting out a 429 or 503 a few times, and append the JSON of a good
 * answer (200 to 299) to out, which may be NULL.  body: JSON or NULL.
 * Returns an exit code. */
int	 remote_ask(struct remote *gw, const char *method, const char *path,
	    const char *body, struct buf *out) MUST_CHECK;

/* Append {"items":[...]}: every key of the workspace. */
int	 remote_keys(struct remote *gw, struct buf *out) MUST_CHECK;

/* The id of the one key that arg names (as db_key() takes it), to be freed;
 * NULL with *rc. */
char	*remote_key(struct remote *gw, const char *arg, int *rc) MUST_CHECK;

#endif
