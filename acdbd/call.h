/*
 * call.h - statements on their way, one or a batch of them in one
 * transaction: what a story asks for and run.c carries out.
 *
 * execute.c fills in the first half and starts it; run.c drives the
 * connection through the frames of the call, has rows.c write the result,
 * and tells execute.c when it is over.  The request may go away meanwhile
 * (r NULL): then the statement is cancelled, its connection is seen through
 * to a clean end, and the call frees itself.
 */
#ifndef CALL_H
#define CALL_H

#include <libpq-fe.h>
#include <stdbool.h>
#include <stdint.h>

#include "ctl.h"
#include "lib/context.h"
#include "lib/json.h"
#include "pool.h"
#include "story.h"
#include "stmt.h"
#include "types.h"
#include "values.h"

#define CALL_UNITS	100	/* statements of a batch, at most */
#define CALL_IDEM_KEY	255	/* bytes of an Idempotency-Key, at most */
#define CALL_SETTINGS	16
#define CALL_TIMEOUT_MAX_MS 60000	/* of every role but dbadmin */
#define CALL_NOTICES	16384	/* bytes of notices told, at most */

/* A setting for this call alone; both owned. */
struct call_setting {
	char		*name, *value;
};

/* What was sent, in order; each is answered in that order. */
enum op {
	OP_FRAME,		/* a statement of the frame (pconn.h) */
	OP_FRAME_PREPARE,	/* its Parse */
	OP_BEGIN,		/* of a mode that is no frame's */
	OP_SETTINGS,		/* the caller's settings */
	OP_PREPARE,		/* the caller's statement: Parse */
	OP_DESCRIBE,
	OP_STATEMENT,
	OP_DEALLOCATE,
	OP_SUGGEST,		/* names, for a hint */
	OP_PLAIN,		/* clean-up whose answer does not matter */
	OP_SYNC,
};

struct sent {
	enum op		 op;
	enum frame	 frame;		/* of OP_FRAME and OP_FRAME_PREPARE */
	int		 unit;		/* of what belongs to a statement */
};

/* One statement of a call. */
struct unit {
	char		*sql;		/* owned */
	size_t		 sql_len;
	struct stmt	 stmt;
	uint32_t	 params;	/* token of the array; 0: none */
	int		 nparams;
	bool		 needs_types;	/* of the parameters */
	uint32_t	*param_types;	/* owned; nparams of them, once known */
	struct buf	 param_text;
	const char	**values;	/* owned; nparams of them, into it */
	unsigned	 number;	/* of its name on the connection; 0: it
					 * has none */
	bool		 naming;	/* its Parse is not answered yet */
	bool		 recalled;	/* prepared by an earlier call, with the
					 * types that its parameters had */
};

/* How the result is answered. */
enum call_form {
	CALL_ROWS,		/* columns and rows */
	CALL_RESULT,		/* of a procedure: the first column of the
				 * first row, as "result" */
	CALL_DOCUMENT,		/* that same, JSON, alone */
};

/* Where a call is between two flushes; behind each: what is awaited. */
enum call_phase {
	CALL_ONCE,		/* all in one flush; the last Sync ends it */
	CALL_DESCRIBING,	/* the types of the parameters */
	CALL_DECIDING,		/* the result, before COMMIT or ROLLBACK */
	CALL_ENDING,		/* the answer to COMMIT or ROLLBACK */
	CALL_CLAIMING,		/* outside a transaction: its claim */
	CALL_OPENING,		/* ... its context and role */
	CALL_ALONE,		/* ... the statement itself */
	CALL_SUGGESTING,	/* the names that may have been meant */
	CALL_RETRYING,		/* the clean-up before all is sent again */
};

/* An Idempotency-Key, and what has become of it (idem.c). */
struct idem {
	bool		 wanted;
	bool		 by_control;	/* looked up and kept by the control
					 * plane: the call cannot write */
	bool		 replay;	/* its answer is stored: fetch it */
	bool		 asked, answered, kept;
	char		 key[CALL_IDEM_KEY + 1];
	uint8_t		 hash[32];
	struct ctl_query q;
	/* what was fetched */
	int		 status;	/* 0: nothing */
	const char	*type;
	char		*body;		/* owned */
};

struct call {
	struct req	*r;		/* NULL: the client has gone */
	struct worker	*w;

	/* what is asked (execute.c) */
	struct json	 json;		/* the request's body, or json_text */
	bool		 has_json;
	char		*json_text;	/* owned; or NULL */
	struct unit	*unit;		/* owned; nunits of them */
	int		 nunits;
	bool		 batch;		/* answered as one, even of one */
	enum call_form	 form;
	char		 label[64];	/* of a procedure: its name */
	const char	*endpoint, *command;	/* for the audit row */
	uint8_t		 sha256[32];	/* of all the SQL */
	char		*sql;		/* all of it, where it is audited */
	bool		 writes;	/* not all are reads */
	bool		 taints;	/* what a statement ran may have left
					 * more than a reset undoes */
	bool		 spoilt;	/* its session is not good for calls */
	const char	*isolation;	/* static; NULL: read committed */
	bool		 deferrable;
	char		 begin[80];	/* of a mode of its own, or "" */
	struct principal who;		/* a copy: outlives the request */
	char		 login[ROLE_MAX + 16];
	char		 token[CONTEXT_TOKEN];	/* of this transaction */
	bool		 read_only;
	bool		 outside;	/* of a transaction (outside.c) */
	bool		 two_phase;	/* look at the result before COMMIT */
	bool		 guessed_pure;	/* run as READ ONLY, to save work */
	bool		 dry_run;	/* then ROLLBACK, whatever it is */
	bool		 objects;	/* rows as objects, not arrays */
	char		*confirm;	/* owned; "required", a token, or NULL:
					 * not asked for (confirm.h) */
	int64_t		 timeout_ms;
	int64_t		 max_rows;	/* -1: no limit, as below */
	int64_t		 max_affected;
	struct call_setting settings[CALL_SETTINGS];
	int		 nsettings;
	struct value_style style;

	struct idem	 idem;

	/* the connection (execute.c) */
	struct pool_wait wait;
	enum pool_why	 why;
	struct pconn	*c;		/* NULL: none */

	/* on the wire (run.c) */
	enum call_phase	 phase;
	struct sent	*sent;		/* owned */
	unsigned	 nsent, at;	/* at: the one being answered */
	unsigned	 sent_cap;
	bool		 single_row;	/* switched on for the statement */
	bool		 failed;	/* an error was met; why is filled in */
	bool		 claim_failed;	/* of the Idempotency-Key */
	bool		 started;	/* the statement was sent: with the
				 * connection lost now, who knows */
	bool		 commit_sent;
	bool		 settled;	/* COMMIT or ROLLBACK was answered: what
					 * is known of the call holds */
	bool		 suggested;	/* a hint was looked for */
	bool		 ended;		/* the result's JSON is complete */
	bool		 too_large;	/* the answer's limit was met, */
	bool		 unfit;		/* or its rows cannot be told: why says
					 * the reason */
	bool		 timed_out;
	bool		 retry, retried;
	int		 retries, retries_max;	/* of 40001 and 40P01 */
	int		 claims;	/* that failed with 40001 */
	bool		 forget;	/* prepared statements, before it */
	bool		 relearn, relearned;	/* those of its own */
	bool		 over;		/* all answered; the story goes on */
	struct timer	 deadline;
	bool		 ending;	/* the session, which is not to be
					 * cancelled */
	struct ctl_query end_query;
	uint8_t		 audit_id[UUID_LEN];

	/* the result (rows.c), of the statement being answered */
	int		 answering;	/* its index */
	bool		 columns_written;
	int		 ncolumns;
	struct type	*column;	/* owned; copies, see types_find() */
	int64_t		 rows;
	bool		 truncated;	/* there were more than max_rows */
	struct buf	 notices;	/* JSON objects, comma-separated */
	bool		 notices_cut;
	char		 tag[64];	/* CommandComplete's; "" until then */
	PGresult	*stalled;	/* waits for a type to be learned */
	struct ctl_query type_query;
	uint32_t	 type_wanted;
	bool		 guessed_type;
};

/* call.c.  A call on behalf of an authenticated request; NULL when memory is
 * out. */
struct call *call_new(struct req *r, const char *endpoint) MUST_CHECK;
void	call_free(struct call *c);

/* Make room for n statements.  Returns 0, or -1 when memory is out. */
int	call_units(struct call *c, int n) MUST_CHECK;

/* Check the statements and plan the call by them.  Returns 0, or -1 with why
 * filled in. */
int	call_check(struct call *c, struct problem *why) MUST_CHECK;

/* Whether a statement may be run outside a transaction, by what else the
 * request asks for. */
bool	call_may_go_outside(const struct call *c);

/* The type of a parameter (from 0); NULL where it is not known. */
const struct type *call_param_type(const struct call *c,
	    const struct unit *u, int i);

/* Send the call's first flush on c->c; run.c takes over.  Calls
 * execute_over() when all is done (never from within). */
void	run_start(struct call *c);

/* The client has gone: cancel, and free the call once its end has come. */
void	run_abandon(struct call *c);

/* idem.c.  Read the Idempotency-Key of the request.  Returns 0, or -1 with
 * why filled in. */
int	idem_read(struct call *c, struct problem *why) MUST_CHECK;

/* The claim was refused with res: note whether the answer is stored, fill in
 * 409 or 503 otherwise.  Returns false when the error is not about the key. */
bool	idem_refused(struct call *c, const PGresult *res);

/* The end of a call with an Idempotency-Key: its answer is stored in the
 * transaction of its effect; that of a failure in the transaction of its
 * claim, the rest rolled back.  Returns false when nothing is to be stored. */
bool	idem_store(struct call *c);

/* take.c.  Take the answer to what was sent at c->at.  Returns 1 when res has
 * to wait for a type to be learned. */
int	take_result(struct call *c, PGresult *res);

/* suggest.c.  Whether a failure is one of a name not found; ask for those
 * there are; and put the nearest into the hint. */
bool	suggest_wanted(const struct call *c);
void	suggest_send(struct call *c);
void	suggest_take(struct call *c, const PGresult *res);

/* outside.c.  The same steps for a statement that cannot run in a
 * transaction: begin, and go on behind a Sync (false: it is over). */
void	outside_begin(struct call *c);
bool	outside_go_on(struct call *c);

/* Whether the result of a statement that was looked at is to stand; fills in
 * 409 when it changed too much. */
bool	run_wanted(struct call *c);

/* The steps around a call that asks for it. */
enum verdict step_idem_look(struct req *r);
enum verdict step_idem_keep(struct req *r);
void	idem_fini(struct call *c);

/* execute.c.  The steps that get a connection for the call that r->state is,
 * and run it; and the end() of a story whose state is a call. */
enum verdict step_connect(struct req *r);
enum verdict step_run(struct req *r);
void	execute_end(struct req *r);

/* The answer does not fit. */
void	execute_refuse_large(struct call *c);

/* run.c -> execute.c: the statement is over (c->over). */
void	execute_over(struct call *c);

/* send.c.  Send the first flush of a call; what is left once the types of its
 * parameters are known; a statement by itself; the clean-up before all is
 * sent again (forget: of prepared statements too).  The first three return 0,
 * or -1 where a parameter is refused (c->r->why) and nothing was sent. */
int	send_begin(struct call *c) MUST_CHECK;
int	send_rest(struct call *c) MUST_CHECK;
int	send_alone(struct call *c) MUST_CHECK;
void	send_cleanup(struct call *c, bool forget);

/* Give up the names whose Parse never came to an answer. */
void	send_unnamed(struct call *c);

/* rows.c.  Append the rows of res to the answer, with the columns first.
 * Returns ROWS_OK; ROWS_WAIT when a type must be learned before
 * (c->type_wanted); ROWS_TOO_LARGE when the answer would be; or ROWS_REFUSED
 * with c->r->why filled in. */
enum { ROWS_OK, ROWS_WAIT, ROWS_TOO_LARGE, ROWS_REFUSED };
int	rows_add(struct call *c, const PGresult *res) MUST_CHECK;

/* What the server had to say along the way. */
void	rows_notice(struct call *c, const PGresult *res);

/* How many rows the statement changed or returned, by its tag. */
int64_t	rows_affected(const struct call *c);

/* A statement of a batch is complete: close its result and go on to the
 * next. */
void	rows_next(struct call *c);

/* Close the answer's JSON.  Returns 0, or -1 (too large). */
int	rows_end(struct call *c) MUST_CHECK;

/* Forget what was written so far. */
void	rows_restart(struct call *c);

/* Ask the catalog for c->type_wanted; run_resume(c) is called when it is
 * known.  Returns 0, or -1 when the control plane is away. */
int	rows_learn(struct call *c) MUST_CHECK;
void	run_resume(struct call *c);

/* The oid among n whose type (or element type) is not known; 0: none. */
uint32_t rows_unknown_type(const struct types *t, const uint32_t *oids,
	    int n);

#endif
