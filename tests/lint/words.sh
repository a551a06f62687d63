#!/bin/sh
# Words and shapes that the style excludes, in everything that is tracked.
# usage: words.sh
cd "$(dirname "$0")/../.." || exit 1
bad=0
no() {	# no RULE PATTERN PATHSPEC...
	rule=$1 pattern=$2
	shift 2
	git grep -nIE "$pattern" -- "$@" ':!tests/lint/words.sh' || return 0
	echo "words.sh: $rule"
	bad=1
}
no 'write NEEDSWORK:' '\b(TODO|FIXME|XXX)\b' '*.[ch]' '*.sh' '*.sql' Makefile
no 'blanks at the end of a line' '[[:blank:]]+$' '*.[ch]' '*.sh' '*.md' \
    '*.sql' '*.[1-8]' Makefile
no 'no typedef for a struct' '^typedef (struct|union|enum)' '*.[ch]'
no 'return x; without parentheses' 'return \([^()]*\);' '*.[ch]'
no 'comments are /* ... */' '(^|[;{}[:blank:]])//[[:blank:]]' '*.[ch]'
no 'a path of one machine' '/(home|Users)/[a-z]' '*.[ch]' '*.sh' '*.md' Makefile
# Each C file opens with a comment that names it and says what it is for.
for f in $(git ls-files 'lib/*.[ch]' 'acdb*/*.[ch]'); do
	sed -n 2p "$f" | grep -qF " * ${f##*/} - " && continue
	echo "$f:2: no opening comment \"${f##*/} - ...\""
	bad=1
done
if command -v codespell > /dev/null; then
	git ls-files '*.[ch]' '*.sh' '*.md' '*.[1-8]' |
	xargs codespell -L "te,ot,fo,nd,get's" || bad=1
fi
exit $bad
