/*
 * problem_doc.h - reading a refusal (RFC 9457) as the gateway sends it.
 */
#ifndef PROBLEM_DOC_H
#define PROBLEM_DOC_H

#include <stdint.h>

#include "lib/cdefs.h"
#include "lib/httpc.h"

/* All char * are owned, never NULL: "" where the document does not say. */
struct problem_doc {
	char	*title, *detail, *sqlstate, *severity, *hint, *pg_detail;
	char	*schema, *table, *column, *constraint, *context, *tx;
	int64_t	 position;	/* 0: none */
};

/* Returns 0; or -1 where the answer's body is no such document (or memory
 * is out), d then needs no problem_doc_fini(). */
int	problem_doc_read(struct problem_doc *d, const struct httpc_answer *a)
	    MUST_CHECK;
void	problem_doc_fini(struct problem_doc *d);

#endif
