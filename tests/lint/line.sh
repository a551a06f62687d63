#!/bin/sh
# C lines fit in 80 columns, a tab being eight.  usage: line.sh
cd "$(dirname "$0")/../.." || exit 1
bad=0
for f in $(git ls-files '*.c' '*.h'); do
	expand "$f" | LC_ALL=C.UTF-8 grep -nE '^.{81}' |
	sed "s|^\([0-9]*\):.*|$f:\1: longer than 80 columns|" | grep . && bad=1
done
exit $bad
