# MCP at /v1/mcp: a real acdbd, a real PostgreSQL.
load helper
load mcp

setup_file() {
	server_start && mint_keys
}

teardown_file() {
	server_stop
}

setup() {
	VIA=http
}

@test "sql_query"			{ both_eras check_query; }
@test "names that are not there"	{ both_eras check_names; }
@test "exact values"			{ both_eras check_exact; }
@test "arguments"			{ both_eras check_arguments; }
@test "sql_execute"			{ both_eras check_execute; }
@test "sql_transaction"			{ both_eras check_transaction; }
@test "destruction is confirmed first"	{ both_eras check_gate; }
@test "the schema's tools"		{ both_eras check_schema; }
@test "explain"				{ both_eras check_explain; }
@test "vectors"				{ both_eras check_vectors; }
@test "rpc_call, advise, whoami, health" { both_eras check_rest; }
@test "what a key is offered"		{ both_eras check_lists; }
@test "resources, prompts, completion"	{ both_eras check_rest_of_protocol; }
