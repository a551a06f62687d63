/*
 * stmt_kind.c - what libpg_query's tree says of a statement: whether it
 * reads, writes or defines, whether it can run in a transaction block, what
 * parameters it has.
 *
 * Node names are those of PostgreSQL's gram.y, 15 to 17.  A statement that
 * is not named here is judged by its first word, so that a node unknown to
 * this file is at worst taken for a write.
 */
#include <stdio.h>
#include <string.h>

#include "stmt_priv.h"

enum care {			/* what more there is to look at */
	CARE_NONE,
	CARE_QUERY,		/* SELECT: what stands inside */
	CARE_DML,		/* INSERT, UPDATE ...: RETURNING */
	CARE_EXPLAIN,
	CARE_INNER,		/* has a statement inside, which it runs */
	CARE_DROP,		/* destroys */
	CARE_REINDEX,
	CARE_ALTER_TABLE,
	CARE_ALTER_DATABASE,
	CARE_CONCURRENT,	/* with CONCURRENTLY: outside */
	CARE_WHOLE,		/* without a relation: outside */
	CARE_VACUUM,		/* or ANALYZE */
	CARE_REFUSE,		/* means nothing over HTTP */
};

static const struct node {
	const char	*name;
	enum stmt_kind	 kind;
	enum care	 care;
	bool		 params;	/* PostgreSQL takes $1 in it */
} nodes[] = {
	{ "SelectStmt", STMT_READ, CARE_QUERY, true },
	{ "InsertStmt", STMT_WRITE, CARE_DML, true },
	{ "UpdateStmt", STMT_WRITE, CARE_DML, true },
	{ "DeleteStmt", STMT_WRITE, CARE_DML, true },
	{ "MergeStmt", STMT_WRITE, CARE_DML, true },
	{ "ExplainStmt", STMT_READ, CARE_EXPLAIN, true },
	{ "VariableShowStmt", STMT_READ, CARE_NONE, false },
	{ "CreateTableAsStmt", STMT_DDL, CARE_INNER, true },
	{ "CallStmt", STMT_CODE, CARE_NONE, true },
	{ "DoStmt", STMT_CODE, CARE_NONE, false },
	{ "LoadStmt", STMT_CODE, CARE_NONE, false },
	{ "TruncateStmt", STMT_WRITE, CARE_DROP, false },
	{ "DropStmt", STMT_DDL, CARE_DROP, false },
	{ "DropRoleStmt", STMT_DDL, CARE_DROP, false },
	{ "DropOwnedStmt", STMT_DDL, CARE_DROP, false },
	{ "DropUserMappingStmt", STMT_DDL, CARE_DROP, false },
	{ "DropdbStmt", STMT_OUTSIDE, CARE_DROP, false },
	{ "DropTableSpaceStmt", STMT_OUTSIDE, CARE_DROP, false },
	{ "DropSubscriptionStmt", STMT_OUTSIDE, CARE_DROP, false },
	{ "CreatedbStmt", STMT_OUTSIDE, CARE_NONE, false },
	{ "CreateTableSpaceStmt", STMT_OUTSIDE, CARE_NONE, false },
	{ "CreateSubscriptionStmt", STMT_OUTSIDE, CARE_NONE, false },
	{ "AlterSubscriptionStmt", STMT_OUTSIDE, CARE_NONE, false },
	{ "AlterSystemStmt", STMT_OUTSIDE, CARE_NONE, false },
	{ "AlterDatabaseStmt", STMT_DDL, CARE_ALTER_DATABASE, false },
	{ "AlterTableStmt", STMT_DDL, CARE_ALTER_TABLE, false },
	{ "IndexStmt", STMT_DDL, CARE_CONCURRENT, false },
	{ "ReindexStmt", STMT_DDL, CARE_REINDEX, false },
	{ "ClusterStmt", STMT_DDL, CARE_WHOLE, false },
	{ "VacuumStmt", STMT_WRITE, CARE_VACUUM, false },
	{ "TransactionStmt", STMT_CODE, CARE_REFUSE, false },
	{ "VariableSetStmt", STMT_CODE, CARE_REFUSE, false },
	{ "DiscardStmt", STMT_CODE, CARE_REFUSE, false },
	{ "PrepareStmt", STMT_CODE, CARE_REFUSE, false },
	{ "ExecuteStmt", STMT_CODE, CARE_REFUSE, false },
	{ "DeallocateStmt", STMT_CODE, CARE_REFUSE, false },
	{ "DeclareCursorStmt", STMT_CODE, CARE_REFUSE, false },
	{ "FetchStmt", STMT_CODE, CARE_REFUSE, false },
	{ "ClosePortalStmt", STMT_CODE, CARE_REFUSE, false },
	{ "ListenStmt", STMT_CODE, CARE_REFUSE, false },
	{ "UnlistenStmt", STMT_CODE, CARE_REFUSE, false },
	{ "CopyStmt", STMT_CODE, CARE_REFUSE, false },
	{ "LockStmt", STMT_CODE, CARE_REFUSE, false },
};

static const struct node *
find_node(const struct stmt_tree *t, uint32_t i)
{
	for (size_t k = 0; k < NELEM(nodes); k++)
		if (stmt_tree_key_is(t, i, nodes[k].name))
			return &nodes[k];
	return NULL;
}

/* The highest $N.  Those in the body of an SQL function are the function's
 * own arguments. */
static int
params_of(const struct stmt_tree *t, uint32_t i)
{
	uint32_t end = t->node[i].next;
	int max = 0, number;

	while (i < end) {
		if (stmt_tree_key_is(t, i, "sql_body")) {
			i = t->node[i].next;
			continue;
		}
		if (stmt_tree_key_is(t, i, "ParamRef")) {
			number = stmt_tree_int(t, i, "number");
			if (number > max)
				max = number;
		}
		i++;
	}
	return max;
}

/* Whether the condition spares rows: one that names no column is as good as
 * none. */
static bool
spares(const struct stmt_tree *t, uint32_t i, const char *condition)
{
	uint32_t c = stmt_tree_member(t, i, condition), end;

	if (c == 0)
		return false;
	for (end = t->node[c].next; c < end; c++)
		if (stmt_tree_key_is(t, c, "ColumnRef") ||
		    stmt_tree_key_is(t, c, "CurrentOfExpr"))
			return true;
	return false;
}

/* Whether MERGE updates or deletes rows that no condition picks: neither that
 * of the join, which those NOT MATCHED BY SOURCE do not meet, nor the clause's
 * own. */
static bool
merges_away(const struct stmt_tree *t, uint32_t i)
{
	bool joined = spares(t, i, "joinCondition");
	uint32_t end = t->node[i].next;

	for (; i < end; i++)
		if (stmt_tree_key_is(t, i, "MergeWhenClause") &&
		    (stmt_tree_is(t, i, "commandType", "CMD_DELETE") ||
		    stmt_tree_is(t, i, "commandType", "CMD_UPDATE")) &&
		    !spares(t, i, "condition") &&
		    (!joined || stmt_tree_is(t, i, "matchKind",
		    "MERGE_WHEN_NOT_MATCHED_BY_SOURCE")))
			return true;
	return false;
}

/* Look at every part of a query that will run: what changes data there,
 * what locks, and what spares no row. */
static void
look_inside(struct stmt *st, const struct stmt_tree *t, uint32_t i,
    bool *into)
{
	uint32_t end = t->node[i].next;

	for (; i < end; i++) {
		bool whole = stmt_tree_key_is(t, i, "UpdateStmt") ||
		    stmt_tree_key_is(t, i, "DeleteStmt");
		bool merge = stmt_tree_key_is(t, i, "MergeStmt");

		if ((whole && !spares(t, i, "whereClause")) ||
		    (merge && merges_away(t, i)))
			st->destructive = true;
		if (stmt_tree_key_is(t, i, "intoClause"))
			*into = true;
		if (st->kind == STMT_READ && (whole || merge || *into ||
		    stmt_tree_key_is(t, i, "InsertStmt") ||
		    stmt_tree_key_is(t, i, "lockingClause")))
			st->kind = STMT_WRITE;
	}
}

/* Whether an option of EXPLAIN is on.  A doubtful one is. */
static bool
option_is_on(const struct stmt_tree *t, uint32_t i, const char *name)
{
	static const char *const off[] = { "false", "off", "FALSE", "OFF" };
	uint32_t list = stmt_tree_member(t, i, "options"), c, el, arg;
	bool on = false, negated;

	for (c = list + 1; list != 0 && c < t->node[list].next;
	    c = t->node[c].next) {
		el = stmt_tree_first(t, c);
		if (el == 0 || !stmt_tree_is(t, el, "defname", name))
			continue;
		negated = false;
		arg = stmt_tree_member(t, el, "arg");
		arg = arg == 0 ? 0 : stmt_tree_first(t, arg);
		for (size_t k = 0; arg != 0 && k < NELEM(off); k++)
			if (stmt_tree_is(t, arg, "sval", off[k]))
				negated = true;
		if (arg != 0 && stmt_tree_key_is(t, arg, "Integer") &&
		    stmt_tree_int(t, arg, "ival") == 0)
			negated = true;
		if (!negated)
			on = true;
	}
	return on;
}

/* Whether the list of options has one of this name. */
static bool
has_option(const struct stmt_tree *t, uint32_t i, const char *list,
    const char *name)
{
	uint32_t at = stmt_tree_member(t, i, list), c;

	for (c = at; at != 0 && c < t->node[at].next; c++)
		if (stmt_tree_key_is(t, c, "DefElem") &&
		    stmt_tree_is(t, c, "defname", name))
			return true;
	return false;
}

static bool
reindexes_outside(const struct stmt_tree *t, uint32_t i)
{
	return stmt_tree_is(t, i, "kind", "REINDEX_OBJECT_DATABASE") ||
	    stmt_tree_is(t, i, "kind", "REINDEX_OBJECT_SYSTEM") ||
	    stmt_tree_is(t, i, "kind", "REINDEX_OBJECT_SCHEMA") ||
	    has_option(t, i, "params", "concurrently");
}

static void
look_at_alter_table(struct stmt *st, const struct stmt_tree *t, uint32_t i)
{
	uint32_t end = t->node[i].next;

	for (; i < end; i++) {
		if (stmt_tree_key_is(t, i, "PartitionCmd") &&
		    stmt_tree_is(t, i, "concurrent", "true"))
			st->kind = STMT_OUTSIDE;
		if (stmt_tree_key_is(t, i, "AlterTableCmd") &&
		    stmt_tree_is(t, i, "subtype", "AT_DropColumn"))
			st->destructive = true;
	}
}

static void
look(struct stmt *st, const struct stmt_tree *t, uint32_t i, enum care care)
{
	bool into = false;

	switch (care) {
	case CARE_QUERY:
		look_inside(st, t, i, &into);
		st->returning = st->kind == STMT_WRITE && !into;
		break;
	case CARE_DML:
		look_inside(st, t, i, &into);
		st->returning = stmt_tree_member(t, i, "returningList") != 0 ||
		    stmt_tree_member(t, i, "returningClause") != 0;
		break;
	case CARE_INNER:
		look_inside(st, t, i, &into);
		break;
	case CARE_DROP:
		st->destructive = true;
		if (stmt_tree_is(t, i, "concurrent", "true"))
			st->kind = STMT_OUTSIDE;
		break;
	case CARE_CONCURRENT:
		if (stmt_tree_is(t, i, "concurrent", "true"))
			st->kind = STMT_OUTSIDE;
		break;
	case CARE_REINDEX:
		if (reindexes_outside(t, i))
			st->kind = STMT_OUTSIDE;
		break;
	case CARE_ALTER_TABLE:
		look_at_alter_table(st, t, i);
		break;
	case CARE_ALTER_DATABASE:
		if (has_option(t, i, "options", "tablespace"))
			st->kind = STMT_OUTSIDE;
		break;
	case CARE_WHOLE:
		if (stmt_tree_member(t, i, "relation") == 0)
			st->kind = STMT_OUTSIDE;
		break;
	case CARE_VACUUM:
		if (stmt_tree_is(t, i, "is_vacuumcmd", "true"))
			st->kind = STMT_OUTSIDE;
		break;
	case CARE_NONE:
	case CARE_EXPLAIN:
	case CARE_REFUSE:
		break;
	}
}

/* The statement in an EXPLAIN or CREATE TABLE AS; 0 where there is none. */
static uint32_t
inner_of(const struct stmt_tree *t, uint32_t i)
{
	uint32_t query = stmt_tree_member(t, i, "query");

	return query == 0 ? 0 : stmt_tree_first(t, query);
}

/* EXPLAIN ANALYZE runs what it explains. */
static void
look_at_explain(struct stmt *st, const struct stmt_tree *t, uint32_t i)
{
	uint32_t inner = inner_of(t, i);
	const struct node *node;

	if (inner == 0 || !option_is_on(t, i, "analyze"))
		return;
	node = find_node(t, inner);
	st->kind = node != NULL ? node->kind : STMT_WRITE;
	if (node != NULL)
		look(st, t, inner, node->care);
	st->returning = st->kind != STMT_READ;
}

/* What the count in the tag says of the rows changed: it is that of the
 * outermost statement, never of those in its WITH or below EXPLAIN. */
static void
look_at_count(struct stmt *st, const struct stmt_tree *t, uint32_t i,
    enum care care)
{
	bool into = care == CARE_INNER;
	int changes = 0;

	for (uint32_t k = i; k < t->node[i].next; k++) {
		into |= stmt_tree_key_is(t, k, "intoClause");
		changes += stmt_tree_key_is(t, k, "InsertStmt") ||
		    stmt_tree_key_is(t, k, "UpdateStmt") ||
		    stmt_tree_key_is(t, k, "DeleteStmt") ||
		    stmt_tree_key_is(t, k, "MergeStmt");
	}
	if (care == CARE_QUERY || care == CARE_INNER) {
		st->counted = changes == 0 && into;
		st->uncounted = changes > 0;
	} else if (care == CARE_DML) {
		st->counted = changes == 1;
		st->uncounted = changes > 1;
	} else
		st->uncounted = st->kind == STMT_CODE ||
		    stmt_tree_key_is(t, i, "TruncateStmt") ||
		    (care == CARE_EXPLAIN && st->kind != STMT_READ);
}

static int
refuse(const char *word, const char *reason, struct problem *why)
{
	return problem_set(why, 400, "unsupported_statement", "\"%s\" %s",
	    word, reason != NULL ? reason : "means nothing over HTTP");
}

/* The command tag: of what begins with VALUES, TABLE, WITH or '(' its words
 * do not tell it, and of some others not all of it. */
static void
name(struct stmt *st, const struct stmt_tree *t, uint32_t i,
    const struct stmt_words *w)
{
	size_t n;
	static const struct {
		const char	*node, *command;
	} names[] = {
		{ "SelectStmt", "SELECT" }, { "InsertStmt", "INSERT" },
		{ "UpdateStmt", "UPDATE" }, { "DeleteStmt", "DELETE" },
		{ "MergeStmt", "MERGE" },
	};
	const char *more = "";

	for (size_t k = 0; k < NELEM(names); k++)
		if (stmt_tree_key_is(t, i, names[k].node)) {
			snprintf(st->command, sizeof(st->command), "%s",
			    names[k].command);
			return;
		}
	stmt_word_command(w, st->command, sizeof(st->command));
	if (stmt_tree_key_is(t, i, "GrantRoleStmt"))
		more = " ROLE";
	else if (stmt_tree_key_is(t, i, "CreateTableAsStmt") &&
	    stmt_tree_is(t, i, "objtype", "OBJECT_TABLE"))
		more = " AS";
	n = strlen(st->command);
	snprintf(st->command + n, sizeof(st->command) - n, "%s", more);
}

int
stmt_kind_read(struct stmt *st, const struct stmt_tree *t, uint32_t i,
    const struct stmt_words *w, struct problem *why)
{
	const struct node *node = find_node(t, i);
	uint32_t inner = inner_of(t, i);

	if (node != NULL && node->care == CARE_REFUSE)
		return refuse(w->word[0], stmt_word_refusal(w), why);
	if (inner != 0 && stmt_tree_key_is(t, inner, "ExecuteStmt"))
		return refuse("EXECUTE", stmt_word_refusal_of("EXECUTE"), why);
	name(st, t, i, w);
	st->nparams = params_of(t, i);
	if (st->nparams > 0 && (node == NULL || !node->params))
		return problem_set(why, 400, "params_mismatch",
		    "\"%s\" can have no parameters: write the value itself in "
		    "the place of $%d", st->command, st->nparams);
	st->kind = node != NULL ? node->kind : stmt_word_kind(w);
	if (node != NULL)
		look(st, t, i, node->care);
	if (node != NULL && node->care == CARE_EXPLAIN)
		look_at_explain(st, t, i);
	look_at_count(st, t, i, node != NULL ? node->care : CARE_NONE);
	st->on_database = stmt_tree_key_is(t, i, "GrantStmt") &&
	    stmt_tree_is(t, i, "objtype", "OBJECT_DATABASE");
	if (stmt_tree_key_is(t, i, "CallStmt"))
		st->returning = true;	/* the values of OUT arguments */
	st->pure = st->kind == STMT_READ && stmt_pure_look(t, i);
	st->reserved = stmt_reserved_look(t, i);
	return 0;
}
