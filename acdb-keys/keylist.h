/*
 * keylist.h - some keys, as {"items":[...]}, and which of them to print.
 */
#ifndef KEYLIST_H
#define KEYLIST_H

#include <stdbool.h>

#include "lib/buf.h"
#include "lib/cdefs.h"

struct remote;

struct keylist {
	struct buf	 text;
	const char	*key_id;	/* print only this one; NULL: all */
	bool		 in_force;	/* print only those */
};

void	keylist_init(struct keylist *l);
void	keylist_fini(struct keylist *l);

/* Fill it from a gateway.  Returns an exit code. */
int	keylist_ask(struct keylist *l, struct remote *gw, bool all) MUST_CHECK;

/* Print the keys as a table, or the list in JSON; or the one key there is,
 * a line a member or as a JSON object.  Return an exit code. */
int	keylist_print(const struct keylist *l, bool json) MUST_CHECK;
int	keylist_show(const struct keylist *l, bool json) MUST_CHECK;

#endif
