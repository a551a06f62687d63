/*
 * appdir.c - which migrations a directory holds.  See appfile.h.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "appfile.h"

#define DIGITS_MAX	18

/* Whether it was likely meant for one: a name such as "0001-notes.sql". */
static bool
is_near(const char *name)
{
	size_t n = strlen(name);

	return strspn(name, "0123456789") > 0 && n > 4 &&
	    strcasecmp(name + n - 4, ".sql") == 0;
}

/* Split "0001_notes.up.sql": the length of "0001_notes", 0 for a name that
 * is no migration's.  *down tells which way. */
static size_t
stem(const char *name, int64_t *version, bool *down)
{
	size_t digits = strspn(name, "0123456789"), n = strlen(name);

	if (digits == 0 || digits > DIGITS_MAX || name[digits] != '_' ||
	    n < 5 || strcmp(name + n - 4, ".sql") != 0)
		return 0;
	n -= 4;
	*down = n > 5 && memcmp(name + n - 5, ".down", 5) == 0;
	if (*down)
		n -= 5;
	else if (n > 3 && memcmp(name + n - 3, ".up", 3) == 0)
		n -= 3;
	*version = strtoll(name, NULL, 10);
	return n;
}

static char *
join(const char *dir, const char *name)
{
	char *path = NULL;

	return asprintf(&path, "%s/%s", dir, name) == -1 ? NULL : path;
}

static struct appfile *
slot(struct appdir *d, int64_t version, const char *name, size_t n)
{
	struct appfile *f;

	for (size_t i = 0; i < d->n; i++)
		if (d->f[i].version == version)
			return &d->f[i];
	if ((f = realloc(d->f, (d->n + 1) * sizeof(*f))) == NULL)
		return NULL;
	d->f = f;
	f += d->n++;
	memset(f, 0, sizeof(*f));
	f->version = version;
	f->name = strndup(name, n);
	return f;
}

static int
add(struct appdir *d, const char *dir, const char *name, struct buf *err)
{
	struct appfile *f;
	int64_t version;
	bool down;
	size_t n = stem(name, &version, &down);
	char **path;

	if (n == 0 && is_near(name)) {
		(void)buf_addf(err, "%s/%s: a migration's name is like "
		    "0001_notes.up.sql, with up to %d digits", dir, name,
		    DIGITS_MAX);
		return -1;
	}
	if (n == 0)
		return 0;
	f = slot(d, version, name, n);
	if (f == NULL || f->name == NULL) {
		(void)buf_adds(err, "out of memory");
		return -1;
	}
	path = down ? &f->down : &f->up;
	if (*path != NULL || strlen(f->name) != n ||
	    memcmp(f->name, name, n) != 0) {
		(void)buf_addf(err, "%s/%s: another file has its number", dir,
		    name);
		return -1;
	}
	return (*path = join(dir, name)) == NULL ? -1 : 0;
}

static int
by_version(const void *a, const void *b)
{
	const struct appfile *x = a, *y = b;

	return (x->version > y->version) - (x->version < y->version);
}

int
appdir_read(struct appdir *d, const char *path, struct buf *err)
{
	DIR *dir = opendir(path);
	struct dirent *ent;
	int rc = 0;

	memset(d, 0, sizeof(*d));
	if (dir == NULL) {
		(void)buf_addf(err, "%s: %s", path, strerror(errno));
		return -1;
	}
	while (rc == 0 && (ent = readdir(dir)) != NULL)
		rc = add(d, path, ent->d_name, err);
	(void)closedir(dir);
	if (rc == -1) {
		appdir_fini(d);
		return -1;
	}
	if (d->n > 0)
		qsort(d->f, d->n, sizeof(*d->f), by_version);
	return 0;
}

void
appdir_fini(struct appdir *d)
{
	for (size_t i = 0; i < d->n; i++) {
		free(d->f[i].name);
		free(d->f[i].up);
		free(d->f[i].down);
	}
	free(d->f);
	memset(d, 0, sizeof(*d));
}
