/*
 * pgmigrate.h - bring a database to the control plane's schema and state its
 * boundary anew.
 *
 * share/migrations is embedded (migrations.h).  By their names:
 *
 *	before_*.sql	roles: run at every up, first
 *	NNNN_*.sql	tables: run once, in order, each recorded with its
 *			SHA-256 in acdb.schema_migrations
 *	after_*.sql	access, functions, grants, guard, passwords: run at
 *			every up, last, all in one transaction
 *	takeover.sql	run behind them once, on a database of the existing
 *			gateway
 *
 * All of it under one advisory lock, as a superuser; at HARDENING_MANAGED as
 * the database's owner, who has CREATEROLE, without what only a superuser
 * can state.  There is no way down.
 */
#ifndef PGMIGRATE_H
#define PGMIGRATE_H

#include <stdbool.h>
#include <stdint.h>

#include "cdefs.h"
#include "hardening.h"
#include "pg.h"

struct pgmigrate {
	const char	*url;		/* a superuser's, or the owner's */
	const char	*owner_password;	/* for it; may be NULL */
	const char	*gateway_password;	/* at least 16 characters */
	enum hardening	 hardening;
	bool		 own_cluster;	/* the whole server is ours: close its
					 * other databases too */
	bool		 takeover;	/* logins may lose access */
	bool		 dry_run;	/* say what would be done, do nothing */
	int		 lock_seconds;	/* to wait for the lock; 0: 60 */
	/* Progress and warnings, a line each; may be NULL. */
	void		(*say)(void *arg, const char *line);
	void		*arg;
};

/* The highest version of the embedded migrations. */
int	 pgmigrate_version(void);

/* Migrate.  Returns 0, also when nothing was to do; or -1 with e: beside the
 * codes of pg_connect(), EXIT_REFUSED for what the database or the checks
 * refuse (an edited or missing migration, a second database, logins that
 * would lose access) and EXIT_CONFIG for a gateway password that will not
 * do.  Else a login that is no superuser's is good enough where the schema is
 * up to date: then nothing is stated anew, and say is told. */
int	 pgmigrate_up(const struct pgmigrate *m, struct pg_error *e)
	    MUST_CHECK;

enum pgmigrate_state {
	PGMIGRATE_APPLIED,
	PGMIGRATE_PENDING,	/* embedded, not in the database */
	PGMIGRATE_EDITED,	/* applied with another text */
	PGMIGRATE_MISSING,	/* in the database, not embedded */
};

struct pgmigrate_row {
	int			 version;
	const char		*name;		/* borrowed, as the next */
	const char		*applied_at;	/* "" where it is not */
	enum pgmigrate_state	 state;
};

const char *pgmigrate_state_name(enum pgmigrate_state s);

/* Each known migration in order.  Returns how many are not APPLIED, or -1. */
int	 pgmigrate_status(PGconn *c,
	    void (*row)(void *arg, const struct pgmigrate_row *r), void *arg,
	    struct pg_error *e) MUST_CHECK;

/* The advisory lock of all migrations: polled, since a waiting session would
 * hold back others' vacuum.  Returns 0, or -1 with e. */
int	 pgmigrate_lock(PGconn *c, int seconds, struct pg_error *e) MUST_CHECK;

#endif
