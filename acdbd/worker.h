/*
 * worker.h - one worker process: what its parts share.
 *
 * Single-threaded: nothing here needs a lock.  What all workers share lies
 * on the board (board.h).
 */
#ifndef WORKER_H
#define WORKER_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "conf.h"
#include "lib/cdefs.h"
#include "loop.h"

struct board;
struct certs;
struct confine_user;
struct listeners;
struct peers;
struct relay;
struct rpc_files;
struct tls;
struct unread;

/* The database side, one of each a worker. */
struct ctl;		/* ctl.h: the control plane's connection */
struct keys;		/* keys.h: keys known, kept in step by NOTIFY */
struct audit;		/* audit.h: group commit of audit rows */
struct pool;		/* pool.h: data-plane connections */
struct janitor;		/* janitor.h: what is tidied up now and then */
struct stmts;		/* stmt.h: statements checked before */
struct rpc_known;	/* rpc_known.h: procedures that can be called */
struct types;		/* types.h: what is known of the database's types */
struct secret_mac;	/* lib/secret.h: signs contexts */
struct pgtarget;	/* pgtarget.h: where PostgreSQL is */

struct worker {
	int			 index;		/* 0 ..; 0 for --inetd */
	struct loop		*loop;
	const struct conf	*conf;
	struct board		*board;
	struct tls		*tls;		/* NULL: plaintext; replaced
						 * when the certificate is */
	struct peers		*peers;		/* connections by address */
	struct unread		*unread;	/* answers that wait to be read;
						 * NULL with --inetd */
	bool			 draining;
	bool			 was_ready;	/* it could serve before */

	struct ctl		*ctl;
	struct keys		*keys;
	struct audit		*audit;
	struct pool		*pool;
	struct janitor		*janitor;
	struct stmts		*stmts;
	struct types		*types;
	struct rpc_known	*rpcs;
	struct secret_mac	*mac;
	struct pgtarget		*target;
	struct running		*running;	/* running.h: calls that can be
						 * stopped from elsewhere */
};

/* Build, and tear down, the database side of w (db.c).  db_start() needs no
 * database: it begins to connect and returns.  The procedures of files are
 * handed over.  Returns 0, or -1 (logged). */
int	db_start(struct worker *w, struct rpc_files *rpcs) MUST_CHECK;
void	db_stop(struct worker *w);

/* Whether requests can be served: the database answers and its schema is
 * of this version.  Else *reason says what is missing (static text). */
bool	db_ready(struct worker *w, const char **reason);

/* Run the loop until requests can be served; or the database could not be
 * reached, or has not told within a few seconds: then they are refused as ever.
 * For who has its one request waiting.  Returns 0, or -1 (logged). */
int	db_await(struct worker *w) MUST_CHECK;

/* What the master gives a worker on its way; all borrowed for life. */
struct worker_start {
	unsigned		 index;
	const struct conf	*conf;
	struct board		*board;
	struct certs		*certs;		/* NULL: plaintext */
	struct listeners	*listeners;	/* closed when draining */
	struct relay		*relay;
	struct rpc_files	*rpcs;		/* the worker's own copy: handed
						 * over */
	const struct confine_user *user;
	pid_t			 master;
};

/* Be a worker, in a process of its own, until the master says SIGTERM and
 * all connections have ended.  Returns the exit code. */
int	worker_run(const struct worker_start *s) MUST_CHECK;

#endif
