/*
 * migrations.h - the control plane's migrations, embedded at build time
 * from share/migrations in the order of their names.
 */
#ifndef MIGRATIONS_H
#define MIGRATIONS_H

struct migration_file {
	const char	*name;	/* "0001_control_plane.sql" */
	const char	*text;	/* NUL-terminated */
	const char	*end;	/* behind the last byte */
};

/* The version of the schema this program is made for: the highest number
 * that a name begins with. */
int	migrations_version(void);

/* Ended by an entry whose name is NULL. */
extern const struct migration_file migrations_embedded[];

#endif
