/*
 * attach.h - a role that a dbadmin made, made fit for keys.
 *
 * The role's data-plane login is made by acdb_api.attach_role(), which wants
 * to see that the role is the caller's to give: so the caller's own session
 * grants it to the login's administrator first.
 */
#ifndef ATTACH_H
#define ATTACH_H

#include "story.h"

/* Whether keys could be minted for a role of that name, once attached. */
bool	 attach_possible(const char *role);

/* Begin: r->state is set aside and becomes the call that grants role, for
 * step_connect() and step_run().  Returns 0, or -1 with r->why. */
int	 attach_begin(struct req *r, const char *role) MUST_CHECK;

/* Behind the run, whatever came of it: r->state is what it was. */
void	 attach_end(struct req *r);

/* The question that makes the login: its parameters are the role and its
 * password's verifier (scram, SECRET_SCRAM bytes). */
extern const char attach_sql[];
void	 attach_verifier(const struct req *r, const char *role, char *scram);

#endif
