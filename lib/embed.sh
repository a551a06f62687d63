#!/bin/sh
# Write an assembler file that holds the given SQL files, and the table
# "migrations_embedded" of their names, starts and ends (see migrations.h).
# usage: embed.sh FILE...
echo '	.section .note.GNU-stack,"",%progbits'
echo '	.section .rodata'
i=0
for f in "$@"; do
	printf 'text%d:\t.incbin "%s"\nend%d:\t.byte 0\n' $i "$f" $i
	printf 'name%d:\t.asciz "%s"\n' $i "$(basename "$f")"
	i=$((i + 1))
done
echo '	.section .data.rel.ro,"aw"'
echo '	.balign 8'
echo '	.globl migrations_embedded'
echo 'migrations_embedded:'
n=$i i=0
while [ $i -lt $n ]; do
	printf '\t.quad name%d, text%d, end%d\n' $i $i $i
	i=$((i + 1))
done
echo '	.quad 0, 0, 0'
