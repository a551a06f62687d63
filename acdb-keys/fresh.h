/*
 * fresh.h - a fresh key on its way out, for mint and rotate: the token to
 * where it was asked for, the rest for people or as JSON.
 */
#ifndef FRESH_H
#define FRESH_H

#include <stdbool.h>

#include "db.h"
#include "lib/apikey.h"
#include "lib/json.h"
#include "lib/cdefs.h"
#include "sink.h"

struct fresh {
	struct sink	 sink;
	bool		 json;
	char		 token[APIKEY_TEXT];
	char		 key_id[APIKEY_ID + 1];
	char		 hash[2 + 64 + 1];	/* PostgreSQL's bytea */
};

/* Open the sink.  Returns an exit code. */
int	fresh_open(struct fresh *f, const char *out, bool json) MUST_CHECK;

/* A random key of our own making, for env. */
void	fresh_generate(struct fresh *f, const char *env);

/* Give the token out; key_json describes the key (an object, or a list of
 * one as db_keys() writes it).  Returns an exit code. */
int	fresh_give(struct fresh *f, const char *key_json, size_t n)
	    MUST_CHECK;

/* Read {"new_key_id","token"} of a gateway's answer.  Returns an exit
 * code. */
int	fresh_take(struct fresh *f, const char *answer, size_t n) MUST_CHECK;

/* Wipe, and close the sink; its file stays only where rc is EXIT_OK or the
 * outcome unknown.  Returns rc. */
int	fresh_close(struct fresh *f, int rc);

/* Give out a key the database has just made, and commit; what cannot be
 * given out is rolled back.  uuid: the new key.  Returns an exit code. */
int	fresh_commit(struct fresh *f, struct db *db, const char *uuid)
	    MUST_CHECK;

#endif
