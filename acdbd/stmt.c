/*
 * stmt.c - see stmt.h: the check itself, and the cache of those that passed.
 * The only file that calls libpg_query.
 *
 * libpg_query reads PostgreSQL's grammar of its own version into C; what it
 * makes of it is in stmt_kind.c.  It has no guard of its stack while it
 * writes a tree out, so a statement whose tree may be deep (DEPTH_MAX) is
 * not given to it but left to PostgreSQL, like one that it cannot parse.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include <pg_query.h>

#include "lib/log.h"
#include "lib/secret.h"
#include "lib/sqllex.h"
#include "stmt_priv.h"

/*
 * Levels of a tree.  The writer of libpg_query takes at most about 150 bytes
 * of stack a level, so this stays far below the 8 MiB that a process has;
 * and no statement of fewer bytes is that deep.
 */
#define DEPTH_MAX	16384

/*
 * Characters of operators in a row.  PostgreSQL's scanner, which is ours too,
 * reads all of them again for every comment that begins among them, and for
 * every + or -: a quarter of a megabyte would take it minutes, in which it
 * cannot be interrupted.
 */
#define OPERATORS_MAX	1000

#define DETAIL_MAX	300	/* bytes of a parser's message that are kept */

struct entry {
	struct stmt	 stmt;
	struct entry	*chain;		/* of its bucket */
	struct entry	*newer, *older;
};

struct stmts {
	struct entry	*entries;	/* owned; size of them */
	size_t		 size, used;
	struct entry	**buckets;	/* owned; a power of two */
	size_t		 nbuckets;
	struct entry	*newest, *oldest;
};

struct stmts *
stmts_new(size_t size)
{
	struct stmts *s = calloc(1, sizeof(*s));

	if (s == NULL)
		return NULL;
	s->size = size > 0 ? size : 1;
	for (s->nbuckets = 16; s->nbuckets < s->size; s->nbuckets *= 2)
		continue;
	s->entries = calloc(s->size, sizeof(*s->entries));
	s->buckets = calloc(s->nbuckets, sizeof(struct entry *));
	if (s->entries != NULL && s->buckets != NULL)
		return s;
	stmts_free(s);
	return NULL;
}

void
stmts_free(struct stmts *s)
{
	if (s == NULL)
		return;
	free(s->entries);
	free(s->buckets);
	free(s);
}

static struct entry **
bucket_of(struct stmts *s, const uint8_t *sha256)
{
	size_t h;

	memcpy(&h, sha256, sizeof(h));
	return &s->buckets[h & (s->nbuckets - 1)];
}

static struct entry *
find(struct stmts *s, const uint8_t *sha256)
{
	struct entry *e;

	for (e = *bucket_of(s, sha256); e != NULL; e = e->chain)
		if (memcmp(e->stmt.sha256, sha256, SECRET_SHA256) == 0)
			return e;
	return NULL;
}

static void
unlink_entry(struct stmts *s, struct entry *e)
{
	if (e->newer != NULL)
		e->newer->older = e->older;
	else
		s->newest = e->older;
	if (e->older != NULL)
		e->older->newer = e->newer;
	else
		s->oldest = e->newer;
}

static void
make_newest(struct stmts *s, struct entry *e)
{
	e->newer = NULL;
	e->older = s->newest;
	if (s->newest != NULL)
		s->newest->newer = e;
	else
		s->oldest = e;
	s->newest = e;
}

/* Take the oldest out of the cache. */
static struct entry *
evict(struct stmts *s)
{
	struct entry *e = s->oldest, **link;

	for (link = bucket_of(s, e->stmt.sha256); *link != e;
	    link = &(*link)->chain)
		continue;
	*link = e->chain;
	unlink_entry(s, e);
	return e;
}

static const struct stmt *
keep(struct stmts *s, const struct stmt *st)
{
	struct entry *e, **bucket;

	e = s->used < s->size ? &s->entries[s->used++] : evict(s);
	e->stmt = *st;
	bucket = bucket_of(s, st->sha256);
	e->chain = *bucket;
	*bucket = e;
	make_newest(s, e);
	return &e->stmt;
}

static int
refuse_empty(struct problem *why)
{
	return problem_set(why, 400, "empty_statement",
	    "there is no statement in \"sql\"");
}

static int
refuse_many(size_t count, struct problem *why)
{
	return problem_set(why, 400, "multiple_statements",
	    "\"sql\" holds %zu statements: send each in a call of its own, "
	    "or all in one transaction to POST /v1/sql/batch", count);
}

/* How many statements there are, by the lexer. */
static size_t
count_statements(const char *sql, size_t n)
{
	struct sqllex *l = sqllex_new();
	size_t count = 0, used;

	if (l == NULL)
		return 1;
	for (; n > 0; sql += used, n -= used)
		if (sqllex_feed(l, sql, n, &used) == SQLLEX_END &&
		    sqllex_has_content(l))
			count++;
	if (sqllex_state(l) != SQLLEX_START && sqllex_has_content(l))
		count++;
	sqllex_free(l);
	return count;
}

static bool
is_word(char c)
{
	return isalnum((unsigned char)c) || c == '_' || (c & 0x80) != 0;
}

/* How often the text has the word, wherever that is. */
static size_t
count_word(const char *sql, size_t n, const char *word)
{
	size_t len = strlen(word), count = 0;

	for (size_t i = 0; i + len <= n; i++)
		if (strncasecmp(sql + i, word, len) == 0 &&
		    (i == 0 || !is_word(sql[i - 1])) &&
		    (i + len == n || !is_word(sql[i + len])))
			count++;
	return count;
}

/* What a text may destroy that we cannot read, by its words: the body of a
 * DO, or grammar newer than ours. */
static bool
seems_destructive(const char *first, const char *sql, size_t n)
{
	static const char *const holders[] = { "DELETE", "UPDATE", "WITH",
	    "EXPLAIN", "DO" };
	static const char *const doers[] = { "DROP", "TRUNCATE", "EXECUTE" };

	if (strcmp(first, "MERGE") == 0)
		return count_word(sql, n, "SOURCE") > 0 &&
		    count_word(sql, n, "DELETE") > 0;
	for (size_t i = 0; strcmp(first, "DO") == 0 && i < NELEM(doers); i++)
		if (count_word(sql, n, doers[i]) > 0)
			return true;
	for (size_t i = 0; i < NELEM(holders); i++)
		if (strcmp(first, holders[i]) == 0)
			return count_word(sql, n, "DELETE") +
			    count_word(sql, n, "UPDATE") >
			    count_word(sql, n, "WHERE");
	return strcmp(first, "DROP") == 0 || strcmp(first, "TRUNCATE") == 0;
}

/* Whether a statement that begins so has a tag that counts them. */
static bool
changes_rows(const char *first)
{
	return strcmp(first, "INSERT") == 0 || strcmp(first, "UPDATE") == 0 ||
	    strcmp(first, "DELETE") == 0 || strcmp(first, "MERGE") == 0;
}

/* Judge by the words it begins with; PostgreSQL will say the rest. */
static int
examine_unparsed(struct stmt *st, const char *sql, size_t n,
    struct problem *why)
{
	size_t count = count_statements(sql, n);
	const char *reason;
	struct stmt_words w;

	if (count > 1)
		return refuse_many(count, why);
	stmt_word_read(&w, sql, n);
	reason = stmt_word_refusal(&w);
	if (reason != NULL)
		return problem_set(why, 400, "unsupported_statement",
		    "\"%s\" %s", w.word[0], reason);
	stmt_word_command(&w, st->command, sizeof(st->command));
	st->reserved = true;		/* for all we know */
	st->kind = stmt_word_is_outside(&w) ? STMT_OUTSIDE :
	    stmt_word_kind(&w);
	st->destructive = seems_destructive(w.word[0], sql, n);
	st->counted = st->kind == STMT_DDL || changes_rows(w.word[0]);
	st->uncounted = !st->counted && st->kind != STMT_OUTSIDE;
	st->returning = st->kind == STMT_WRITE ||
	    strcmp(w.word[0], "CALL") == 0;
	st->nparams = sqllex_params(sql, n);
	/* A function's body has parameters of its own. */
	if (st->nparams > 0 && st->kind == STMT_DDL)
		st->nparams = -1;
	return 0;
}

/* Cut a message so that no character is halved. */
static int
cut(const char *s)
{
	size_t n = strlen(s);

	if (n <= DETAIL_MAX)
		return (int)n;
	for (n = DETAIL_MAX; n > 0 && (s[n] & 0xc0) == 0x80; n--)
		continue;
	return (int)n;
}

/*
 * What libpg_query's scanner cannot read to the end, no PostgreSQL can: a
 * quote or a comment that is never closed.  Every other error may be newer
 * syntax, or is told by PostgreSQL just as well.
 */
static int
examine_error(struct stmt *st, const PgQueryError *error, const char *sql,
    size_t n, struct problem *why)
{
	if (strncmp(error->message, "unterminated ", 13) != 0)
		return examine_unparsed(st, sql, n, why);
	problem_set(why, 400, "parse_error", "%.*s", cut(error->message),
	    error->message);
	memcpy(why->sqlstate, "42601", sizeof(why->sqlstate));
	why->position = error->cursorpos;
	stmt_excerpt(why, sql, n);
	return -1;
}

static int
examine_tree(struct stmt *st, const char *json, const char *sql, size_t n,
    struct problem *why)
{
	uint32_t list, wrapper, node = 0, count;
	struct stmt_tree t;
	struct stmt_words w;
	int rc;

	if (stmt_tree_read(&t, json) == -1) {
		log_error("no memory for a statement's tree, or no sense in "
		    "it", NULL);
		return problem_internal(why);
	}
	list = stmt_tree_member(&t, 0, "stmts");
	count = list == 0 ? 0 : stmt_tree_count(&t, list);
	if (count == 1 && (wrapper = stmt_tree_member(&t,
	    stmt_tree_first(&t, list), "stmt")) != 0)
		node = stmt_tree_first(&t, wrapper);
	if (count > 1) {
		rc = refuse_many(count, why);
	} else if (node == 0) {
		rc = refuse_empty(why);
	} else {
		st->parsed = true;
		stmt_word_read(&w, sql, n);
		rc = stmt_kind_read(st, &t, node, &w, why);
		if (stmt_tree_key_is(&t, node, "DoStmt"))
			st->destructive = seems_destructive("DO", sql, n);
	}
	stmt_tree_fini(&t);
	return rc;
}

static int
examine(struct stmt *st, const char *sql, size_t n, struct problem *why)
{
	PgQueryParseResult result;
	int rc;

	if (n > OPERATORS_MAX && sqllex_operators(sql, n) > OPERATORS_MAX)
		return problem_set(why, 400, "parse_error", "more than %d "
		    "characters of operators or comments in a row",
		    OPERATORS_MAX);
	if (n > DEPTH_MAX && sqllex_depth(sql, n) > DEPTH_MAX)
		return examine_unparsed(st, sql, n, why);
	result = pg_query_parse(sql);
	if (result.error != NULL)
		rc = examine_error(st, result.error, sql, n, why);
	else
		rc = examine_tree(st, result.parse_tree, sql, n, why);
	pg_query_free_parse_result(result);
	return rc;
}

const struct stmt *
stmts_check(struct stmts *s, const char *sql, size_t n, struct problem *why)
{
	struct stmt st = { .uses = 1 };
	struct entry *e;

	secret_sha256(st.sha256, sql, n);
	e = find(s, st.sha256);
	if (e != NULL) {
		e->stmt.uses++;
		if (e != s->newest) {
			unlink_entry(s, e);
			make_newest(s, e);
		}
		return &e->stmt;
	}
	if (examine(&st, sql, n, why) == -1)
		return NULL;
	return keep(s, &st);
}

void
stmts_impure(struct stmts *s, const uint8_t sha256[32])
{
	struct entry *e = find(s, sha256);

	if (e != NULL)
		e->stmt.pure = false;
}
