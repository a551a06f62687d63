/*
 * pgmigrate_files.c - the embedded migrations, by their names.  Touches no
 * database.
 */
#include <string.h>

#include "pgmigrate_priv.h"

#define DIGITS	4		/* NNNN_name.sql */

int
pgmigrate_file_version(const struct migration_file *f)
{
	int v = 0;

	for (int i = 0; i < DIGITS; i++) {
		if (f->name[i] < '0' || f->name[i] > '9')
			return 0;
		v = v * 10 + (f->name[i] - '0');
	}
	return f->name[DIGITS] == '_' ? v : 0;
}

void
pgmigrate_file_sha256(const struct migration_file *f,
    uint8_t out[SECRET_SHA256])
{
	secret_sha256(out, f->text, (size_t)(f->end - f->text));
}

const struct migration_file *
pgmigrate_file_next(const struct migration_file *f, const char *prefix)
{
	f = f == NULL ? migrations_embedded : f + 1;
	for (; f->name != NULL; f++) {
		if (*prefix == '\0' ? pgmigrate_file_version(f) > 0 :
		    strncmp(f->name, prefix, strlen(prefix)) == 0)
			return f;
	}
	return NULL;
}

int
pgmigrate_version(void)
{
	const struct migration_file *f = NULL;
	int v = 0;

	/* The linker keeps the order of the names. */
	while ((f = pgmigrate_file_next(f, "")) != NULL)
		v = pgmigrate_file_version(f);
	return v;
}
