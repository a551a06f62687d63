/*
 * app.h - an application's own migrations: files of a directory, run on
 * dbadmin's data-plane login with the rights of the role dbadmin, so that
 * nothing a key could have planted on a table is run as a superuser.
 *
 *	NNNN_name.up.sql	(or NNNN_name.sql)
 *	NNNN_name.down.sql
 *
 * The number may have up to 18 digits.  Each file is one transaction with
 * the record of it.  Lines at its top may say otherwise:
 *
 *	-- acdb: no-transaction		each statement for itself; one that
 *					fails is gone on from there next time
 *	-- acdb: lock-timeout=5s	give up where a lock is not to be had
 *	-- acdb: timeout=10m		for each statement
 */
#ifndef APP_H
#define APP_H

#include <stdint.h>

#include "cmd.h"

/* Each returns the exit code. */
int	app_up(struct cmd_call *c, int64_t n);
int	app_down(struct cmd_call *c, int64_t n);
int	app_goto(struct cmd_call *c, int64_t version);
int	app_baseline(struct cmd_call *c, int64_t version);
int	app_status(struct cmd_call *c);

#endif
