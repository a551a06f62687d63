/*
 * call.h - one call as acdbd makes it, straight through libpq: the floor
 * under the gateway's figures.
 *
 * The statements around the caller's are acdbd's own (acdbd/pconn.h), so that
 * the two cannot grow apart.  A struct call is one PostgreSQL connection.
 * call_send() queues the whole pipeline and its one Sync; call_read() takes
 * in what has arrived and says when the Sync has come back.
 */
#ifndef CALL_H
#define CALL_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "acdbd/pconn.h"
#include "ask.h"
#include "lib/context.h"
#include "lib/enc.h"
#include "lib/secret.h"

/* What stands in the pipeline around the statement. */
enum {
	PART_HYGIENE	= 1 << 0,	/* RESET ROLE, DISCARD SEQUENCES,
					 * CLOSE ALL, UNLISTEN * */
	PART_RESET	= 1 << 1,	/* RESET ALL */
	PART_BEGIN	= 1 << 2,	/* BEGIN and its end */
	PART_ROLE	= 1 << 3,	/* the role is set by the call; without
					 * it, once a session */
	PART_CONTEXT	= 1 << 4,	/* signed workspace, timeout */
	PART_AUDIT	= 1 << 5,	/* audit, or audit_if_written */
	PART_UNNAMED	= 1 << 6,	/* the frame is parsed anew */
	PART_PARSE	= 1 << 7,	/* the statement is parsed anew */
	PART_PURE	= 1 << 8,	/* BEGIN READ ONLY ... ROLLBACK: a pure
					 * read, without PART_AUDIT */

	/* As acdbd does for a pure read, and for a write. */
	PARTS_READ	= PART_RESET | PART_BEGIN | PART_ROLE | PART_CONTEXT |
			  PART_PURE,
	PARTS_WRITE	= PART_HYGIENE | PART_RESET | PART_BEGIN | PART_ROLE |
			  PART_CONTEXT | PART_AUDIT,
};

struct call_plan {
	const char	*conninfo;
	const char	*login;		/* session user, signed into contexts */
	const char	*role;
	const char	*sql;
	const char	*password;	/* AGENTCOOPDB_GATEWAY_PASSWORD */
	unsigned	 parts;
	bool		 write;		/* the statement writes */
	bool		 single_row;
	unsigned	 statements;	/* so many of it in one transaction */
	struct ask	 ask;		/* its $1 */
	uint8_t		 workspace[UUID_LEN];
	uint8_t		 key[UUID_LEN];
};

struct call {
	const struct call_plan *plan;	/* keeps a borrow */
	struct pconn	 c;
	struct secret_mac *mac;
	char		 ctx[CONTEXT_TOKEN];
	char		 ws_text[UUID_TEXT];
	int64_t		 ctx_renew_us;	/* when ctx wants signing again */
	uint32_t	 seed;
	int64_t		 began_ns;	/* the caller's */
	bool		 unsent;	/* libpq holds bytes to flush */
};

/* Connect and prepare, blocking.  Returns 0, or -1 (said on stderr). */
int	call_open(struct call *c, const struct call_plan *plan, uint32_t seed);
void	call_close(struct call *c);

/* Queue one call and flush what the socket takes.  Returns 0, or -1. */
int	call_send(struct call *c);

/* The socket is readable.  Returns 1 when the call has ended well, 0 to be
 * called again, -1 when it failed (said on stderr). */
int	call_read(struct call *c);

#endif
