/*
 * stmt.h - the statement check: does it parse, is it one statement, how many
 * parameters, of what kind is it?
 *
 * A courtesy to the caller (clear refusals before the database is asked) and
 * what the story plans by; never the security boundary.  libpg_query's
 * grammar may be older than the server's: what it cannot parse is classified
 * by its first keyword (lib/sqllex.h), is taken for a write, and PostgreSQL
 * decides.
 */
#ifndef STMT_H
#define STMT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cdefs.h"
#include "lib/problem.h"

enum stmt_kind {
	STMT_READ,		/* SELECT without INTO or locking clause,
				 * VALUES, TABLE, SHOW, EXPLAIN without
				 * ANALYZE */
	STMT_WRITE,		/* INSERT, UPDATE, DELETE, MERGE, SELECT FOR
				 * UPDATE, writable WITH, and all not known */
	STMT_DDL,		/* CREATE, ALTER, DROP, GRANT, COMMENT ... */
	STMT_CODE,		/* DO, CALL: may run anything */
	STMT_OUTSIDE,		/* VACUUM, CREATE INDEX CONCURRENTLY ...: cannot
				 * run in a transaction block */
};

struct stmt {
	enum stmt_kind	 kind;
	bool		 parsed;	/* libpg_query understood it */
	bool		 pure;		/* a read that seems to call nothing
					 * that writes (stmt_pure.c) */
	bool		 returning;	/* a write that returns rows, or may */
	bool		 counted;	/* its tag counts the rows it changes */
	bool		 uncounted;	/* changes rows that no tag counts, or
					 * may: those of a nested statement,
					 * of code, of TRUNCATE */
	bool		 destructive;	/* DROP, TRUNCATE, DELETE or UPDATE
					 * without a WHERE that names a
					 * column, DO that seems to */
	bool		 on_database;	/* GRANT or REVOKE ... ON DATABASE */
	bool		 reserved;	/* names what only a superuser can
					 * keep from keys, or may */
	int		 nparams;	/* the highest $N; -1: not known */
	char		 command[32];	/* the tag to expect, of a bounded set:
					 * "SELECT", "CREATE TABLE" ...
					 * "UNKNOWN" */
	uint8_t		 sha256[32];	/* of the text as sent */
	unsigned	 uses;		/* how often it was asked for */
};

struct stmts;

/* A cache of at most size checked statements (LRU, by hash of the text). */
struct stmts *stmts_new(size_t size) MUST_CHECK;
void	 stmts_free(struct stmts *s);

/* Check the n bytes of sql (no NUL inside; valid UTF-8; one behind it is
 * NUL).  Returns the statement, borrowed until the next call; or NULL with
 * why filled in: 400 empty_statement, parse_error (with position, line,
 * column and excerpt, sqlstate 42601), multiple_statements,
 * unsupported_statement (the detail says what to use instead),
 * params_mismatch (a statement that can have no parameters has one). */
const struct stmt *stmts_check(struct stmts *s, const char *sql, size_t n,
	    struct problem *why) MUST_CHECK;

/* The guess was wrong for the statement of that hash. */
void	 stmts_impure(struct stmts *s, const uint8_t sha256[32]);

/* Fill in why->line, column_number and excerpt (the line, and a caret below
 * it) from why->position, a 1-based character in sql. */
void	 stmt_excerpt(struct problem *why, const char *sql, size_t n);

#endif
