/*
 * mcp.h - the Model Context Protocol, the server's side, without transport.
 *
 * Two eras are spoken: the handshake ("legacy": 2024-11-05 to 2025-11-25,
 * initialize) and the stateless one ("modern": 2026-07-28, every request
 * says its version and capabilities in _meta).
 *
 * A transport makes a call of each message it has read and runs it.  A call
 * never waits: where something is needed it says what, and is run again
 * when it has been done:
 *
 *	struct mcp_call *c = mcp_call_new(&mcp_db_server, &from, text, n);
 *	while ((v = mcp_call_run(c)) != MCP_DONE)
 *		... MCP_ASK: carry out c->ask, mcp_call_answer() ...
 *	send c->out, where it is not empty; mcp_call_free(c)
 *
 * What a server offers is data (struct mcp_server); what its tools do is
 * functions over a call.
 */
#ifndef MCP_H
#define MCP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "buf.h"
#include "cdefs.h"
#include "json.h"

#define MCP_MESSAGE_MAX	(4 << 20)	/* bytes of a message from a client */
#define MCP_OUT_MAX	(16 << 20)	/* and of one to it */
#define MCP_ARGS_MAX	16		/* of one tool */
#define MCP_BATCH_MAX	100		/* messages */

enum mcp_version { MCP_2024_11_05, MCP_2025_03_26, MCP_2025_06_18,
    MCP_2025_11_25, MCP_2026_07_28 };

/* What the client can be asked for. */
struct mcp_client {
	bool		 elicitation, sampling, roots;
};

/* What is known of a legacy client since its initialize: of a stdio process,
 * or of an HTTP session where the transport has those. */
struct mcp_session {
	bool		 initialized;
	enum mcp_version version;
	struct mcp_client client;
	int		 log_level;	/* 0 debug .. 7 emergency */
	unsigned	 asked;		/* requests sent to the client */
};

/* What the calling key may do; unless known, all that any key may. */
struct mcp_who {
	bool		 known;
	bool		 read_only;	/* changes nothing */
};

/* Where a message came from; borrowed during mcp_call_new(). */
struct mcp_from {
	struct mcp_session *session;	/* NULL: none; kept as a borrow */
	struct mcp_who	 who;
	bool		 http;
	/* HTTP header values, NULL where absent */
	const char	*version, *method, *name;
};

enum mcp_verdict {
	MCP_DONE,	/* c->out is the answer; empty: there is none */
	MCP_ASK,	/* c->ask is to be carried out */
	MCP_TELL,	/* c->tell is to be sent; then run again */
	MCP_CLIENT,	/* c->tell is a request to the client, to be sent;
			 * run again behind mcp_call_reply() */
	MCP_SLEEP,	/* run again after c->sleep_ms */
	MCP_LISTEN,	/* c->tell is to be sent; the stream stays open */
};

/* A request to the gateway. */
struct mcp_ask {
	const char	*method;	/* static */
	char		 path[160];
	struct buf	 body;		/* JSON; empty: none */
	char		 idem[256];	/* Idempotency-Key, or "" */
	bool		 writes;	/* may change something: repeated only
					 * with an Idempotency-Key */
};

/* And what came of it. */
struct mcp_answer {
	int		 status;	/* 0: none came; body says why */
	struct buf	 body;
	struct json	 json;		/* of the body */
	bool		 has_json;
};

enum mcp_type { MCP_STRING, MCP_INT, MCP_BOOL, MCP_ARRAY, MCP_OBJECT,
    MCP_ANY };

struct mcp_arg {
	const char	*name;
	enum mcp_type	 type;
	bool		 required;
	const char	*schema;	/* more members of its JSON schema:
					 * "\"description\":\"..\"", or "" */
};

/* A value that came in: token i of j; j NULL: there is none. */
struct mcp_value {
	const struct json *j;
	uint32_t	 i;
};

struct mcp_call;

enum {
	MCP_READS	= 1,	/* changes nothing, whoever calls it */
	MCP_HARMLESS	= 2,	/* changes, but destroys nothing */
	MCP_IDEMPOTENT	= 4,
	MCP_WRITERS	= 8,	/* not for keys that only read */
};

struct mcp_tool {
	const char	*name, *title, *description;
	const struct mcp_arg *args;	/* ended by a NULL name; or NULL */
	const char	*input;		/* the schema itself, instead */
	const char	*output;	/* schema, or NULL */
	unsigned	 flags;
	enum mcp_verdict (*run)(struct mcp_call *);
};

struct mcp_server {
	const char	*name, *title, *version, *instructions;
	const struct mcp_tool *tools;	/* ended by a NULL name */
	/* JSON arrays; NULL: the server has none of it */
	const char	*resources, *templates, *prompts;
	enum mcp_verdict (*read)(struct mcp_call *);	/* resources/read */
	enum mcp_verdict (*prompt)(struct mcp_call *);	/* prompts/get */
	enum mcp_verdict (*complete)(struct mcp_call *);
	bool		 logging, subscribes, listens;
	/* Whether a tool is offered at the moment; NULL: all are. */
	bool	       (*offers)(const struct mcp_tool *);
};

enum mcp_kind { MCP_REQUEST, MCP_NOTIFICATION, MCP_RESPONSE, MCP_BATCH,
    MCP_INVALID };

struct mcp_call {
	const struct mcp_server *server;
	struct mcp_session *session;	/* NULL: none */
	struct mcp_who	 who;
	struct mcp_client client;
	bool		 http, modern;
	enum mcp_version version;

	/* the message */
	enum mcp_kind	 kind;
	char		*text;		/* owned */
	struct json	 json;
	bool		 has_json;
	const char	*id;		/* as written; into text */
	size_t		 nid;		/* 0: none */
	char		 method[64];
	uint32_t	 params, meta;	/* tokens; 0: none */
	const struct mcp_tool *tool;
	struct mcp_value arg[MCP_ARGS_MAX];
	char		*lent[MCP_ARGS_MAX];	/* arguments that came as */
	struct json	 lent_json[MCP_ARGS_MAX]; /* JSON in a string */
	unsigned	 nlent;

	/* its handling */
	enum mcp_verdict (*run)(struct mcp_call *);
	int		 step;		/* the handler's; 0 at first */
	void		*state;		/* likewise; freed by state_free */
	void	       (*state_free)(void *);
	struct mcp_call	*part;		/* of a batch: the one being run */
	uint32_t	 part_tok;

	struct mcp_ask	 ask;
	struct mcp_answer answer;
	struct mcp_value reply;		/* the client's result; see reply */
	char		*reply_text;
	struct json	 reply_json;
	bool		 replied, refused;	/* refused: an error */
	int		 sleep_ms;
	double		 progress;

	struct buf	 tell;
	struct buf	 out;
	int		 status;	/* HTTP's */
};

/* Read a message of n bytes.  Never fails but for memory (NULL): a message
 * that is no good is a call that is answered with an error. */
struct mcp_call *mcp_call_new(const struct mcp_server *server,
	    const struct mcp_from *from, const char *text, size_t n)
	    MUST_CHECK;
void	 mcp_call_free(struct mcp_call *c);

enum mcp_verdict mcp_call_run(struct mcp_call *c) MUST_CHECK;

/* What came of c->ask: an HTTP status and a body, which is taken over (and
 * left empty); or status 0 and a line that says why there is none. */
void	 mcp_call_answer(struct mcp_call *c, int status, struct buf *body);

/* Write to c->tell that c is still at it, for so many seconds now: between
 * MCP_ASK and its answer.  Returns false where the client wants no such word
 * (it gave no progressToken). */
bool	 mcp_call_beat(struct mcp_call *c, int seconds) MUST_CHECK;

/* The client's response to MCP_CLIENT: the message of n bytes.  Returns 0,
 * or -1 when it is none or memory is out. */
int	 mcp_call_reply(struct mcp_call *c, const char *text, size_t n)
	    MUST_CHECK;

/* The call that is asking: c itself, or the part of a batch. */
struct mcp_call *mcp_call_asking(struct mcp_call *c);

/* Of a notifications/cancelled: the id it names, as written; NULL of any
 * other message. */
const char *mcp_cancels(const struct mcp_call *c, size_t *n);

/* The most recent version of the legacy era with that name; -1: none. */
int	 mcp_version_find(const char *s, size_t n);
const char *mcp_version_name(enum mcp_version v);

/* Whether a key's tools are listed by who it is: such a call is better run
 * once that is known. */
bool	 mcp_call_wants_who(const struct mcp_call *c);

/* Append the change's notification for a call that listens.  what is one of
 * "tools", "prompts", "resources", or the URI of a resource that changed.
 * Returns whether it asked for that. */
bool	 mcp_listen_note(const struct mcp_call *c, const char *what,
	    struct buf *out);

/* Append "data: ..." around a message, as an event of text/event-stream. */
void	 mcp_sse_event(struct buf *out, const char *message, size_t n);

#endif
