/*
 * migrations.c - see migrations.h; the table itself is made by embed.sh.
 */
#include <stddef.h>

#include "migrations.h"

int
migrations_version(void)
{
	const struct migration_file *f;
	int version = 0, n;

	for (f = migrations_embedded; f->name != NULL; f++) {
		n = 0;
		for (const char *p = f->name; *p >= '0' && *p <= '9'; p++)
			n = n * 10 + (*p - '0');
		if (n > version)
			version = n;
	}
	return version;
}
