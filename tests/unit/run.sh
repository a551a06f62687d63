#!/bin/sh
# Run unit test programs; print the failures and one closing line.
# usage: run.sh PROGRAM...
pass=0 fail=0
for t in "$@"; do
	out=$("$t" 2>&1)
	rc=$?
	p=$(printf '%s\n' "$out" | grep -c '^ok ')
	f=$(printf '%s\n' "$out" | grep -c '^not ok ')
	if [ $rc -ne 0 ] || [ "$f" -ne 0 ] ||
	    ! printf '%s\n' "$out" | grep -q '^1\.\.[1-9]'; then
		printf '%s: exit %s\n' "$t" "$rc"
		printf '%s\n' "$out" | grep -v '^ok ' | tail -n 60
		[ "$f" -eq 0 ] && f=1
	fi
	pass=$((pass + p)) fail=$((fail + f))
done
printf 'unit: %s passed, %s failed\n' "$pass" "$fail"
[ "$fail" -eq 0 ] && [ "$pass" -gt 0 ]
