/*
 * pconn.h - a data-plane connection: the statements every call is framed
 * in, and the prepared statements it remembers.
 *
 * The session belongs to the login of one key role (acdb_dp_dbuser), which
 * owns and may do nothing but become that role.  Prepared statements have
 * names that nobody can guess, so that hostile SQL in the same session can
 * neither replace nor run one (it may deallocate all: 26000 is answered by
 * forgetting them).  Sessions whose role can PREPARE and DEALLOCATE do
 * without names.
 */
#ifndef PCONN_H
#define PCONN_H

#include <stdbool.h>
#include <stdint.h>

#include "pgc.h"

#define PCONN_STMTS	64	/* prepared statements of callers, LRU */
#define PCONN_NAME	32

#define PCONN_AUDIT	11	/* arguments of acdb_api.audit() */

/* The frame of a call, one of each a session. */
enum frame {
	FRAME_RESET,		/* RESET ALL */
	FRAME_ROLE,		/* RESET ROLE */
	FRAME_SEQUENCES,	/* DISCARD SEQUENCES */
	FRAME_CURSORS,		/* CLOSE ALL */
	FRAME_UNLISTEN,		/* UNLISTEN * */
	FRAME_DEALLOCATE,	/* DEALLOCATE ALL */
	FRAME_SEED,		/* $1 the seed of random() */
	FRAME_BEGIN,
	FRAME_BEGIN_READ_ONLY,
	FRAME_CHAIN,		/* what was undone is; on in a new one */
	FRAME_OPEN,		/* $1 context, $2 workspace, $3 role,
				 * $4 statement_timeout */
	FRAME_OPEN_AUDITED,	/* the same, and $5..$15 of acdb_api.audit() */
	FRAME_OPEN_SESSION,	/* FRAME_OPEN's, for the session */
	FRAME_CLAIM,		/* $1..$6 of acdb_api.idempotency_claim() */
	FRAME_SAVEPOINT,
	FRAME_ROLLBACK_TO,	/* the savepoint */
	FRAME_CHECK,		/* what is deferred to the end, now */
	FRAME_STORE,		/* $1..$9 of acdb_api.idempotency_store() */
	FRAME_HELD,		/* CLOSE ALL, of this call's */
	FRAME_CLOSE,		/* $1..$11 of acdb_api.audit_if_written(),
				 * $12 role, $13 context */
	FRAME_COMMIT,
	FRAME_ROLLBACK,
	FRAMES
};

struct pconn_stmt {
	uint8_t		 sha256[32];	/* of the SQL text */
	unsigned	 number;	/* of its name; 0: slot is free */
	uint64_t	 used;		/* when, for the LRU */
	bool		 described;
	int		 nparams;
	uint32_t	*params;	/* oids, owned; when described */
};

struct pconn {
	struct pgc	 pg;
	bool		 named;		/* statements have names here */
	char		 nonce[17];	/* in every name */
	unsigned	 prepared;	/* bit set of enum frame */
	bool		 touched;	/* something other than a pure read ran
					 * since it was last tidied */
	unsigned	 last_number;
	uint64_t	 clock, call;	/* call: when the one under way began */
	struct pconn_stmt stmts[PCONN_STMTS];
	int		 pid;		/* of the backend, once connected */
};

/* Before connecting, and behind it. */
void	 pconn_init(struct pconn *c, bool named);
void	 pconn_fini(struct pconn *c);

/* Forget every prepared statement (the server has, or may have). */
void	 pconn_forget(struct pconn *c);

/* What was sent for a frame: answered by one result set each. */
enum { PCONN_FAILED = -1, PCONN_SENT = 0, PCONN_SENT_PREPARE = 1 };

/* Send a frame statement with n text or binary parameters.  Returns
 * PCONN_SENT_PREPARE when a Parse of its own went ahead of it (one more
 * result comes first), PCONN_SENT, or PCONN_FAILED. */
int	 pconn_frame(struct pconn *c, enum frame f, int n,
	    const char *const *values, const int *lengths, const int *formats)
	    MUST_CHECK;

/* The frame's Parse succeeded. */
void	 pconn_frame_prepared(struct pconn *c, enum frame f);

/* A call begins: the statements that it uses from here on stay. */
void	 pconn_begin(struct pconn *c);

/* The remembered statement for a text's hash, or NULL. */
struct pconn_stmt *pconn_find(struct pconn *c, const uint8_t sha256[32]);

/* A slot for a new statement; NULL where the call under way uses them all.
 * Where one had to go for it, *evicted is its number (else 0), for the caller
 * to deallocate.  Should its Parse fail, the slot must be given up by
 * pconn_drop(). */
struct pconn_stmt *pconn_slot(struct pconn *c, const uint8_t sha256[32],
	    unsigned *evicted);
void	 pconn_drop(struct pconn_stmt *s);

/* The slot of that number, or NULL where it was given up. */
struct pconn_stmt *pconn_numbered(struct pconn *c, unsigned number);
void	 pconn_name(const struct pconn *c, unsigned number,
	    char name[PCONN_NAME]);

#endif
