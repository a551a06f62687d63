/*
 * pattern.c - see pattern.h: the program run on a text.
 *
 * All ways the program can go are followed at once, a character at a time
 * (Thompson, CACM 11(6), 1968), so that no text makes it slow.
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "pattern_priv.h"
#include "utf8.h"

/* The instructions that are to see the next character, each once. */
struct list {
	uint32_t	 at[PATTERN_MAX + 1], n;
};

struct run {
	const struct pattern *p;
	uint32_t	 round;
	bool		 begin, end, word;	/* of where we are */
	bool		 matched;
	int64_t		*work;
	struct list	 lists[2];		/* what follows: as far as */
	uint32_t seen[PATTERN_MAX + 1];		/* used; in which round it */
	uint32_t	 stack[2 * PATTERN_MAX + 2];	/* was added */
};

/* Steps that a match takes before its first character. */
#define MATCH_WORK	16

static bool
in_ranges(const struct pattern_range *r, uint32_t n, uint32_t c)
{
	for (uint32_t i = 0; i < n; i++)
		if (c >= r[i].lo && c <= r[i].hi)
			return true;
	return false;
}

static bool
is_word(uint32_t c)
{
	const struct pattern_range *r;
	uint32_t n;

	r = pattern_set('w', &n);
	return in_ranges(r, n, c);
}

/* Whether an instruction that takes no character lets through. */
static bool
holds(const struct run *run, enum pattern_op op)
{
	switch (op) {
	case OP_BEGIN:
		return run->begin;
	case OP_END:
		return run->end;
	case OP_WORD:
		return run->word;
	case OP_NOT_WORD:
		return !run->word;
	case OP_CHAR:
	case OP_ANY:
	case OP_CLASS:
	case OP_SPLIT:
	case OP_JUMP:
	case OP_MATCH:
		break;
	}
	return true;
}

/* Add what can be reached from instruction i without a character. */
static void
follow(struct run *run, struct list *l, uint32_t i)
{
	uint32_t *stack = run->stack, top = 0;
	const struct pattern_inst *in;

	stack[top++] = i;
	while (top > 0) {
		i = stack[--top];
		if (run->seen[i] == run->round)
			continue;
		run->seen[i] = run->round;
		--*run->work;
		in = &run->p->inst[i];
		switch (in->op) {
		case OP_JUMP:
			stack[top++] = in->x;
			break;
		case OP_SPLIT:
			stack[top++] = in->y;
			stack[top++] = in->x;
			break;
		case OP_BEGIN:
		case OP_END:
		case OP_WORD:
		case OP_NOT_WORD:
			if (holds(run, in->op))
				stack[top++] = i + 1;
			break;
		case OP_MATCH:
			run->matched = true;
			break;
		case OP_CHAR:
		case OP_ANY:
		case OP_CLASS:
			l->at[l->n++] = i;
			break;
		}
	}
}

static bool
takes(const struct run *run, const struct pattern_inst *in, uint32_t c)
{
	if (in->op == OP_CHAR)
		return c == in->c;
	if (in->op == OP_ANY)
		return c != '\n' && c != '\r' && c != 0x2028 && c != 0x2029;
	*run->work -= in->n / 4;
	return in_ranges(&run->p->range[in->c], in->n, c) != in->negated;
}

/* One character of well-formed UTF-8. */
static uint32_t
decode(const char *text, size_t n, size_t *used)
{
	const unsigned char *p = (const unsigned char *)text;
	uint32_t c;

	*used = utf8_seq(p, n);
	if (*used < 2) {
		*used = 1;
		return p[0];
	}
	c = p[0] & (0xffu >> (*used + 1));
	for (size_t i = 1; i < *used; i++)
		c = c << 6 | (p[i] & 0x3f);
	return c;
}

/* Where we stand: between what was read last and what comes. */
static void
stand(struct run *run, const char *text, size_t n, size_t at, bool after_word)
{
	size_t used;
	bool before = at < n && is_word(decode(text + at, n - at, &used));

	run->begin = at == 0;
	run->end = at == n;
	run->word = after_word != before;
	run->round++;
}

static void
go(struct run *run, const char *text, size_t n)
{
	struct list *now = &run->lists[0], *next = &run->lists[1], *swap;
	bool after_word = false;
	size_t at = 0, used;
	uint32_t c;

	stand(run, text, n, 0, false);
	follow(run, now, 0);
	while (!run->matched && at < n && *run->work >= 0) {
		c = decode(text + at, n - at, &used);
		at += used;
		after_word = is_word(c);
		stand(run, text, n, at, after_word);
		next->n = 0;
		for (uint32_t i = 0; i < now->n; i++) {
			--*run->work;
			if (takes(run, &run->p->inst[now->at[i]], c))
				follow(run, next, now->at[i] + 1);
		}
		follow(run, next, 0);	/* it may begin anywhere */
		swap = now;
		now = next;
		next = swap;
	}
}

int
pattern_match(const struct pattern *p, const char *text, size_t n,
    int64_t *work)
{
	struct run *run;
	int rc;

	*work -= MATCH_WORK + p->n / 4;
	/* Rounds are counted in 32 bits. */
	if (n >= UINT32_MAX || *work < 0 ||
	    (run = malloc(sizeof(*run))) == NULL)
		return -1;
	memset(run, 0, offsetof(struct run, lists));
	run->lists[0].n = run->lists[1].n = 0;
	memset(run->seen, 0, (p->n + 1) * sizeof(run->seen[0]));
	run->p = p;
	run->work = work;
	go(run, text, n);
	rc = run->matched ? 1 : *work < 0 ? -1 : 0;
	free(run);
	return rc;
}

void
pattern_free(struct pattern *p)
{
	if (p == NULL)
		return;
	free(p->inst);
	free(p->range);
	free(p);
}

const struct pattern_range *
pattern_set(char letter, uint32_t *n)
{
	static const struct pattern_range d[] = { { '0', '9' } };
	static const struct pattern_range w[] = { { '0', '9' }, { 'A', 'Z' },
	    { '_', '_' }, { 'a', 'z' } };
	/* ECMA-262 WhiteSpace and LineTerminator */
	static const struct pattern_range s[] = { { 9, 13 }, { ' ', ' ' },
	    { 0xa0, 0xa0 }, { 0x1680, 0x1680 }, { 0x2000, 0x200a },
	    { 0x2028, 0x2029 }, { 0x202f, 0x202f }, { 0x205f, 0x205f },
	    { 0x3000, 0x3000 }, { 0xfeff, 0xfeff } };

	if (letter == 'd') {
		*n = NELEM(d);
		return d;
	}
	*n = letter == 'w' ? NELEM(w) : NELEM(s);
	return letter == 'w' ? w : s;
}
