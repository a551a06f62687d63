/*
 * audit_group.h - audit rows that go to the database together, in one
 * statement of the control-plane login: what they are made of and sent as.
 */
#ifndef AUDIT_GROUP_H
#define AUDIT_GROUP_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "lib/cdefs.h"
#include "lib/enc.h"

struct audit_group;
struct audit_row;		/* audit.h */

/* What a connection that is to take groups wants at its start: isolated
 * from its environment, and plans that look for a few ids by the index. */
#define AUDIT_GROUP_OPTIONS \
	"-c search_path=pg_catalog -c synchronous_commit=on -c TimeZone=UTC" \
	" -c jit=off -c enable_seqscan=off" \
	" -c plan_cache_mode=force_generic_plan"

struct audit_group *audit_group_new(void) MUST_CHECK;
void	 audit_group_free(struct audit_group *g);

/* Copy the row in.  Returns 0, or -1 when the group is full. */
int	 audit_group_add(struct audit_group *g, const struct audit_row *row)
	    MUST_CHECK;

/* For a write's row, which stands already: what was not known then (rows -1:
 * none).  Returns 0, or -1 when the group is full. */
int	 audit_group_complete(struct audit_group *g,
	    const uint8_t id[UUID_LEN], int64_t duration_us, int64_t rows)
	    MUST_CHECK;

unsigned audit_group_rows(const struct audit_group *g);
bool	 audit_group_empty(const struct audit_group *g);
void	 audit_group_clear(struct audit_group *g);

/* Queue the two statements' preparation, and a group's statements (one a
 * kind of content), in pipeline mode; the caller adds the Sync, so that a
 * group is one transaction.  Each returns 0, or -1 (libpq says why). */
int	 audit_group_prepare(PGconn *conn) MUST_CHECK;
int	 audit_group_send(struct audit_group *g, PGconn *conn) MUST_CHECK;

#endif
