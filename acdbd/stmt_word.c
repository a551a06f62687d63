/*
 * stmt_word.c - what can be told from the words a statement begins with:
 * its command tag, whether it means nothing over HTTP, and its kind where
 * libpg_query does not understand it.
 *
 * Commands are of a bounded set, whatever was sent: they become labels of
 * metrics.
 */
#include <stdio.h>
#include <string.h>

#include "lib/sqllex.h"
#include "stmt_priv.h"

#define WORDS	NELEM(((struct stmt_words *)NULL)->word)

void
stmt_word_read(struct stmt_words *w, const char *sql, size_t n)
{
	char *p = w->text;

	sqllex_keywords(sql, n, (int)WORDS, w->text, sizeof(w->text));
	for (size_t i = 0; i < WORDS; i++) {
		w->word[i] = p;
		p += strcspn(p, " ");
		if (*p == ' ')
			*p++ = '\0';
	}
}

/* Statements by their first word.  The object of CREATE, ALTER and DROP is
 * part of the command. */
static const struct verb {
	const char	*word;
	enum stmt_kind	 kind;		/* where nothing more is known */
	const char	*command;	/* NULL: the word */
} verbs[] = {
	{ "SELECT", STMT_WRITE, NULL },
	{ "VALUES", STMT_WRITE, "SELECT" },
	{ "TABLE", STMT_WRITE, "SELECT" },
	{ "WITH", STMT_WRITE, "SELECT" },
	{ "INSERT", STMT_WRITE, NULL },
	{ "UPDATE", STMT_WRITE, NULL },
	{ "DELETE", STMT_WRITE, NULL },
	{ "MERGE", STMT_WRITE, NULL },
	{ "TRUNCATE", STMT_WRITE, "TRUNCATE TABLE" },
	{ "EXPLAIN", STMT_WRITE, NULL },
	{ "SHOW", STMT_WRITE, NULL },
	{ "ANALYZE", STMT_WRITE, NULL },
	{ "ANALYSE", STMT_WRITE, "ANALYZE" },
	{ "NOTIFY", STMT_WRITE, NULL },
	{ "CHECKPOINT", STMT_WRITE, NULL },
	{ "SET", STMT_WRITE, "SET CONSTRAINTS" },
	{ "CREATE", STMT_DDL, NULL },
	{ "ALTER", STMT_DDL, NULL },
	{ "DROP", STMT_DDL, NULL },
	{ "GRANT", STMT_DDL, NULL },
	{ "REVOKE", STMT_DDL, NULL },
	{ "COMMENT", STMT_DDL, NULL },
	{ "SECURITY", STMT_DDL, "SECURITY LABEL" },
	{ "IMPORT", STMT_DDL, "IMPORT FOREIGN SCHEMA" },
	{ "REASSIGN", STMT_DDL, "REASSIGN OWNED" },
	{ "REFRESH", STMT_DDL, "REFRESH MATERIALIZED VIEW" },
	{ "REINDEX", STMT_DDL, NULL },
	{ "CLUSTER", STMT_DDL, NULL },
	{ "DO", STMT_CODE, NULL },
	{ "CALL", STMT_CODE, NULL },
	{ "LOAD", STMT_CODE, NULL },
	{ "VACUUM", STMT_OUTSIDE, NULL },
};

static const struct verb *
find_verb(const char *word)
{
	for (size_t i = 0; i < NELEM(verbs); i++)
		if (strcmp(word, verbs[i].word) == 0)
			return &verbs[i];
	return NULL;
}

/* What CREATE, ALTER and DROP work on.  The longer stands first. */
static const struct object {
	const char	*words;
	const char	*name;		/* NULL: the words */
} objects[] = {
	{ "ACCESS METHOD", NULL },
	{ "AGGREGATE", NULL },
	{ "CAST", NULL },
	{ "COLLATION", NULL },
	{ "CONVERSION", NULL },
	{ "DATABASE", NULL },
	{ "DEFAULT PRIVILEGES", NULL },
	{ "DOMAIN", NULL },
	{ "EVENT TRIGGER", NULL },
	{ "EXTENSION", NULL },
	{ "FOREIGN DATA WRAPPER", NULL },
	{ "FOREIGN TABLE", NULL },
	{ "FUNCTION", NULL },
	{ "GROUP", "ROLE" },
	{ "INDEX", NULL },
	{ "LANGUAGE", NULL },
	{ "LARGE OBJECT", NULL },
	{ "MATERIALIZED VIEW", NULL },
	{ "OPERATOR CLASS", NULL },
	{ "OPERATOR FAMILY", NULL },
	{ "OPERATOR", NULL },
	{ "OWNED", NULL },
	{ "POLICY", NULL },
	{ "PROCEDURE", NULL },
	{ "PUBLICATION", NULL },
	{ "ROLE", NULL },
	{ "ROUTINE", NULL },
	{ "RULE", NULL },
	{ "SCHEMA", NULL },
	{ "SEQUENCE", NULL },
	{ "SERVER", NULL },
	{ "STATISTICS", NULL },
	{ "SUBSCRIPTION", NULL },
	{ "SYSTEM", NULL },
	{ "TABLE", NULL },
	{ "TABLESPACE", NULL },
	{ "TEXT SEARCH", NULL },	/* with what follows, too long */
	{ "TRANSFORM", NULL },
	{ "TRIGGER", NULL },
	{ "TYPE", NULL },
	{ "USER MAPPING", NULL },
	{ "USER", "ROLE" },
	{ "VIEW", NULL },
};

/* Whether the words from i on begin with these. */
static bool
words_are(const struct stmt_words *w, size_t i, const char *words)
{
	size_t n;

	for (; *words != '\0' && i < WORDS; i++) {
		n = strcspn(words, " ");
		if (strlen(w->word[i]) != n ||
		    memcmp(w->word[i], words, n) != 0)
			return false;
		words += n;
		words += *words == ' ' ? 1 : 0;
	}
	return *words == '\0';
}

/* Words that may stand between a verb and its object. */
static bool
is_filler(const char *word)
{
	static const char *const fillers[] = { "OR", "REPLACE", "TEMP",
	    "TEMPORARY", "LOCAL", "GLOBAL", "UNLOGGED", "UNIQUE",
	    "RECURSIVE", "TRUSTED", "PROCEDURAL", "CONSTRAINT", "DEFAULT" };

	for (size_t i = 0; i < NELEM(fillers); i++)
		if (strcmp(word, fillers[i]) == 0)
			return true;
	return false;
}

/* The object of a CREATE, ALTER or DROP; at is the index of its first
 * word. */
static const struct object *
find_object(const struct stmt_words *w, size_t *at)
{
	for (size_t i = 1; i < WORDS; i++) {
		for (size_t k = 0; k < NELEM(objects); k++)
			if (words_are(w, i, objects[k].words)) {
				*at = i;
				return &objects[k];
			}
		if (!is_filler(w->word[i]))
			break;
	}
	return NULL;
}

static bool
has_object(const struct stmt_words *w)
{
	return strcmp(w->word[0], "CREATE") == 0 ||
	    strcmp(w->word[0], "ALTER") == 0 || strcmp(w->word[0], "DROP") == 0;
}

void
stmt_word_command(const struct stmt_words *w, char *out, size_t size)
{
	const struct verb *verb = find_verb(w->word[0]);
	const struct object *object;
	size_t at;

	if (verb == NULL) {
		snprintf(out, size, "UNKNOWN");
	} else if (!has_object(w)) {
		snprintf(out, size, "%s",
		    verb->command != NULL ? verb->command : verb->word);
	} else if ((object = find_object(w, &at)) == NULL) {
		snprintf(out, size, "%s", verb->word);
	} else {
		snprintf(out, size, "%s %s", verb->word,
		    object->name != NULL ? object->name : object->words);
	}
}

static bool
has_word(const struct stmt_words *w, const char *word)
{
	for (size_t i = 0; i < WORDS; i++)
		if (strcmp(w->word[i], word) == 0)
			return true;
	return false;
}

enum stmt_kind
stmt_word_kind(const struct stmt_words *w)
{
	const struct verb *verb = find_verb(w->word[0]);

	return verb == NULL ? STMT_WRITE : verb->kind;
}

bool
stmt_word_is_outside(const struct stmt_words *w)
{
	static const char *const always[] = { "CREATE DATABASE",
	    "DROP DATABASE", "CREATE TABLESPACE", "DROP TABLESPACE",
	    "CREATE SUBSCRIPTION", "ALTER SUBSCRIPTION", "DROP SUBSCRIPTION",
	    "ALTER SYSTEM", "REINDEX DATABASE", "REINDEX SYSTEM",
	    "REINDEX SCHEMA", "VACUUM" };
	const struct object *object;
	size_t at;

	for (size_t i = 0; i < NELEM(always); i++)
		if (words_are(w, 0, always[i]))
			return true;
	if (words_are(w, 0, "REINDEX"))
		return words_are(w, 2, "CONCURRENTLY");
	if (words_are(w, 0, "CLUSTER"))
		return w->word[1][0] == '\0';
	if (words_are(w, 0, "ALTER DATABASE"))
		return words_are(w, 3, "SET TABLESPACE");
	if (words_are(w, 0, "ALTER TABLE"))
		return has_word(w, "DETACH") && has_word(w, "CONCURRENTLY");
	if (words_are(w, 0, "CREATE") || words_are(w, 0, "DROP")) {
		object = find_object(w, &at);
		return object != NULL && strcmp(object->words, "INDEX") == 0 &&
		    words_are(w, at + 1, "CONCURRENTLY");
	}
	return false;
}

#define BATCH	"send its statements together to POST /v1/sql/batch"
#define ROLE	"runs as the role of its API key: use a key of that role"
#define PAGE	"page by ORDER BY, a key and LIMIT, or take \"max_rows\""

/* Statements that mean nothing in a call of their own.  The longer stands
 * first; an empty reason lets it pass. */
static const struct refusal {
	const char	*words;
	const char	*why;
} refusals[] = {
	{ "BEGIN", "begins no transaction here, as each call is one by "
	    "itself: " BATCH },
	{ "START", "begins no transaction here, as each call is one by "
	    "itself: " BATCH },
	{ "COMMIT", "is not needed, as each call commits by itself; for one "
	    "transaction " BATCH },
	{ "END", "is not needed, as each call commits by itself; for one "
	    "transaction " BATCH },
	{ "ROLLBACK", "has nothing to undo: a call that fails is rolled back "
	    "by itself, and one with \"dry_run\": true always is" },
	{ "ABORT", "has nothing to undo: a call that fails is rolled back "
	    "by itself, and one with \"dry_run\": true always is" },
	{ "SAVEPOINT", "would end with its call: make separate calls of what "
	    "may fail separately" },
	{ "RELEASE", "has no savepoint to release: make separate calls of "
	    "what may fail separately" },
	{ "PREPARE TRANSACTION", "cannot be, as each call ends its own "
	    "transaction: " BATCH },
	{ "PREPARE", "would end with its call: send the SQL itself with "
	    "\"params\", and it is prepared and kept for you" },
	{ "EXECUTE", "finds no prepared statement: send the SQL itself with "
	    "\"params\", and it is prepared and kept for you" },
	{ "DEALLOCATE", "finds no prepared statement: send SQL with "
	    "\"params\", and preparing it is taken care of" },
	{ "SET CONSTRAINTS", "" },
	{ "SET ROLE", "does not apply, as a call " ROLE },
	{ "SET LOCAL ROLE", "does not apply, as a call " ROLE },
	{ "SET SESSION ROLE", "does not apply, as a call " ROLE },
	{ "SET SESSION AUTHORIZATION", "does not apply, as a call " ROLE },
	{ "SET LOCAL SESSION AUTHORIZATION", "does not apply, as a call "
	    ROLE },
	{ "SET TRANSACTION", "would end with its call: use \"isolation\" and "
	    "\"read_only\" of POST /v1/sql/batch" },
	{ "SET SESSION CHARACTERISTICS", "would end with its call: use "
	    "\"isolation\" and \"read_only\" of POST /v1/sql/batch" },
	{ "SET", "would end with its call: put the setting into \"settings\" "
	    "of the request that needs it" },
	{ "RESET", "has nothing to reset, as no setting outlives its call: "
	    "leave it out of \"settings\"" },
	{ "DISCARD", "has nothing to discard, as nothing of a session "
	    "outlives its call: leave it out" },
	{ "DECLARE", "would end with its call: " PAGE },
	{ "FETCH", "finds no cursor: " PAGE },
	{ "MOVE", "finds no cursor: " PAGE },
	{ "CLOSE", "finds no cursor: " PAGE },
	{ "LISTEN", "would end with its call: ask a table for what is new" },
	{ "UNLISTEN", "has nothing to end, as no LISTEN outlives its call: "
	    "ask a table for what is new" },
	{ "COPY", "speaks a protocol of its own: load rows with "
	    "INSERT ... SELECT FROM json_populate_recordset(), and read them "
	    "with SELECT" },
	{ "LOCK", "would end with its call: use SELECT ... FOR UPDATE, or one "
	    "statement that both reads and writes" },
};

const char *
stmt_word_refusal(const struct stmt_words *w)
{
	for (size_t i = 0; i < NELEM(refusals); i++)
		if (words_are(w, 0, refusals[i].words))
			return refusals[i].why[0] != '\0' ? refusals[i].why :
			    NULL;
	return NULL;
}

const char *
stmt_word_refusal_of(const char *word)
{
	for (size_t i = 0; i < NELEM(refusals); i++)
		if (strcmp(refusals[i].words, word) == 0)
			return refusals[i].why;
	return NULL;
}
