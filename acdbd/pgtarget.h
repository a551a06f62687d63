/*
 * pgtarget.h - where PostgreSQL is and how each login reaches it.
 *
 * The database URL is read once, its host name resolved once: a name server
 * must never make a running worker wait.
 */
#ifndef PGTARGET_H
#define PGTARGET_H

#include "lib/buf.h"
#include "lib/cdefs.h"

#define PGTARGET_KEYS	40	/* parameters at most, NULL included */

struct pgtarget;

/* Read the URL of the control-plane login.  password (may be NULL) is used
 * where the URL has none.  NULL with one line in err. */
struct pgtarget *pgtarget_new(const char *url, const char *password,
	    struct buf *err) MUST_CHECK;
void	 pgtarget_free(struct pgtarget *t);

/* Fill keys and values, NULL-terminated, for PQconnectStartParams(): user and
 * password NULL for the control-plane login itself; options is the startup
 * packet's, may be NULL.  The values are borrowed from t and the arguments. */
void	 pgtarget_params(const struct pgtarget *t, const char *user,
	    const char *password, const char *options,
	    const char *application_name,
	    const char *keys[PGTARGET_KEYS], const char *values[PGTARGET_KEYS]);

#endif
