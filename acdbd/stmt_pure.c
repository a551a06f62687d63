/*
 * stmt_pure.c - whether a query looks as if it could change nothing.
 *
 * A guess, used to save work: such a query is run in a READ ONLY transaction
 * and needs no look at whether it wrote.  Should it write after all (a view
 * or an operator can hide anything), PostgreSQL refuses, and it is run again
 * as what it is.
 */
#include <stdlib.h>
#include <string.h>

#include "stmt_priv.h"

/* PostgreSQL's own functions and aggregates, and pgvector's, that are in
 * common use and only compute; sorted. */
static const char *const pure[] = {
	"abs", "age", "any_value", "array_agg", "array_append", "array_cat",
	"array_length", "array_position", "array_remove", "array_to_json",
	"array_to_string", "avg", "bit_and", "bit_or", "bool_and", "bool_or",
	"btrim", "cardinality", "cbrt", "ceil", "ceiling", "char_length",
	"character_length", "clock_timestamp", "coalesce", "concat",
	"concat_ws", "convert_from", "convert_to", "corr", "cosine_distance",
	"count", "cume_dist", "date_bin", "date_part", "date_trunc", "decode",
	"degrees", "dense_rank", "div", "encode", "every", "exp", "extract",
	"first_value", "floor", "format", "generate_series", "greatest",
	"initcap", "inner_product", "json_agg", "json_array_elements",
	"json_array_length", "json_build_array", "json_build_object",
	"json_each", "json_each_text", "json_extract_path",
	"json_extract_path_text", "json_object", "json_object_agg",
	"json_object_keys", "json_typeof", "jsonb_agg",
	"jsonb_array_elements", "jsonb_array_elements_text",
	"jsonb_array_length", "jsonb_build_array", "jsonb_build_object",
	"jsonb_each", "jsonb_each_text", "jsonb_extract_path",
	"jsonb_extract_path_text", "jsonb_object_agg", "jsonb_object_keys",
	"jsonb_path_exists", "jsonb_path_query", "jsonb_set",
	"jsonb_to_recordset", "jsonb_typeof", "l1_distance", "l2_distance",
	"l2_norm", "l2_normalize", "lag", "last_value", "lead", "least",
	"left", "length", "ln", "log", "lower", "lpad", "ltrim", "make_date",
	"make_interval", "make_timestamptz", "max", "md5", "min", "mod",
	"mode", "now", "nth_value", "ntile", "nullif", "octet_length",
	"overlay", "percent_rank", "percentile_cont", "percentile_disc",
	"pg_typeof", "phraseto_tsquery", "pi", "plainto_tsquery", "position",
	"pow", "power", "quote_ident", "quote_literal", "radians", "random",
	"rank", "regexp_count", "regexp_match", "regexp_matches",
	"regexp_replace", "regexp_split_to_array", "regexp_split_to_table",
	"repeat", "replace", "reverse", "right", "round", "row_number",
	"row_to_json", "rpad", "rtrim", "scale", "setweight", "sha256",
	"sign", "similarity", "split_part", "sqrt", "starts_with", "stddev",
	"stddev_pop", "stddev_samp", "string_agg", "string_to_array", "strip",
	"strpos", "substr", "substring", "sum", "to_char", "to_date",
	"to_json", "to_jsonb", "to_number", "to_timestamp", "to_tsquery",
	"to_tsvector", "translate", "trim", "trunc", "ts_headline", "ts_rank",
	"ts_rank_cd", "unnest", "upper", "var_pop", "var_samp", "variance",
	"vector_dims", "vector_norm", "version", "websearch_to_tsquery",
	"width_bucket", "workspace_id",
};

static int
compare(const void *key, const void *member)
{
	const struct stmt_node *name = key;
	const char *word = *(const char *const *)member;
	int order = strncmp(name->value, word, name->nvalue);

	return order != 0 ? order : -(word[name->nvalue] != '\0');
}

/* Whether the function called at node i only computes. */
static bool
calls_pure(const struct stmt_tree *t, uint32_t i)
{
	const struct stmt_node *last = stmt_tree_function(t, i);

	return last != NULL && bsearch(last, pure, NELEM(pure),
	    sizeof(pure[0]), compare) != NULL;
}

bool
stmt_pure_look(const struct stmt_tree *t, uint32_t i)
{
	uint32_t end = t->node[i].next;

	if (!stmt_tree_key_is(t, i, "SelectStmt"))
		return false;
	for (; i < end; i++)
		if (stmt_tree_key_is(t, i, "FuncCall") && !calls_pure(t, i))
			return false;
	return true;
}
