/*
 * cmd_new.c - acdb-migrate new and baseline: the files of a migration, and
 * taking what is there for applied.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "appfile.h"
#include "cmd.h"
#include "lib/exitcode.h"
#include "lib/units.h"

#define NAME_CHARS	"abcdefghijklmnopqrstuvwxyz0123456789_"

static int
make_file(const struct cmd_call *c, int64_t version, const char *way,
    const char *text)
{
	char path[4096];
	FILE *f;
	int rc;

	(void)snprintf(path, sizeof(path), "%s/%04lld_%s.%s.sql", c->dir,
	    (long long)version, c->argv[0], way);
	if (c->dry_run) {
		fprintf(stderr, "acdb-migrate: would make %s\n", path);
		return 0;
	}
	if ((f = fopen(path, "wxe")) == NULL) {
		fprintf(stderr, "acdb-migrate: %s: %s\n", path,
		    strerror(errno));
		return -1;
	}
	rc = fputs(text, f) == EOF ? -1 : 0;
	if (fclose(f) == EOF || rc == -1) {
		fprintf(stderr, "acdb-migrate: %s: %s\n", path,
		    strerror(errno));
		return -1;
	}
	puts(path);
	return 0;
}

int
cmd_new(struct cmd_call *c)
{
	const char *name = c->argv[0];
	struct appdir d;
	struct buf err;
	int64_t version = 1;

	if (c->dir == NULL) {
		cmd_say(NULL, "new needs --dir DIR");
		return EXIT_USAGE;
	}
	if (*name == '\0' || name[strspn(name, NAME_CHARS)] != '\0') {
		cmd_say(NULL, "a name has small letters, digits and _ only");
		return EXIT_USAGE;
	}
	buf_init(&err, 4096);
	if (appdir_read(&d, c->dir, &err) == -1) {
		cmd_say(NULL, buf_cstr(&err));
		buf_fini(&err);
		return EXIT_LOCAL;
	}
	if (d.n > 0)
		version = d.f[d.n - 1].version + 1;
	appdir_fini(&d);
	buf_fini(&err);
	if (make_file(c, version, "up", "-- What it does, and why.\n") == -1 ||
	    make_file(c, version, "down", "-- How to undo it.\n") == -1)
		return EXIT_LOCAL;
	return EXIT_OK;
}

int
cmd_baseline(struct cmd_call *c)
{
	int64_t v;

	if (units_int(c->argv[0], 0, INT64_MAX, &v) == -1)
		return cmd_not_a_number(c->argv[0]);
	if (c->dir == NULL) {
		cmd_say(NULL, "baseline is for --dir: the control plane's "
		    "tables are this program's to make");
		return EXIT_USAGE;
	}
	return app_baseline(c, v);
}
