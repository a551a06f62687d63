/*
 * mcp_db_priv.h - what the files of the database's tools share among
 * themselves.  Nobody else includes it.
 */
#ifndef MCP_DB_PRIV_H
#define MCP_DB_PRIV_H

#include "mcp_db.h"
#include "mcp_priv.h"

#define MCP_DB_ROWS	100		/* shown, unless more are asked for */
#define MCP_DB_BYTES	32768		/* of a result's text, likewise */
#define MCP_DB_BYTES_MAX (4 << 20)

/* How a result is shown. */
struct mcp_db_shape {
	int64_t		 max_bytes;
	bool		 vectors;	/* their numbers, not their size */
	bool		 types;		/* column_types too */
	bool		 data;		/* what people stored: say that it is
					 * not to be obeyed */
	const char	*drop;		/* a column left out, or NULL */
	const char	*more;		/* how to come by the rows that are not
					 * shown; NULL: max_rows, max_bytes */
};

/* Of catalogs, and of tables of people's own. */
extern const struct mcp_db_shape mcp_db_plain, mcp_db_data;

/* mcp_db_rows.c: append a gateway's result (token i of j) as members, a
 * comma between them, without braces.  Returns how many rows are shown. */
uint32_t mcp_db_put_result(struct buf *out, const struct json *j, uint32_t i,
	    const struct mcp_db_shape *shape);
/* Any JSON value; what a double would not hold becomes a string. */
void	 mcp_db_put_json(struct buf *out, const struct json *j, uint32_t i);
/* The text at a row and column of a result; NULL where it is null.  To be
 * freed. */
char	*mcp_db_cell(const struct mcp_call *c, uint32_t result, uint32_t row,
	    uint32_t column) MUST_CHECK;
/* Go through the text in the first column of the answer's one result, row by
 * row: *row is 0 at first.  False behind the last row; else *text is to be
 * freed, NULL where it is none. */
bool	 mcp_db_next_line(const struct mcp_call *c, uint32_t *row,
	    char **text);
/* How many rows a result has. */
uint32_t mcp_db_rows(const struct mcp_call *c, uint32_t result);
/* Result k of a batch's answer; 0: none. */
uint32_t mcp_db_result(const struct mcp_call *c, uint32_t k);

/* mcp_db_ask.c: whether the last request to the gateway went well: a status
 * of 2xx and JSON. */
bool	 mcp_db_ok(const struct mcp_call *c);
/* Begin POST /v1/sql/execute or /v1/sql/batch: what is appended to the
 * returned buffer are further members, each with a comma in front, up to
 * mcp_db_ask_end(). */
struct buf *mcp_db_ask_sql(struct mcp_call *c, const char *sql);
struct buf *mcp_db_ask_batch(struct mcp_call *c);
enum mcp_verdict mcp_db_ask_end(struct mcp_call *c);
/* For a question that only reads: params is a JSON array or NULL. */
enum mcp_verdict mcp_db_query(struct mcp_call *c, const char *sql,
	    const char *params);
/* The argument idempotency_key as the request's; -1 where it is no good,
 * with the error written. */
int	 mcp_db_take_idem(struct mcp_call *c) MUST_CHECK;
/* ,"name":value of an argument that came */
void	 mcp_db_pass(struct mcp_call *c, struct buf *body, const char *name);
/* The answer's one result as the tool's. */
enum mcp_verdict mcp_db_tell_result(struct mcp_call *c,
	    const struct mcp_db_shape *shape);

/* mcp_db_error.c: what went wrong, for a reader who will do better. */
enum mcp_verdict mcp_db_error(struct mcp_call *c);
/* The same as text alone. */
void	 mcp_db_explain_error(const struct mcp_call *c, struct buf *out);

/* mcp_db_ident.c: append a name as SQL: "a"."b" of what was given as a.b or
 * "a"."b".  Returns 0, or -1 where it is none. */
int	 mcp_db_put_name(struct buf *out, const char *name) MUST_CHECK;
/* One identifier, quoted. */
void	 mcp_db_put_ident(struct buf *out, const char *ident);

/* The tools. */
enum mcp_verdict mcp_db_sql_execute(struct mcp_call *c);
enum mcp_verdict mcp_db_sql_query(struct mcp_call *c);
enum mcp_verdict mcp_db_transaction(struct mcp_call *c);
enum mcp_verdict mcp_db_list_tables(struct mcp_call *c);
enum mcp_verdict mcp_db_describe_table(struct mcp_call *c);
enum mcp_verdict mcp_db_search_schema(struct mcp_call *c);
enum mcp_verdict mcp_db_vector_search(struct mcp_call *c);
enum mcp_verdict mcp_db_vector_upsert(struct mcp_call *c);
enum mcp_verdict mcp_db_hybrid_search(struct mcp_call *c);
enum mcp_verdict mcp_db_plan(struct mcp_call *c);
enum mcp_verdict mcp_db_advise(struct mcp_call *c);
enum mcp_verdict mcp_db_rpc_call(struct mcp_call *c);
enum mcp_verdict mcp_db_whoami(struct mcp_call *c);
enum mcp_verdict mcp_db_health(struct mcp_call *c);

/* mcp_db_describe.c: the statements that describe a table; $1 its name. */
extern const char mcp_db_columns_sql[], mcp_db_facts_sql[];
/* The answer to both as one object. */
void	 mcp_db_put_table(struct mcp_call *c, struct buf *out);

/* mcp_db_resource.c */
enum mcp_verdict mcp_db_read(struct mcp_call *c);
enum mcp_verdict mcp_db_complete(struct mcp_call *c);
/* mcp_db_prompt.c */
extern const char mcp_db_prompts[], mcp_db_guide[];
enum mcp_verdict mcp_db_prompt(struct mcp_call *c);

/* mcp_db_gate.c: the gate before statements that destroy data. */

/* Run a tool behind the gate: ask makes its request with the given value of
 * "confirm" ("required" or a token), tell its result.  A refusal with
 * confirmation_required becomes a question to the user where the client can
 * ask, else an error with the token. */
enum mcp_verdict mcp_db_gate(struct mcp_call *c,
	    enum mcp_verdict (*ask)(struct mcp_call *, const char *confirm),
	    enum mcp_verdict (*tell)(struct mcp_call *));

/* mcp_db_vector.c: what the tools that search by vectors share. */

/* What is known of the vector column. */
struct mcp_db_vector {
	char	*column;	/* owned, as type */
	char	*type;		/* vector or halfvec */
	int	 metric;
	bool	 indexed;
};

/* One search: what put writes (0, or -1 with the error written) of which the
 * nearest k are wanted, candidates times as many looked at in the index. */
enum mcp_verdict mcp_db_vector_steps(struct mcp_call *c,
	    int (*put)(struct mcp_call *c, const struct mcp_db_vector *v,
	    int64_t k, struct buf *sql, struct buf *params),
	    int candidates, const struct mcp_db_shape *shape);

/* Look at the columns of the argument table. */
enum mcp_verdict mcp_db_vector_look(struct mcp_call *c);
enum mcp_verdict mcp_db_vector_no_table(struct mcp_call *c);
extern const char mcp_db_vector_columns_sql[];

/* Pieces of the SQL: the columns wanted, each behind prefix; the filter, its
 * values from parameter *n + 1 on.  Return 0, or -1 with the error written. */
int	 mcp_db_vector_put_columns(struct mcp_call *c, struct buf *sql,
	    const char *prefix) MUST_CHECK;
int	 mcp_db_vector_put_filter(struct mcp_call *c, struct buf *sql,
	    struct buf *params, int *n) MUST_CHECK;

#endif
