/*
 * schema.h - the statement behind GET /v1/schema.
 */
#ifndef SCHEMA_H
#define SCHEMA_H

#include "lib/buf.h"

/*
 * Append one SELECT whose one value is the whole document, JSON.  It runs in
 * the role of the caller, and tells of what that role may use.  Parameters,
 * all text or null: schema, a LIKE pattern of names, detail, and "t" where
 * estimates of rows may be told.
 */
void	 schema_sql(struct buf *out);

#endif
