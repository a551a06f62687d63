/*
 * pgverify_priv.h - between the files of verify, nobody else.
 */
#ifndef PGVERIFY_PRIV_H
#define PGVERIFY_PRIV_H

#include "buf.h"
#include "pgverify.h"

/* A property that catalogs show: findings are rows of one text column, none
 * where it holds. */
struct fact {
	const char		*name;
	const char		*property;
	enum pgverify_verdict	 otherwise;	/* where it does not hold */
	const char		*sql;
	bool			 superuser;	/* only one can see to it */
};

/* pgverify_facts.c, pgverify_tables.c, pgverify_guard.c: ended by an entry
 * without a name.  They need no privileges beyond the control plane's
 * login's. */
extern const struct fact pgverify_roles[];
extern const struct fact pgverify_objects[];
extern const struct fact pgverify_guards[];

/* Tell one line. */
void	pgverify_tell(const struct pgverify *v, int *fails,
	    enum pgverify_verdict verdict, const char *name,
	    const char *property, const char *detail);

/* pgverify_code.c: the functions' texts. */
int	pgverify_code(const struct pgverify *v, PGconn *c, int *fails,
	    struct pg_error *e) MUST_CHECK;

/* pgverify_try.c: what must fail is tried on every data-plane login. */
int	pgverify_tries(const struct pgverify *v, PGconn *c, bool managed,
	    int *fails, struct pg_error *e) MUST_CHECK;

#endif
