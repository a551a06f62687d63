/*
 * pgproblem.h - what PostgreSQL refused, as the problem the caller is told.
 */
#ifndef PGPROBLEM_H
#define PGPROBLEM_H

#include <libpq-fe.h>
#include <stddef.h>

#include "lib/problem.h"

/* Fill in why from an error result: status and title by the SQLSTATE, every
 * field PostgreSQL gives, and, with sql (n bytes; may be NULL), line, column
 * and excerpt.  Always returns -1. */
int	pgproblem_set(struct problem *why, const PGresult *res,
	    const char *sql, size_t n);

/* Fill in why where nothing was done as the database is away: a 503 to be
 * tried again.  Always returns -1. */
int	pgproblem_unavailable(struct problem *why);

/* The number of the parameter whose value its type's input function refused,
 * or 0. */
int	pgproblem_parameter(const PGresult *res);

#endif
