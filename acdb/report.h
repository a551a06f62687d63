/*
 * report.h - what goes to standard error: errors with their place, notices.
 *
 *	x.sql:3:8: ERROR: relation "nope" does not exist
 *	LINE 3: select * from nope;
 *	                      ^
 *	DETAIL: ...
 */
#ifndef REPORT_H
#define REPORT_H

#include "ask.h"
#include "lib/cdefs.h"
#include "locate.h"
#include "result.h"

/* A refusal of our own. */
void	report_text(const struct statement *s, const char *fmt, ...)
	    PRINTF(2, 3);

/* The statement holds a byte at this character that no request can. */
void	report_bad_byte(const struct statement *s, size_t position,
	    unsigned char byte);

/* Why ask_statement() failed. */
void	report_failure(const struct statement *s, struct ask *q);

/* The notices of an answer. */
void	report_notices(const struct statement *s, const struct result *r);

#endif
