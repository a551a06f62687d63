#!/bin/sh
# Every function that doc/tour.md names stands in the file it names.
rc=0
grep -o '`[a-z_.]*()`[^`|]*\(, `[a-z_.]*()`\)* in `[a-zA-Z0-9_/.]*`' doc/tour.md |
    sed 's/` in `/ /; s/`//g; s/[(),]//g' | while read -r line; do
	file=${line##* }
	for name in ${line% *}; do
		case $name in in) continue ;; esac
		grep -q "\\b${name##*.}(" "$file" 2>/dev/null ||
		    echo "doc/tour.md: $name() is not in $file"
	done
done | { ! grep .; } || rc=1
exit $rc
