/*
 * httpc.h - one HTTP client connection to one gateway, one request at a
 * time, kept alive between them.
 *
 * What matters to the callers of a database is not only whether a request
 * failed but whether it can have had an effect: every result says so.
 *
 * A request is never sent twice on the quiet: where a kept-alive connection
 * turns out to be dead after the request has left, that is HTTPC_LOST, and
 * the caller decides.
 *
 * https, or http to a loopback address (any, with insecure_http).  Honours
 * https_proxy, all_proxy and no_proxy (never for loopback), SSL_CERT_FILE
 * and SSL_CERT_DIR.  Redirects are not followed.
 */
#ifndef HTTPC_H
#define HTTPC_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "cdefs.h"

#define HTTPC_ANSWER_MAX	((size_t)64 * 1024 * 1024)
#define HTTPC_WHY_MAX		2048
#define HTTPC_REQUEST_ID_MAX	128

struct httpc;

/* All borrowed until httpc_new() returns. */
struct httpc_config {
	const char	*url;		/* https://host[:port][/prefix] */
	const char	*key;		/* sent as Bearer; NULL: none */
	const char	*ca_file;	/* trusted alone; NULL: the system's */
	const char	*agent;		/* User-Agent */
	bool		 insecure_http;
	int64_t		 connect_ms;	/* 0: ten seconds */
	int64_t		 total_ms;	/* request and answer; 0: no limit */
	size_t		 answer_max;	/* bytes; 0: 64 MiB */
	int		 wake_fd;	/* when readable, the request is given
					 * up; -1: none */
	/* What to do instead when wake_fd is readable: 0 goes on, 1 gives
	 * up, -1 looks no more in this request; NULL: give up. */
	int	       (*woken)(void *arg);
	void		*woken_arg;
	/* Called at least once a second while a request is under way, with
	 * the same argument; NULL: nobody is. */
	void	       (*idle)(void *arg);
};

/* All borrowed during the call. */
struct httpc_request {
	const char	*method;
	const char	*path;		/* begins with '/', query included */
	const char	*const *headers; /* "Name: value" ..., NULL; or NULL */
	const void	*body;
	size_t		 nbody;		/* of a POST, PUT or PATCH */
};

enum httpc_result {
	HTTPC_ANSWER,		/* there is an answer, of whatever status */

	/* nothing has been sent: */
	HTTPC_UNREACHABLE,	/* no such host, refused, no way there */
	HTTPC_UNTRUSTED,	/* the TLS handshake failed */
	HTTPC_FAILED,		/* our own: memory, a file */

	/* it may or may not have been carried out, unless !sent: */
	HTTPC_LOST,		/* the connection broke */
	HTTPC_TIMEOUT,
	HTTPC_INTERRUPTED,	/* wake_fd */

	HTTPC_TOO_LARGE,	/* carried out; the answer is over answer_max */
};

struct httpc_answer {
	bool		 sent;		/* some of the request may have left */
	int		 status;
	int64_t		 retry_after;	/* seconds; -1: not said */
	bool		 replayed;	/* X-Idempotent-Replayed: true */
	bool		 json;		/* Content-Type says so */
	char		 request_id[HTTPC_REQUEST_ID_MAX + 1];	/* or "" */
	struct buf	 body;
	struct buf	 why;		/* unless HTTPC_ANSWER: one line */
};

/* Resolves and connects nothing yet.  NULL with a line in why: the url
 * cannot be used, or ca_file not be read (EXIT_CONFIG). */
struct httpc *httpc_new(const struct httpc_config *c, struct buf *why)
	    MUST_CHECK;
void	 httpc_free(struct httpc *h);

/* Let one request and its answer take total_ms from now on; 0: no limit. */
void	 httpc_set_timeout(struct httpc *h, int64_t total_ms);

void	 httpc_answer_init(struct httpc_answer *a);
void	 httpc_answer_fini(struct httpc_answer *a);
/* As if nothing had come yet; the next body has at most max bytes. */
void	 httpc_answer_clear(struct httpc_answer *a, size_t max);

/* Whether it is no gateway that answers: no JSON, or an error that is no
 * problem document.  Something in between, or another server. */
bool	 httpc_answer_foreign(const struct httpc_answer *a);

/* Whether what was asked for may have been done although the answer is none
 * of success: a problem document that says so (or that it was done, and only
 * its answer is missing), or the success or failure of something in between,
 * which cannot know. */
bool	 httpc_answer_doubtful(const struct httpc_answer *a);

/* Ask, and wait for the whole answer.  a is initialised and may have been
 * used before. */
enum httpc_result httpc_ask(struct httpc *h, const struct httpc_request *r,
	    struct httpc_answer *a) MUST_CHECK;

#endif
