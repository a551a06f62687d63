#!/bin/sh
# foo.o and foo_bar.o export foo_* and nothing else, so that a name tells
# its file.  Exceptions stand in exports.ok: "file symbol-regex", '#' begins
# a comment.  usage: O=build/release exports.sh
cd "$(dirname "$0")/../.." || exit 1
O=${O:-build/release}
for c in $(git ls-files 'lib/*.c' 'acdb*/*.c'); do
	[ -f "$O/${c%.c}.o" ] || continue
	nm -g --defined-only "$O/${c%.c}.o" |
	awk -v file="$c" 'NF == 3 { print file, $3 }'
done |
awk '
FILENAME != "-" {
	sub(/#.*/, "")
	if (NF == 2)
		ok[$1] = $2
	next
}
{
	subject = $1
	sub(/.*\//, "", subject)
	sub(/[._].*/, "", subject)
	# Coverage and sanitizers add names of their own, with underscores.
	if (index($2, subject "_") == 1 || $2 == subject || $2 ~ /^_/ ||
	    ($2 == "main" && subject == "main") ||
	    ($1 in ok && $2 ~ "^(" ok[$1] ")$"))
		next
	print $1 ": exports " $2 ", not " subject "_*"
	bad = 1
}
END { exit bad }' tests/lint/exports.ok -
