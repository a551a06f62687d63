/*
 * rpc.h - procedures: a name, the role that may call it, the schema of its
 * arguments, and one statement.
 *
 * They come from files of the operator's, the same for every workspace, and
 * from the table acdb.rpcs, where a dbadmin key registers its workspace's
 * own (rpc_known.h).  A file is NAME.sql and begins with its header, in
 * comments:
 *
 *	-- description: What it does, in a sentence or two;
 *	--     further lines go on where the field before stopped.
 *	-- role: dbuser
 *	-- version: 1
 *	-- args: {
 *	--     "type": "object", ...
 *	-- }
 *	SELECT ...
 *
 * The header ends with the first line that does not begin with "--".  role
 * and args must be there; a field that nobody knows is an error.
 */
#ifndef RPC_H
#define RPC_H

#include <stdbool.h>
#include <stddef.h>

#include "conf.h"
#include "lib/buf.h"
#include "lib/cdefs.h"
#include "lib/problem.h"

#define RPC_NAME_MAX	63
#define RPC_TEXT_MAX	4096	/* bytes of a description */
#define RPC_SCHEMA_MAX	65536

struct jsonschema;
struct stmts;

/* A procedure, checked; shared, never changed. */
struct rpc {
	unsigned	 refs;
	char		*name, *description, *role, *sql;	/* owned */
	int		 version;
	size_t		 sql_len;
	int		 nparams;	/* 1 where the statement uses $1 */
	char		*schema;	/* owned; as it was written */
	struct jsonschema *args;	/* the same, ready for use; owned */
};

/* What a procedure is made of; all borrowed, NUL-terminated. */
struct rpc_text {
	const char	*name, *description, *role, *schema, *sql;
	int		 version;
};

/* rpc.c.  Whether a procedure can have that name: a letter or '_', then
 * letters, digits, '_' and '-', at most RPC_NAME_MAX in all; not "call". */
bool	 rpc_is_name(const char *name);

/* Check the parts and make a procedure of them, with one reference.  stmts
 * checks its statement.  NULL with why filled in (400). */
struct rpc *rpc_new(const struct rpc_text *t, struct stmts *stmts,
	    struct problem *why) MUST_CHECK;
struct rpc *rpc_ref(struct rpc *p);
void	 rpc_unref(struct rpc *p);	/* NULL is fine */

/* rpc_file.c.  The procedure in the n bytes of a file called name.sql.  NULL
 * with a line in err, without the file's name: "3: ..." */
struct rpc *rpc_file_read(const char *name, const char *p, size_t n,
	    struct stmts *stmts, struct buf *err) MUST_CHECK;

/* rpc_files.c.  All files of a directory. */
struct rpc_files;

/* Read AGENTCOOPDB_RPC_DIR; its default is looked for where the program is
 * installed or built, and, where it is missing, that is logged and there are
 * none.  NULL with a line in err. */
struct rpc_files *rpc_files_load(const struct conf *c, struct buf *err)
	    MUST_CHECK;
void	 rpc_files_free(struct rpc_files *f);

size_t	 rpc_files_count(const struct rpc_files *f);

/* Borrowed until rpc_files_free(), unless referred to; or NULL. */
struct rpc *rpc_files_find(const struct rpc_files *f, const char *name);

/* All of them as a JSON array of objects with name, version, description,
 * role, args_schema and sql; borrowed. */
const char *rpc_files_json(const struct rpc_files *f);

#endif
