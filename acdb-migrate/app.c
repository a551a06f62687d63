/*
 * app.c - which of an application's migrations are to run, and the commands
 * over them.  See app.h.  Reads every file before it runs the first.
 */
#include <stdlib.h>
#include <string.h>

#include "app.h"
#include "apprun.h"
#include "lib/exitcode.h"

struct app {
	struct appdir	 dir;
	struct appsql	*up;		/* one for each of dir */
	struct apprun	 run;
	struct buf	 err;
	struct pg_error	 e;
};

static int
app_read(struct app *a, const struct cmd_call *c)
{
	memset(a, 0, sizeof(*a));
	buf_init(&a->err, 4096);
	pg_error_init(&a->e);
	if (c->url == NULL)
		return pg_error_set(&a->e, EXIT_CONFIG, CMD_NO_URL);
	if (appdir_read(&a->dir, c->dir, &a->err) == -1)
		goto fail;
	if (a->dir.n > 0 &&
	    (a->up = calloc(a->dir.n, sizeof(*a->up))) == NULL)
		goto fail;
	for (size_t i = 0; i < a->dir.n; i++) {
		if (a->dir.f[i].up == NULL) {
			(void)buf_addf(&a->err, "%s: has no way up",
			    a->dir.f[i].down);
			goto fail;
		}
		if (appsql_read(&a->up[i], a->dir.f[i].up, &a->err) == -1)
			goto fail;
	}
	return 0;
fail:
	return pg_error_set(&a->e, EXIT_LOCAL, "%s", buf_len(&a->err) > 0 ?
	    buf_cstr(&a->err) : "out of memory");
}

/* Everything away again.  Returns the exit code: rc, or what e says. */
static int
app_done(struct app *a, int rc)
{
	int code = rc == -1 ? cmd_fail(&a->e) : rc;

	apprun_close(&a->run);
	for (size_t i = 0; a->up != NULL && i < a->dir.n; i++)
		appsql_fini(&a->up[i]);
	free(a->up);
	appdir_fini(&a->dir);
	buf_fini(&a->err);
	pg_error_fini(&a->e);
	return code;
}

static int
refuse_edited(struct app *a, size_t i, const struct apprecord *rec)
{
	/* One that stopped half-way may be mended and gone on with. */
	if (!rec->finished || !rec->edited)
		return 0;
	return pg_error_set(&a->e, EXIT_REFUSED,
	    "%s was edited after it was applied", a->dir.f[i].up);
}

/* Versions the database has and the directory has not. */
static int
refuse_missing(struct app *a)
{
	PGresult *r = pg_query(a->run.control, "SELECT version, name"
	    " FROM acdb.app_migrations ORDER BY version", 0, NULL, &a->e);
	int rc = 0;

	if (r == NULL)
		return -1;
	for (int i = 0; rc == 0 && i < PQntuples(r); i++) {
		int64_t v = strtoll(PQgetvalue(r, i, 0), NULL, 10);
		size_t k = 0;

		while (k < a->dir.n && a->dir.f[k].version != v)
			k++;
		if (k == a->dir.n)
			rc = pg_error_set(&a->e, EXIT_REFUSED, "%s was "
			    "applied, but its file is missing",
			    PQgetvalue(r, i, 1));
	}
	PQclear(r);
	return rc;
}

static int
one_up(struct app *a, size_t i, const struct apprecord *rec)
{
	char line[512];

	(void)snprintf(line, sizeof(line), "%s %s%s", a->run.dry_run ?
	    "would apply" : "applied", a->dir.f[i].name,
	    rec->known ? ", going on where it stopped" : "");
	if (!a->run.dry_run && apprun_file(&a->run, &a->dir.f[i], &a->up[i],
	    rec->known ? rec->done : 0, false, &a->e) == -1)
		return -1;
	cmd_say(NULL, line);
	return 0;
}

/* Up to n pending ones, none above version max. */
static int
go_up(struct app *a, int64_t n, int64_t max)
{
	struct apprecord rec;

	if (refuse_missing(a) == -1)
		return -1;
	for (size_t i = 0; i < a->dir.n; i++) {
		if (apprun_record(&a->run, &a->dir.f[i], &a->up[i], &rec,
		    &a->e) == -1 || refuse_edited(a, i, &rec) == -1)
			return -1;
		if (rec.finished || a->dir.f[i].version > max)
			continue;
		if (n-- <= 0)
			break;
		if (one_up(a, i, &rec) == -1)
			return -1;
	}
	return 0;
}

static int
one_down(struct app *a, size_t i)
{
	struct appfile *f = &a->dir.f[i];
	struct appsql q;
	char line[512];
	int rc = 0;

	if (f->down == NULL)
		return pg_error_set(&a->e, EXIT_REFUSED,
		    "%s has no way back: there is no .down.sql", f->name);
	if (appsql_read(&q, f->down, &a->err) == -1)
		return pg_error_set(&a->e, EXIT_LOCAL, "%s",
		    buf_cstr(&a->err));
	if (!a->run.dry_run)
		rc = apprun_file(&a->run, f, &q, 0, true, &a->e);
	appsql_fini(&q);
	(void)snprintf(line, sizeof(line), "%s %s", a->run.dry_run ?
	    "would undo" : "undid", f->name);
	if (rc == 0)
		cmd_say(NULL, line);
	return rc;
}

/* Undo up to n applied ones, the latest first, none at or below min. */
static int
go_down(struct app *a, int64_t n, int64_t min)
{
	struct apprecord rec;

	if (refuse_missing(a) == -1)
		return -1;
	for (size_t i = a->dir.n; i-- > 0 && n > 0;) {
		if (a->dir.f[i].version <= min)
			break;
		if (apprun_record(&a->run, &a->dir.f[i], NULL, &rec,
		    &a->e) == -1)
			return -1;
		if (!rec.known)
			continue;
		if (one_down(a, i) == -1)
			return -1;
		n--;
	}
	return 0;
}

int
app_up(struct cmd_call *c, int64_t n)
{
	struct app a;
	int rc = app_read(&a, c);

	if (rc == 0 && (rc = apprun_open(&a.run, c, &a.e)) == 0)
		rc = go_up(&a, n, INT64_MAX);
	return app_done(&a, rc);
}

int
app_down(struct cmd_call *c, int64_t n)
{
	struct app a;
	int rc = app_read(&a, c);

	if (rc == 0 && (rc = apprun_open(&a.run, c, &a.e)) == 0)
		rc = go_down(&a, n, INT64_MIN);
	return app_done(&a, rc);
}

/* 0 is the version before all. */
static int
refuse_unknown(struct app *a, int64_t version)
{
	for (size_t i = 0; i < a->dir.n; i++)
		if (a->dir.f[i].version == version)
			return 0;
	return version == 0 ? 0 : pg_error_set(&a->e, EXIT_REFUSED,
	    "no migration has the number %lld", (long long)version);
}

int
app_goto(struct cmd_call *c, int64_t version)
{
	struct app a;
	int rc = app_read(&a, c);

	if (rc == 0)
		rc = refuse_unknown(&a, version);
	if (rc == 0 && (rc = apprun_open(&a.run, c, &a.e)) == 0 &&
	    (rc = go_down(&a, INT64_MAX, version)) == 0)
		rc = go_up(&a, INT64_MAX, version);
	return app_done(&a, rc);
}

static int
one_baseline(struct app *a, size_t i)
{
	char line[512];

	if (!a->run.dry_run && apprun_baseline(&a->run, &a->dir.f[i],
	    &a->up[i], &a->e) == -1)
		return -1;
	(void)snprintf(line, sizeof(line), "%s %s for applied",
	    a->run.dry_run ? "would take" : "took", a->dir.f[i].name);
	cmd_say(NULL, line);
	return 0;
}

int
app_baseline(struct cmd_call *c, int64_t version)
{
	struct app a;
	struct apprecord rec;
	int rc = app_read(&a, c);

	if (rc == 0)
		rc = apprun_open(&a.run, c, &a.e);
	for (size_t i = 0; rc == 0 && i < a.dir.n; i++) {
		if (a.dir.f[i].version > version)
			break;
		rc = apprun_record(&a.run, &a.dir.f[i], NULL, &rec, &a.e);
		if (rc == 0 && !rec.finished)
			rc = one_baseline(&a, i);
	}
	return app_done(&a, rc);
}

static void
show(const struct cmd_call *c, const struct app *a, size_t i,
    const struct apprecord *rec)
{
	const char *state = rec->finished ? rec->edited ? "edited" :
	    "applied" : rec->known ? "half" : "pending";

	if (!c->json) {
		printf("%04lld  %-8s  %s\n", (long long)a->dir.f[i].version,
		    state, a->dir.f[i].name);
		return;
	}
	printf("%s{\"version\":%lld,\"name\":", i > 0 ? "," : "",
	    (long long)a->dir.f[i].version);
	cmd_json_str(a->dir.f[i].name);
	printf(",\"state\":\"%s\",\"statements\":%d,\"done\":%d}", state,
	    a->up[i].n, rec->finished ? a->up[i].n : rec->done);
}

int
app_status(struct cmd_call *c)
{
	struct app a;
	struct apprecord rec;
	int rc = app_read(&a, c), bad = 0;

	if (rc == 0)
		rc = apprun_look(&a.run, c, &a.e);
	if (rc == 0 && c->json)
		fputs("{\"migrations\":[", stdout);
	for (size_t i = 0; rc == 0 && i < a.dir.n; i++) {
		rc = apprun_record(&a.run, &a.dir.f[i], &a.up[i], &rec, &a.e);
		if (rc == 0)
			show(c, &a, i, &rec);
		bad += rc == 0 && (!rec.finished || rec.edited);
	}
	if (rc == 0 && c->json)
		puts("]}");
	if (rc == 0)
		rc = refuse_missing(&a);
	if (rc == 0 && bad > 0 && c->check)
		rc = EXIT_CHECK;
	return app_done(&a, rc);
}
