/*
 * req.h - one request and the answer to it: what the HTTP side and the
 * database side share.
 *
 * conn.c owns the request and drives it; the steps of its story (story.h)
 * fill it in.  A step that waits sets abandon, arranges for req_wake() and
 * returns STEP_WAIT; should the client go away first, abandon is called
 * once and nobody may touch the request afterwards.
 */
#ifndef REQ_H
#define REQ_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>

#include "http.h"
#include "lib/apikey.h"
#include "lib/buf.h"
#include "lib/enc.h"
#include "lib/problem.h"
#include "loop.h"

#define REQUEST_ID_MAX	64
#define STORY_STEPS	16		/* of a story, at most */
#define ROLE_MAX	63		/* NAMEDATALEN - 1 */

struct conn;
struct worker;
struct route;
struct story;

/* Whose key a request came with. */
struct principal {
	bool	 known;			/* authenticated; the rest holds */
	uint8_t	 key_uuid[UUID_LEN];
	char	 key_id[APIKEY_ID + 1];
	uint8_t	 workspace[UUID_LEN];
	char	 workspace_text[UUID_TEXT];
	char	 role[ROLE_MAX + 1];
	char	 env[5];
	bool	 read_only;
	bool	 ungated;		/* destroys data unasked (confirm.h) */
	double	 rate, burst;		/* per second, bucket; 0: no limit */
	uint8_t	 rate_of[UUID_LEN];	/* the key whose bucket it is */
};

struct answer {
	int		 status;	/* 0: not yet known */
	const char	*type;		/* Content-Type, static */
	bool		 told;		/* in parts, by conn_tell() */
	bool		 tagged;	/* has an ETag: may be kept, and asked
					 * for again */
	struct buf	 headers;	/* header lines, each with CRLF */
	struct buf	 prefix;	/* body, first part (small) */
	struct buf	 body;		/* body, the rest */
};

struct req {
	struct conn	*conn;
	struct worker	*w;

	/* what was asked */
	struct http_head head;		/* slices good until it is sent */
	const struct route *route;
	char		 id[REQUEST_ID_MAX + 1];	/* X-Request-Id */
	char		 peer[INET6_ADDRSTRLEN];	/* "" when not known */
	struct buf	 body;		/* complete behind the step "body" */
	int64_t		 started_us;	/* loop_now_us() at the head's end */

	/* the story */
	const struct story *story;
	unsigned	 step;
	bool		 waiting;	/* step answered STEP_WAIT */
	struct principal who;
	struct problem	 why;		/* status != 0: refused */
	void	       (*abandon)(struct req *);	/* while it waits */
	void		*state;		/* the story's; freed by its end() */
	void		*aside;		/* a second one, for two parts */
	struct task	 wake;

	/* the audit row (audit.h) */
	bool		 stands;	/* what it changed, whatever becomes of
					 * its answer */
	bool		 audited;	/* it stands already, in the call's own
					 * transaction, under audit_id */
	uint8_t		 audit_id[UUID_LEN];
	const char	*sql;		/* borrowed from the story's state */
	const uint8_t	*sql_hash;	/* 32 bytes, likewise; or NULL */
	struct record	*record;	/* the step's own */

	/* the rate limit, for the headers; limit 0: none to tell */
	unsigned	 rate_limit, rate_remaining;

	/* how long each step took, its waits included (Server-Timing) */
	int64_t		 step_began_us;
	uint32_t	 step_us[STORY_STEPS];

	/* for the log line and metrics */
	char		 trace[33];	/* trace-id of traceparent, or "" */
	char		 command[64];	/* "SELECT", a procedure's name; ""
					 * where there is none */
	int64_t		 rows;		/* -1: none */

	struct answer	 answer;
};

/* Have the story go on after the callback that is running now.  What was
 * awaited has happened; clears abandon. */
void	req_wake(struct req *r);

/* Add a header line to the answer.  value must be free of CR and LF. */
void	req_header(struct req *r, const char *name, const char *fmt, ...)
	    PRINTF(3, 4);

#endif
