/*
 * appfile.h - the files of an application's migrations: found, read, cut
 * into statements.  Touches no database.
 */
#ifndef APPFILE_H
#define APPFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/buf.h"
#include "lib/cdefs.h"
#include "lib/secret.h"

struct appfile {
	int64_t	 version;
	char	*name;		/* "0001_notes", owned as the next two */
	char	*up;		/* path; NULL: only the down file is there */
	char	*down;		/* path; NULL: there is no way back */
};

struct appdir {
	struct appfile	*f;	/* in order of version */
	size_t		 n;
};

/* Read the directory.  Returns 0, or -1 with a line in err. */
int	appdir_read(struct appdir *d, const char *path, struct buf *err)
	    MUST_CHECK;
void	appdir_fini(struct appdir *d);

struct appstmt {
	const char	*sql;		/* borrows the text; NUL-terminated */
	size_t		 first_line;	/* of its text */
	size_t		 line;		/* of its first word */
};

struct appsql {
	char		*text;		/* owned; cut at the statements' ends */
	uint8_t		 sha[SECRET_SHA256];	/* of the whole */
	struct appstmt	*s;
	int		 n;
	bool		 no_transaction;
	int64_t		 lock_timeout, timeout;	/* ms; 0: none */
};

/* Read one file: its header, its hash, its statements.  Refuses what cannot
 * be: psql's commands, statements that end the transaction.  Returns 0, or
 * -1 with "path:line: what" in err. */
int	appsql_read(struct appsql *q, const char *path, struct buf *err)
	    MUST_CHECK;
void	appsql_fini(struct appsql *q);

#endif
