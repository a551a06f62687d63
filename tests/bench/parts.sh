# What each part of the boundary costs (BENCH_PARTS=1).
# shellcheck shell=bash disable=SC2154	# variables of bench.sh

# What|which call|the parts that are sent|what it is compared with.
read_parts=reset,begin,pure,role,context
write_parts=hygiene,reset,begin,role,context,audit
parts=(
	"a read, whole|select|$read_parts"
	'  without RESET ALL|select|begin,pure,role,context'
	'  without the signed context|select|reset,begin,pure,role'
	'  without role and context|select|reset,begin,pure'
	'  without BEGIN and ROLLBACK|select|reset,role,context'
	'  without any of it|select|'
	"  after a call that was not pure|select|hygiene,$read_parts"
	"  not guessed pure: a look whether it wrote|select|${unsure_parts#*,}"
	"  of a tenant's rows (row-level security)|tenant|$read_parts"
	"  the frame parsed anew|select|$read_parts,unnamed"
	"  the statement parsed anew|select|$read_parts,parse"
	"a write, whole|insert|$write_parts"
	'  without tidying up before it|insert|begin,role,context,audit'
	'  without its audit row|insert|hygiene,reset,begin,role,context'
	'  without any of it|insert|'
)

# print_part WHAT SERIES WHOLE
print_part() {
	printf '%-44s%9.0f%7s%9.1f%8s\n' "$1" "$(median "$2.rate")" \
	    "$(over "$2.rate" "$3.rate")" "$(median "$2.cpu")" \
	    "$(awk -v a="$(median "$2.cpu")" -v b="$(median "$3.cpu")" \
	    'BEGIN { printf "%+.1f", a - b }')"
}

# print_parts_head WHO
print_parts_head() {
	printf '\n%-44s%9s%7s%9s%8s\n' "$1" calls/s whole 'CPU us' change
}

# The floor with all parts, and each time without one of them.
measure_floor_parts() {
	local n=${pg_conns[$1]} i p what call list whole
	local -a with
	rm -f "$dir"/series.*
	for ((i = 0; i < rounds; i++)); do
		for p in "${!parts[@]}"; do
			IFS='|' read -r what call list <<<"${parts[p]}"
			read -ra with <<<"${floor_args[$call]:-}"
			run_floor "part$p" "$n" -q "${text[$call]}" \
			    "${with[@]}" -P "$list"
		done
	done
	print_parts_head "the floor at $n connections"
	for p in "${!parts[@]}"; do
		IFS='|' read -r what call list <<<"${parts[p]}"
		[ "${what:0:1}" = ' ' ] || whole=part$p
		print_part "$what" "part$p" "$whole"
	done
}

# What the floor cannot show: the audit of reads, which acdbd writes for a
# group of them at a time, on a connection of its own.
measure_audit() {
	local c=$1 i call who
	start_more quiet http AGENTCOOPDB_AUDIT_DISABLED=true
	rm -f "$dir"/series.*
	for ((i = 0; i < rounds; i++)); do
		for call in select insert; do
			for who in plain quiet; do
				run_load "$call.$who" "$who" "$c" "$call"
			done
		done
	done
	print_parts_head "acdbd at $c clients, with PostgreSQL's CPU"
	for call in select insert; do
		for who in plain quiet; do
			rm -f "$dir/series.$call.$who.cpu"
			mv "$dir/series.$call.$who.all" \
			    "$dir/series.$call.$who.cpu"
		done
	done
	print_part 'a read, whole' select.plain select.plain
	print_part '  without its audit row (by group commit)' \
	    select.quiet select.plain
	print_part 'a write, whole' insert.plain insert.plain
	print_part '  without its audit row' insert.quiet insert.plain
}

# At 8 clients, or at the first number that is measured.
measure_parts() {
	local c=8
	[ -n "${pg_conns[8]:-}" ] || c=${conns%% *}
	text[tenant]=${text[select]/bench_rows/bench_tenant}
	make_tenant_table
	measure_floor_parts "$c"
	measure_audit "$c"
}
