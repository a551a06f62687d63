/*
 * pgverify.h - prove on the live database that the boundary holds, a line a
 * property: by what the catalogs say and by trying what must fail.
 */
#ifndef PGVERIFY_H
#define PGVERIFY_H

#include "cdefs.h"
#include "hardening.h"
#include "pg.h"

enum pgverify_verdict { PGVERIFY_PASS, PGVERIFY_WARN, PGVERIFY_FAIL };

struct pgverify_line {
	enum pgverify_verdict	 verdict;
	const char		*name;		/* "split-logins": stable */
	const char		*property;	/* what holds, a sentence */
	const char		*detail;	/* "" where it holds */
};

struct pgverify {
	const char	*url;		/* any login of the product's or a
					 * superuser's */
	const char	*password;	/* for it; may be NULL */
	const char	*gateway_password;	/* NULL: what needs the
					 * data-plane logins is not tried */
	enum hardening	 hardening;	/* that is asked for */
	void		(*line)(void *arg, const struct pgverify_line *l);
	void		*arg;
};

const char *pgverify_verdict_name(enum pgverify_verdict v);

/* Check every property and tell each to line.  A FAIL is something acdbd
 * must not serve with; a WARN is weaker than it could be, or outside our
 * database.  What only a superuser can close is a WARN where the database
 * was hardened as managed and that is asked for: who asks has accepted it.
 * Returns how many FAILs, or -1 with e when checking itself failed. */
int	pgverify(const struct pgverify *v, struct pg_error *e) MUST_CHECK;

#endif
