/*
 * call.c - a call's making and end, and what its statements make of it
 * together.
 */
#include <stdlib.h>
#include <string.h>

#include "call.h"
#include "confirm.h"
#include "lib/secret.h"
#include "route.h"
#include "worker.h"

struct call *
call_new(struct req *r, const char *endpoint)
{
	struct call *c;

	if ((c = calloc(1, sizeof(*c))) == NULL)
		return NULL;
	c->r = r;
	c->w = r->w;
	/* Where the caller asked: for a request within another, that one. */
	c->endpoint = r->route != NULL ? r->route->pattern : endpoint;
	c->who = r->who;
	c->read_only = r->who.read_only;
	c->timeout_ms = -1;
	c->max_rows = c->max_affected = -1;
	buf_init(&c->notices, CALL_NOTICES);
	snprintf(c->login, sizeof(c->login), "acdb_dp_%s", r->who.role);
	return c;
}

int
call_units(struct call *c, int n)
{
	if ((c->unit = calloc((size_t)n, sizeof(*c->unit))) == NULL)
		return -1;
	c->nunits = n;
	for (int i = 0; i < n; i++)
		buf_init(&c->unit[i].param_text,
		    (size_t)c->w->conf->max_request_body * 2 + 1024);
	return 0;
}

void
call_free(struct call *c)
{
	if (c == NULL)
		return;
	for (int i = 0; i < c->nunits; i++) {
		free(c->unit[i].sql);
		free(c->unit[i].param_types);
		free(c->unit[i].values);
		buf_fini(&c->unit[i].param_text);
	}
	for (int i = 0; i < c->nsettings; i++) {
		free(c->settings[i].name);
		free(c->settings[i].value);
	}
	if (c->has_json)
		json_fini(&c->json);
	free(c->json_text);
	ctl_forget(c->w->ctl, &c->end_query);
	if (c->guessed_type)
		types_forget_guesses(c->w->types);
	free(c->confirm);
	idem_fini(c);
	PQclear(c->stalled);
	buf_fini(&c->notices);
	free(c->column);
	free(c->sent);
	free(c->unit);
	free(c->sql);
	free(c);
}

/*
 * What PostgreSQL has no privilege for, or answers with a mere warning, and
 * yet is not for the key to do.  Code that a dbadmin key made may do it
 * anywhere: none of it is more than a nuisance.
 */
static int
check_may(const struct call *c, const struct stmt *s, struct problem *why)
{
	if (s->on_database)
		return problem_set(why, 403, "permission_denied",
		    "privileges on a database are not a key's to give or "
		    "take");
	if (strcmp(c->who.role, "dbadmin") == 0)
		return 0;
	if (strcmp(s->command, "NOTIFY") == 0 ||
	    strcmp(s->command, "ALTER ROLE") == 0)
		return problem_set(why, 403, "permission_denied",
		    "\"%s\" is for keys of the role dbadmin", s->command);
	if (c->w->conf->hardening == HARDENING_MANAGED && s->reserved)
		return problem_set(why, 403, "permission_denied", "without a "
		    "superuser to revoke what this statement uses, it is for "
		    "keys of the role dbadmin");
	/* Its estimates are made of every workspace's rows. */
	if (c->w->conf->hardening == HARDENING_STRICT &&
	    strcmp(s->command, "EXPLAIN") == 0)
		return problem_set(why, 403, "permission_denied", "where "
		    "hardening is strict, \"EXPLAIN\" is for keys of the "
		    "role dbadmin");
	return 0;
}

/* One statement, of a kind that means something here, with the right number
 * of parameters. */
static int
check_unit(struct call *c, struct unit *u, struct problem *why)
{
	const struct stmt *s;

	s = stmts_check(c->w->stmts, u->sql, u->sql_len, why);
	if (s == NULL)
		return -1;
	u->stmt = *s;
	if (check_may(c, s, why) == -1)
		return -1;
	if (s->nparams >= 0 && s->nparams != u->nparams)
		return problem_set(why, 400, "params_mismatch",
		    "the statement has %d placeholder%s but %d parameter%s "
		    "supplied", s->nparams, s->nparams == 1 ? "" : "s",
		    u->nparams, u->nparams == 1 ? " was" : "s were");
	if (c->max_affected >= 0 && s->uncounted)
		return problem_set(why, 400, "unsupported_statement",
		    "PostgreSQL does not count all rows that this \"%s\" may "
		    "change, so \"max_affected\" cannot hold for it: use one "
		    "INSERT, UPDATE, DELETE or MERGE with none in its WITH",
		    s->command);
	return 0;
}

/* The hash of one statement is its text's, of a batch its statements'
 * hashes'; the text itself only where it is to be audited. */
static int
describe(struct call *c)
{
	struct buf hashes, text;
	const char *p;
	size_t n;

	buf_init(&hashes, SIZE_MAX / 2);
	buf_init(&text, SIZE_MAX / 2);
	for (struct unit *u = c->unit; u < c->unit + c->nunits; u++) {
		buf_add(&hashes, u->stmt.sha256, 32);
		if (!c->w->conf->audit_include_sql)
			continue;
		buf_adds(&text, u == c->unit ? "" : ";\n");
		buf_add(&text, u->sql, u->sql_len);
	}
	p = buf_peek(&hashes, &n);
	if (c->nunits == 1)
		memcpy(c->sha256, p, sizeof(c->sha256));
	else
		secret_sha256(c->sha256, p, n);
	if (c->w->conf->audit_include_sql)
		c->sql = buf_take(&text, NULL);
	n = buf_failed(&hashes) || buf_failed(&text);
	buf_fini(&hashes);
	buf_fini(&text);
	return n ? -1 : 0;
}

static int64_t
default_timeout(const struct call *c)
{
	const struct conf *conf = c->w->conf;

	if (c->outside)
		return conf->maintenance_timeout;
	if (strcmp(c->who.role, "dbadmin") != 0 &&
	    conf->statement_timeout > CALL_TIMEOUT_MAX_MS)
		return CALL_TIMEOUT_MAX_MS;
	return conf->statement_timeout;
}

bool
call_may_go_outside(const struct call *c)
{
	return !c->batch && !c->read_only && !c->dry_run &&
	    c->max_affected < 0 && c->nsettings == 0 && c->begin[0] == '\0';
}

const struct type *
call_param_type(const struct call *c, const struct unit *u, int i)
{
	return u->param_types == NULL ? NULL :
	    types_find(c->w->types, u->param_types[i]);
}

int
call_check(struct call *c, struct problem *why)
{
	bool returns = false, reads = false, pure = true;

	for (struct unit *u = c->unit; u < c->unit + c->nunits; u++) {
		const struct stmt *s = &u->stmt;

		if (check_unit(c, u, why) == -1) {
			if (c->batch)
				why->statement = (int)(u - c->unit);
			return -1;
		}
		if (c->batch && s->kind == STMT_OUTSIDE) {
			problem_set(why, 400, "unsupported_statement",
			    "\"%s\" cannot run in a transaction: send it to "
			    "POST /v1/sql/execute by itself", s->command);
			why->statement = (int)(u - c->unit);
			return -1;
		}
		pure &= s->pure;
		reads |= s->kind == STMT_READ;
		c->writes |= s->kind != STMT_READ;
		/* Code may have prepared, listened, anything. */
		c->taints |= s->kind == STMT_CODE || s->kind == STMT_DDL ||
		    !s->parsed;
		returns |= s->kind != STMT_READ && (s->returning ||
		    !s->parsed || s->kind == STMT_CODE);
	}
	if (c->isolation != NULL || c->deferrable)
		snprintf(c->begin, sizeof(c->begin),
		    "BEGIN ISOLATION LEVEL %s %s%s", c->isolation != NULL ?
		    c->isolation : "READ COMMITTED", c->read_only ?
		    "READ ONLY" : "READ WRITE",
		    c->deferrable ? " DEFERRABLE" : "");
	if (!c->batch && c->unit[0].stmt.kind == STMT_OUTSIDE) {
		if (!call_may_go_outside(c))
			return problem_set(why, 400, "unsupported_statement",
			    "\"%s\" cannot run in a transaction, and so not "
			    "with read_only, dry_run, max_affected, settings "
			    "or an isolation", c->unit[0].stmt.command);
		c->outside = true;
	}
	if (c->timeout_ms < 0)
		c->timeout_ms = default_timeout(c);
	c->command = c->batch ? "BATCH" : c->unit[0].stmt.command;
	c->idem.by_control = c->read_only;
	c->guessed_pure = pure && c->begin[0] == '\0' &&
	    (!c->idem.wanted || c->read_only);
	/* Rows that a write returns may be more than an answer holds: then
	 * it must not have happened. */
	c->two_phase = returns || (reads && c->writes) || c->dry_run ||
	    c->max_affected >= 0 || (c->idem.wanted && !c->read_only);
	if (describe(c) == -1)
		return problem_internal(why);
	return confirm_check(c, why);
}
