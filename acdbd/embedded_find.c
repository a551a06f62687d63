/*
 * embedded_find.c - see embedded_find.h.
 *
 * deploy/local/pg-bindir.sh looks in the same places in the same order.
 */
#include <glob.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "embedded_find.h"
#include "lib/log.h"

/* Before 16, role membership cannot hold the boundary. */
#define MAJOR_MIN	16

/* What was seen and not taken, for the message. */
struct search {
	struct embedded_pg		*pg;
	const struct embedded_user	*user;
	int				 major;
	char				 seen[512];
};

/* Whether the file prefix + middle + suffix is there. */
static bool
exists(const char *prefix, const char *middle, const char *suffix)
{
	char path[PATH_MAX];
	int n = snprintf(path, sizeof(path), "%s%s%s", prefix, middle, suffix);

	return n > 0 && (size_t)n < sizeof(path) && access(path, R_OK) == 0;
}

static bool
has_vector(const char *bindir, int major)
{
	char number[16];

	snprintf(number, sizeof(number), "%d", major);
	return exists(bindir, "/../share/extension/", "vector.control") ||
	    exists(bindir, "/../share/postgresql/extension/",
		"vector.control") ||
	    exists("/usr/share/postgresql/", number,
		"/extension/vector.control");
}

static void
note(struct search *s, const char *bindir, const char *why)
{
	size_t n = strlen(s->seen);

	snprintf(s->seen + n, sizeof(s->seen) - n, "%s%s (%s)",
	    n > 0 ? ", " : "", bindir, why);
}

/* The server's major version, -1 where it cannot be run. */
static int
version(const char *bindir, const struct embedded_user *u)
{
	char path[PATH_MAX + 16], out[128], *p;
	const char *argv[] = { path, "--version", NULL };

	snprintf(path, sizeof(path), "%s/postgres", bindir);
	if (embedded_proc_run(u, argv, NULL, out, sizeof(out)) != 0)
		return -1;
	/* "postgres (PostgreSQL) 17.11 (Debian 17.11-1)" */
	if ((p = strstr(out, "(PostgreSQL) ")) == NULL)
		return -1;
	return (int)strtol(p + strlen("(PostgreSQL) "), NULL, 10);
}

static bool
take(struct search *s, const char *bindir)
{
	int major;

	if (!exists(bindir, "/postgres", "") ||
	    !exists(bindir, "/initdb", ""))
		return false;
	if ((major = version(bindir, s->user)) == -1)
		note(s, bindir, "cannot be run by PostgreSQL's user");
	else if (major < MAJOR_MIN)
		note(s, bindir, "older than 16");
	else if (s->major != 0 && major != s->major)
		note(s, bindir, "not of the cluster's version");
	else if (!has_vector(bindir, major))
		note(s, bindir, "without pgvector");
	else {
		snprintf(s->pg->bindir, sizeof(s->pg->bindir), "%s", bindir);
		s->pg->major = major;
		return true;
	}
	return false;
}

static bool
take_configured(struct search *s)
{
	static const char *const argv[] = { "/usr/bin/env", "pg_config",
	    "--bindir", NULL };
	char dir[PATH_MAX];

	if (embedded_proc_run(s->user, argv, NULL, dir, sizeof(dir)) != 0)
		return false;
	dir[strcspn(dir, "\n")] = '\0';
	return dir[0] == '/' && take(s, dir);
}

/* Of what matches, the newest version first. */
static bool
take_newest(struct search *s, const char *pattern)
{
	bool found = false;
	glob_t g;

	if (glob(pattern, GLOB_NOSORT, NULL, &g) != 0)
		return false;
	for (size_t left = g.gl_pathc; left > 0 && !found; left--) {
		size_t best = 0;

		for (size_t i = 1; i < left; i++)
			if (strverscmp(g.gl_pathv[i], g.gl_pathv[best]) > 0)
				best = i;
		found = take(s, g.gl_pathv[best]);
		free(g.gl_pathv[best]);
		g.gl_pathv[best] = g.gl_pathv[left - 1];
		g.gl_pathv[left - 1] = NULL;
	}
	globfree(&g);
	return found;
}

static bool
take_cached(struct search *s)
{
	const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
	char pattern[PATH_MAX];

	if (take_newest(s, "/var/cache/agentcoopdb/postgresql-*/bin"))
		return true;
	if (cache != NULL && cache[0] == '/')
		snprintf(pattern, sizeof(pattern),
		    "%s/agentcoopdb/postgresql-*/bin", cache);
	else if (home != NULL)
		snprintf(pattern, sizeof(pattern),
		    "%s/.cache/agentcoopdb/postgresql-*/bin", home);
	else
		return false;
	return take_newest(s, pattern);
}

int
embedded_find(struct embedded_pg *pg, const char *given, int major,
    const struct embedded_user *u)
{
	struct search s = { .pg = pg, .user = u, .major = major };
	char number[16];

	if ((given != NULL && take(&s, given)) || take_configured(&s) ||
	    take_newest(&s, "/usr/lib/postgresql/*/bin") || take_cached(&s))
		return 0;
	snprintf(number, sizeof(number), "%d", major);
	log_error("no PostgreSQL 16 or newer with pgvector found; "
	    "\"make deps\" installs one, AGENTCOOPDB_PG_BINDIR names one",
	    "wanted", major == 0 ? "any" : number,
	    "not_taken", s.seen[0] == '\0' ? NULL : s.seen, NULL);
	return -1;
}
