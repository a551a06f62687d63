/*
 * stmt_priv.h - the parts of the statement check (stmt.h): the words a
 * statement begins with, libpg_query's tree of it, and what they make of it.
 */
#ifndef STMT_PRIV_H
#define STMT_PRIV_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "lib/cdefs.h"
#include "lib/problem.h"
#include "stmt.h"

/* The first words of a statement, upper case. */
struct stmt_words {
	char	 text[8 * 64];
	char	*word[8];		/* into text; "" behind the last */
};

void	 stmt_word_read(struct stmt_words *w, const char *sql, size_t n);

/* The command tag to expect. */
void	 stmt_word_command(const struct stmt_words *w, char *out, size_t size);

/* The kind of a statement of which only the words are known; whether it
 * cannot run in a transaction block is a question of its own. */
enum stmt_kind stmt_word_kind(const struct stmt_words *w);
bool	 stmt_word_is_outside(const struct stmt_words *w);

/* Why a statement that begins so is refused, a sentence behind the command;
 * NULL where it is not. */
const char *stmt_word_refusal(const struct stmt_words *w);

/* The same for a word by itself, as for the EXECUTE in EXPLAIN EXECUTE. */
const char *stmt_word_refusal_of(const char *word);

/*
 * The tree that pg_query_parse() writes as JSON, flat: node 0 is the whole,
 * children follow their parent, and next is the index behind a node's
 * subtree.  Index 0 means "none" wherever a node is looked for.
 */
struct stmt_node {
	const char	*key;		/* of the member; NULL in a list */
	const char	*value;		/* behind the quote of a string */
	uint32_t	 nkey, nvalue;	/* bytes; nvalue of a scalar only */
	uint32_t	 next;
	bool		 container;
};

struct stmt_tree {
	struct stmt_node *node;		/* owned */
	uint32_t	 n, cap;
};

/* Read the tree.  Returns 0; or -1 where it is not JSON or memory is out (t
 * then needs no stmt_tree_fini()).  keeps a borrow of json. */
int	 stmt_tree_read(struct stmt_tree *t, const char *json) MUST_CHECK;
void	 stmt_tree_fini(struct stmt_tree *t);

uint32_t stmt_tree_member(const struct stmt_tree *t, uint32_t i,
	    const char *key);
uint32_t stmt_tree_first(const struct stmt_tree *t, uint32_t i);

/* How many children a node has. */
uint32_t stmt_tree_count(const struct stmt_tree *t, uint32_t i);

bool	 stmt_tree_key_is(const struct stmt_tree *t, uint32_t i,
	    const char *key);

/* Whether the member key of node i is this scalar. */
bool	 stmt_tree_is(const struct stmt_tree *t, uint32_t i, const char *key,
	    const char *value);

/* The last part of the name of the function called at node i, without the
 * schema; NULL where none is called there.  Borrowed from t. */
const struct stmt_node *stmt_tree_function(const struct stmt_tree *t,
	    uint32_t i);

/* The value of a member that is a number; 0 where it is left out. */
int	 stmt_tree_int(const struct stmt_tree *t, uint32_t i, const char *key);

/* Whether the statement at node i is a query that calls nothing but what
 * only computes. */
bool	 stmt_pure_look(const struct stmt_tree *t, uint32_t i);

/* Whether the statement at node i names what a superuser would have kept from
 * keys. */
bool	 stmt_reserved_look(const struct stmt_tree *t, uint32_t i);

/* Fill st in from the statement at node i of the tree.  Returns 0, or -1
 * with why. */
int	 stmt_kind_read(struct stmt *st, const struct stmt_tree *t, uint32_t i,
	    const struct stmt_words *w, struct problem *why) MUST_CHECK;

#endif
