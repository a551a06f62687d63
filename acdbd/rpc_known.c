/*
 * rpc_known.c - see rpc_known.h.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/enc.h"
#include "lib/log.h"
#include "pgproblem.h"
#include "rpc_known.h"
#include "worker.h"

#define BUCKETS		256	/* a power of two */
#define ENTRIES_MAX	1024	/* with more, or larger, all is forgotten */
#define BYTES_MAX	(32 << 20)
#define MEMBERS		64	/* a power of two */
#define MEMBER_MS	1000	/* how long a membership is believed */

/* What a workspace has registered under a name. */
struct entry {
	struct entry	*next;
	char		 key[UUID_TEXT + RPC_NAME_MAX + 1]; /* "uuid name" */
	struct rpc	*rpc;		/* NULL: nothing */
};

struct member {
	char		 role[ROLE_MAX + 1], required[ROLE_MAX + 1];
	int64_t		 until;		/* loop_now() */
	bool		 is;
};

struct rpc_known {
	struct worker	*w;
	struct rpc_files *files;	/* owned */
	struct entry	*bucket[BUCKETS];
	struct member	 member[MEMBERS];
	unsigned	 n;
	size_t		 bytes;
	uint64_t	 generation;	/* goes up with every change heard of */
};

/* dbadmin may call everything; others what their role, or one that it is in,
 * is required for.  The row is there whether or not something is registered,
 * since a file's procedure ($4 is its role) needs the second half. */
static const char search_sql[] =
    "SELECT d.name, d.version, d.description, d.pg_role, d.args_schema,"
    " d.sql, $3 = 'dbadmin' OR coalesce((SELECT pg_catalog.pg_has_role("
    "  a.oid, b.oid, 'MEMBER') FROM pg_catalog.pg_roles a,"
    "  pg_catalog.pg_roles b WHERE a.rolname = $3"
    "  AND b.rolname = coalesce(d.pg_role, $4)), false)"
    " FROM (VALUES (1)) one LEFT JOIN acdb.rpcs d"
    " ON d.workspace_id = $1::uuid AND d.name = $2";

static uint32_t
hash(const char *a, const char *b)
{
	uint32_t h = 2166136261u;

	for (; *a != '\0'; a++)
		h = (h ^ (uint8_t)*a) * 16777619u;
	h *= 16777619u;
	for (; *b != '\0'; b++)
		h = (h ^ (uint8_t)*b) * 16777619u;
	return h;
}

static struct entry **
find(struct rpc_known *k, const char *key)
{
	struct entry **e = &k->bucket[hash(key, "") & (BUCKETS - 1)];

	while (*e != NULL && strcmp((*e)->key, key) != 0)
		e = &(*e)->next;
	return e;
}

static size_t
size_of(const struct entry *e)
{
	return sizeof(*e) + (e->rpc == NULL ? 0 :
	    2 * strlen(e->rpc->schema) + e->rpc->sql_len);
}

static void
drop(struct rpc_known *k, struct entry **at)
{
	struct entry *e = *at;

	*at = e->next;
	k->n--;
	k->bytes -= size_of(e);
	rpc_unref(e->rpc);
	free(e);
}

void
rpc_known_changed(struct rpc_known *k, const char *payload)
{
	struct entry **e = find(k, payload);

	k->generation++;
	if (*e != NULL)
		drop(k, e);
}

void
rpc_known_flush(struct rpc_known *k)
{
	k->generation++;
	for (size_t i = 0; i < BUCKETS; i++)
		while (k->bucket[i] != NULL)
			drop(k, &k->bucket[i]);
}

struct rpc_known *
rpc_known_new(struct worker *w, struct rpc_files *files)
{
	struct rpc_known *k = calloc(1, sizeof(*k));

	if (k == NULL) {
		rpc_files_free(files);
		return NULL;
	}
	k->w = w;
	k->files = files;
	return k;
}

void
rpc_known_free(struct rpc_known *k)
{
	if (k == NULL)
		return;
	rpc_known_flush(k);
	rpc_files_free(k->files);
	free(k);
}

void
rpc_known_reload(struct rpc_known *k)
{
	struct rpc_files *files;
	struct buf err;

	buf_init(&err, LOG_LINE_MAX);
	if ((files = rpc_files_load(k->w->conf, &err)) == NULL)
		log_error("the procedures in use stay", "reason",
		    buf_cstr(&err), NULL);
	else {
		rpc_files_free(k->files);
		k->files = files;
	}
	buf_fini(&err);
}

const struct rpc_files *
rpc_known_files(const struct rpc_known *k)
{
	return k->files;
}

static struct member *
member_of(struct rpc_known *k, const char *role, const char *required)
{
	return &k->member[hash(role, required) & (MEMBERS - 1)];
}

/* Returns 1, 0, or -1 where it is not known. */
static int
is_member(struct rpc_known *k, const char *role, const char *required)
{
	const struct member *m = member_of(k, role, required);

	if (strcmp(role, "dbadmin") == 0 || strcmp(role, required) == 0)
		return 1;
	if (strcmp(m->role, role) != 0 || strcmp(m->required, required) != 0 ||
	    m->until < loop_now(k->w->loop))
		return -1;
	return m->is;
}

static void
remember_member(struct rpc_known *k, const char *role, const char *required,
    bool is)
{
	struct member *m = member_of(k, role, required);

	snprintf(m->role, sizeof(m->role), "%s", role);
	snprintf(m->required, sizeof(m->required), "%s", required);
	m->until = loop_now(k->w->loop) + MEMBER_MS;
	m->is = is;
}

static void
remember(struct rpc_known *k, const char *key, struct rpc *rpc)
{
	struct entry **at, *e;

	if (k->n >= ENTRIES_MAX || k->bytes > BYTES_MAX) {
		uint64_t generation = k->generation;

		rpc_known_flush(k);
		k->generation = generation;	/* nothing has changed */
	}
	if (*(at = find(k, key)) != NULL)
		drop(k, at);
	at = find(k, key);
	if ((e = calloc(1, sizeof(*e))) == NULL)
		return;
	snprintf(e->key, sizeof(e->key), "%s", key);
	e->rpc = rpc == NULL ? NULL : rpc_ref(rpc);
	*at = e;
	k->n++;
	k->bytes += size_of(e);
}

static void
make_key(char key[UUID_TEXT + RPC_NAME_MAX + 1], const struct rpc_search *s)
{
	snprintf(key, UUID_TEXT + RPC_NAME_MAX + 1, "%s %s",
	    s->r->who.workspace_text, s->name);
}

/* What is registered, checked again: this server may know less than the one
 * that took it. */
static int
read_row(struct rpc_search *s, const PGresult *res)
{
	struct rpc_text t = { .name = s->name,
	    .version = (int)strtol(PQgetvalue(res, 0, 1), NULL, 10),
	    .description = PQgetvalue(res, 0, 2),
	    .role = PQgetvalue(res, 0, 3), .schema = PQgetvalue(res, 0, 4),
	    .sql = PQgetvalue(res, 0, 5) };
	struct req *r = s->r;

	if (PQgetisnull(res, 0, 0)) {
		s->rpc = s->file == NULL ? NULL : rpc_ref(s->file);
		return 0;
	}
	if ((s->rpc = rpc_new(&t, r->w->stmts, &r->why)) != NULL)
		return 0;
	log_error("a registered procedure cannot be used", "request", r->id,
	    "name", s->name, "why", r->why.detail, NULL);
	return problem_internal(&r->why);
}

static void
on_answer(struct ctl_query *q, PGresult *res)
{
	struct rpc_search *s = (struct rpc_search *)(void *)q;
	struct req *r = s->r;
	struct rpc_known *k = r->w->rpcs;
	char key[UUID_TEXT + RPC_NAME_MAX + 1];

	s->answered = true;
	if (res == NULL || PQresultStatus(res) != PGRES_TUPLES_OK ||
	    PQntuples(res) != 1)
		pgproblem_unavailable(&r->why);
	else if (read_row(s, res) == 0) {
		make_key(key, s);
		s->permitted = PQgetvalue(res, 0, 6)[0] == 't';
		/* What changed since it was asked may be newer than this. */
		if (s->generation == k->generation)
			remember(k, key, PQgetisnull(res, 0, 0) ? NULL :
			    s->rpc);
		if (s->rpc != NULL)
			remember_member(k, r->who.role, s->rpc->role,
			    s->permitted);
	}
	req_wake(r);
}

/* From what is remembered; false where that is not enough. */
static bool
recall(struct rpc_known *k, struct rpc_search *s)
{
	char key[UUID_TEXT + RPC_NAME_MAX + 1];
	const struct entry *e;
	struct rpc *rpc;
	int member;

	make_key(key, s);
	if (!ctl_fresh(k->w->ctl) || (e = *find(k, key)) == NULL)
		return false;
	if ((rpc = e->rpc != NULL ? e->rpc : s->file) == NULL)
		return true;
	if ((member = is_member(k, s->r->who.role, rpc->role)) == -1)
		return false;
	s->rpc = rpc_ref(rpc);
	s->permitted = member == 1;
	return true;
}

int
rpc_known_search(struct rpc_known *k, struct rpc_search *s)
{
	struct rpc *file = rpc_files_find(k->files, s->name);

	s->file = file == NULL ? NULL : rpc_ref(file);
	if (recall(k, s))
		return 1;
	const char *params[4] = { s->r->who.workspace_text, s->name,
	    s->r->who.role, file == NULL ? NULL : file->role };

	s->generation = k->generation;
	s->q.done = on_answer;
	return ctl_ask(k->w->ctl, &s->q, search_sql, 4, params);
}

void
rpc_known_forget(struct rpc_known *k, struct rpc_search *s)
{
	if (s->q.asked)
		ctl_forget(k->w->ctl, &s->q);
	rpc_unref(s->file);
	rpc_unref(s->rpc);
	s->file = s->rpc = NULL;
}
