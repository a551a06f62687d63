/*
 * mcp_db_ident.c - names of tables and columns as SQL.
 *
 * What comes from a tool's arguments never becomes SQL but quoted.
 */
#include <stdlib.h>
#include <string.h>

#include "mcp_db_priv.h"

void
mcp_db_put_ident(struct buf *out, const char *ident)
{
	buf_addc(out, '"');
	for (; *ident != '\0'; ident++) {
		if (*ident == '"')
			buf_addc(out, '"');
		buf_addc(out, *ident);
	}
	buf_addc(out, '"');
}

/* One part of a name from *p on, quoted or not, up to a dot or the end.
 * A name without quotes is taken as it is written: models repeat names as
 * they were shown. */
static int
put_part(struct buf *out, const char **p)
{
	const char *s = *p;
	struct buf part;
	bool quoted = *s == '"';
	int rc = 0;

	buf_init(&part, 256);
	if (quoted)
		s++;
	for (; *s != '\0' && (quoted || *s != '.'); s++) {
		if (*s == '"') {
			if (!quoted || s[1] != '"')
				break;
			s++;
		}
		buf_addc(&part, *s);
	}
	if (quoted && *s++ != '"')
		rc = -1;
	if (buf_len(&part) == 0 || buf_failed(&part) ||
	    (*s != '\0' && *s != '.'))
		rc = -1;
	else
		mcp_db_put_ident(out, buf_cstr(&part));
	buf_fini(&part);
	*p = s;
	return rc;
}

int
mcp_db_put_name(struct buf *out, const char *name)
{
	const char *p = name;

	for (int parts = 1; parts <= 3; parts++) {
		if (put_part(out, &p) == -1)
			return -1;
		if (*p == '\0')
			return 0;
		buf_addc(out, '.');
		p++;
	}
	return -1;
}
