/*
 * mcp_db_vector_priv.h - what the tools that search by vectors share.
 */
#ifndef MCP_DB_VECTOR_PRIV_H
#define MCP_DB_VECTOR_PRIV_H

#include "mcp_priv.h"

/* What is known of the vector column. */
struct mcp_db_vector {
	char	*column;	/* owned, as type */
	char	*type;		/* vector or halfvec */
	int	 metric;
	bool	 indexed;
};

/* Look at the columns of the argument table; then, with the answer, find the
 * one that v->column names.  Returns 0, or -1 with the error written. */
enum mcp_verdict mcp_db_vector_look(struct mcp_call *c);
int	 mcp_db_vector_found(struct mcp_call *c, struct mcp_db_vector *v)
	    MUST_CHECK;
enum mcp_verdict mcp_db_vector_no_table(struct mcp_call *c);
extern const char mcp_db_vector_columns_sql[];

/* Pieces of the SQL: the columns wanted, each behind prefix; the filter, its
 * values from parameter *n + 1 on.  Return 0, or -1 with the error written. */
int	 mcp_db_vector_put_columns(struct mcp_call *c, struct buf *sql,
	    const char *prefix) MUST_CHECK;
int	 mcp_db_vector_put_filter(struct mcp_call *c, struct buf *sql,
	    struct buf *params, int *n) MUST_CHECK;
void	 mcp_db_vector_put_settings(struct buf *body,
	    const struct mcp_call *c, const struct mcp_db_vector *v,
	    int64_t k);

#endif
