/*
 * apprun.h - the two sessions in which an application's migrations run: the
 * control plane's, which holds the lock and knows what was applied, and
 * dbadmin's data-plane login, in which their SQL is run and recorded.
 */
#ifndef APPRUN_H
#define APPRUN_H

#include "appfile.h"
#include "cmd.h"

struct apprun {
	PGconn			*control;
	PGconn			*work;
	struct secret_mac	*mac;		/* of the context key */
	struct buf		 path;		/* search_path of sessions */
	bool			 dry_run;
};

/* What the database knows of one version. */
struct apprecord {
	bool	known;
	bool	finished;
	int	done;		/* statements, of one that is not finished */
	bool	edited;		/* of another text than q's */
};

/* Connect both and take the lock.  Returns 0, or -1 with e. */
int	apprun_open(struct apprun *r, const struct cmd_call *c,
	    struct pg_error *e) MUST_CHECK;
/* Connect the control plane's only, to look. */
int	apprun_look(struct apprun *r, const struct cmd_call *c,
	    struct pg_error *e) MUST_CHECK;
void	apprun_close(struct apprun *r);

/* q may be NULL: edited is not told. */
int	apprun_record(struct apprun *r, const struct appfile *f,
	    const struct appsql *q, struct apprecord *out,
	    struct pg_error *e) MUST_CHECK;

/* Run q, behind the first done statements, and record f as finished; down:
 * record it as gone.  e begins with path:line. */
int	apprun_file(struct apprun *r, const struct appfile *f,
	    const struct appsql *q, int done, bool down, struct pg_error *e)
	    MUST_CHECK;

/* Record f as finished without running it. */
int	apprun_baseline(struct apprun *r, const struct appfile *f,
	    const struct appsql *q, struct pg_error *e) MUST_CHECK;

#endif
