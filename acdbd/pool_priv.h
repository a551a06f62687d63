/*
 * pool_priv.h - the parts of the pool (pool.h): its members and its line.
 */
#ifndef POOL_PRIV_H
#define POOL_PRIV_H

#include "ctl.h"
#include "pool.h"
#include "req.h"

#define POOL_LINE_MAX	1024	/* calls in line, all roles together */

struct cancel;

enum state {
	CONNECTING,	/* until ready() or lost() */
	IDLE,		/* until it is borrowed, or swept */
	BUSY,		/* borrowed, until pool_put() */
	CLEANING,	/* given back; until its reset is answered */
	STATES
};

struct member {
	struct pconn	 c;		/* first: a pconn is its member */
	struct pool	*pool;
	enum state	 state;
	struct member	*next, *prev;
	char		 role[ROLE_MAX + 1];
	uint8_t		 workspace[UUID_LEN];	/* last served */
	int64_t		 since;		/* when it entered its state */
	int64_t		 retire_at;
	const struct pool_events *events;	/* the borrower's */
	void		*arg;
	struct cancel	*cancel;	/* on its way to the server */
	bool		 given_back;
	enum pool_state	 back_as;
	unsigned	 syncs;		/* CLEANING: answers still to come */
	bool		 failed, late_cancel;	/* one of them so far */
	unsigned	 tries;
};

struct list {
	struct member	*head;
	unsigned	 n;
};

struct pool {
	struct worker	*w;
	const struct pgtarget *target;
	unsigned	 max;
	bool		 enabled;
	struct list	 list[STATES];
	struct pool_wait *line, *line_end;
	unsigned	 waiting;
	char		 down_role[ROLE_MAX + 1];	/* failed to connect */
	int64_t		 down_until;
	struct timer	 sweep;
	struct cancel	*cancels;	/* on their way, whoever asked */
	struct ctl_query repair;	/* pool_repair.c */
	char		 repair_role[ROLE_MAX + 1];
	int64_t		 repaired_at;
};

/* pool.c: how many connections there are; an idle one for the role, or NULL,
 * and to lend it; to close one; to start one for the role (0, or -1). */
unsigned pool_total(const struct pool *p);
struct member *pool_idle_for(struct pool *p, const char *role,
	    const uint8_t *workspace);
void	 pool_lend(struct member *m, const uint8_t *workspace);
void	 pool_discard(struct member *m);
int	 pool_add_member(struct pool *p, const char *role) MUST_CHECK;

/* pool_repair.c: have the control plane put the role's login right.  Returns
 * whether that is under way; those in line wait for it. */
bool	 pool_repair(struct pool *p, const char *role);

/* pool_line.c: join the line; leave it; leave it with an answer; and all who
 * wait for the role (NULL: for any) are told no. */
void	 pool_line_add(struct pool *p, struct pool_wait *wait);
void	 pool_line_remove(struct pool_wait *wait);
void	 pool_line_answer(struct pool_wait *wait, struct member *m,
	    enum pool_why why);
void	 pool_line_refuse(struct pool *p, const char *role, enum pool_why why);

/* Start a connection for one in line, where one is missing and there is or can
 * be made room.  Returns 0, also where it has to wait; -1 where it cannot be
 * started. */
int	 pool_line_connect(struct pool *p, const char *role) MUST_CHECK;

/* Give idle connections to those in line, start others. */
void	 pool_serve_line(struct pool *p);

#endif
