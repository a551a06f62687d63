/*
 * stmt_reserved.c - whether a statement names what a superuser would have
 * kept from keys: the functions that after_00_access.sql revokes, views over
 * them, DO and CREATE FUNCTION.
 *
 * Only a server without a superuser is served by this, and it is no boundary:
 * what runs SQL from text, or a function that a dbadmin key made, can do what
 * is not said here.
 */
#include <string.h>

#include "stmt_priv.h"

/* Whole names; those that end in '*' are beginnings. */
static const char *const functions[] = {
	"cursor_to_xml*", "database_to_xml*", "lo_*", "loread", "lowrite",
	"pg_advisory_*", "pg_blocking_pids", "pg_cancel_backend",
	"pg_control_*", "pg_copy_*", "pg_create_*", "pg_cursor",
	"pg_database_size", "pg_drop_*", "pg_export_snapshot",
	"pg_indexes_size", "pg_listening_channels", "pg_lock_status",
	"pg_logical_*", "pg_ls_*", "pg_notification_queue_usage", "pg_notify",
	"pg_prepared_statement", "pg_prepared_xact", "pg_read_*",
	"pg_relation_filepath", "pg_relation_size", "pg_replication_*",
	"pg_safe_snapshot_blocking_pids", "pg_sequence_last_value",
	"pg_stat_file", "pg_stat_force_next_flush", "pg_stat_get_activity",
	"pg_stat_get_backend_*", "pg_stat_get_progress_info",
	"pg_stat_get_wal_*", "pg_table_size", "pg_tablespace_*",
	"pg_terminate_backend", "pg_total_relation_size", "pg_try_advisory_*",
	"query_to_xml*", "schema_to_xml*", "set_config", "setseed",
	"table_to_xml*", "ts_rewrite", "ts_stat", NULL
};
static const char *const relations[] = {
	"pg_cursors", "pg_locks", "pg_prepared_statements",
	"pg_prepared_xacts", "pg_sequences", "pg_settings",
	"pg_stat_activity", "pg_stat_gssapi", "pg_stat_progress_*",
	"pg_stat_replication", "pg_stat_ssl", NULL
};
static const char *const statements[] = {
	"AlterFunctionStmt", "CreateFunctionStmt", "DoStmt", NULL
};

static bool
is_one_of(const char *const *list, const char *s, size_t n)
{
	for (; *list != NULL; list++) {
		size_t m = strlen(*list);

		if ((*list)[m - 1] == '*' ? n >= m - 1 &&
		    strncmp(s, *list, m - 1) == 0 :
		    n == m && strncmp(s, *list, n) == 0)
			return true;
	}
	return false;
}

/* Whether the function called at node i is one of them. */
static bool
calls_one(const struct stmt_tree *t, uint32_t i)
{
	const struct stmt_node *last = stmt_tree_function(t, i);

	return last != NULL && is_one_of(functions, last->value,
	    last->nvalue);
}

bool
stmt_reserved_look(const struct stmt_tree *t, uint32_t i)
{
	uint32_t end = t->node[i].next;

	for (int k = 0; statements[k] != NULL; k++)
		if (stmt_tree_key_is(t, i, statements[k]))
			return true;
	for (; i < end; i++) {
		if (stmt_tree_key_is(t, i, "FuncCall") && calls_one(t, i))
			return true;
		if (stmt_tree_key_is(t, i, "relname") && is_one_of(relations,
		    t->node[i].value, t->node[i].nvalue))
			return true;
	}
	return false;
}
