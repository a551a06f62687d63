/*
 * pattern_parse.c - a pattern's source made a program, see pattern.h.
 *
 * The code of a piece stands in one stretch, and all that it jumps to lies
 * within the stretch or right behind it: so it can be moved and copied.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "pattern_parse.h"
#include "utf8.h"

#define GROUPS_DEEP	100

struct parse {
	const char	*p, *end;
	struct pattern	*out;
	const char	*why;		/* set by what fails first */
	int		 depth;
};

static int parse_alternatives(struct parse *a);

static int
fail(struct parse *a, const char *why)
{
	if (a->why == NULL)
		a->why = why;
	return -1;
}

/* Writing. */

static int
emit(struct parse *a, struct pattern_inst in)
{
	if (a->out->n >= PATTERN_MAX)
		return fail(a, "the pattern is too long once its repetitions "
		    "are written out");
	a->out->inst[a->out->n++] = in;
	return 0;
}

static void
shift(struct pattern_inst *in, uint32_t by)
{
	if (in->op == OP_SPLIT || in->op == OP_JUMP)
		in->x += by;
	if (in->op == OP_SPLIT)
		in->y += by;
}

/* A split in front of the stretch that begins at start: into it, and to y. */
static int
insert_split(struct parse *a, uint32_t start, uint32_t y)
{
	struct pattern *out = a->out;
	uint32_t n = out->n - start;

	if (emit(a, (struct pattern_inst){ .op = OP_SPLIT }) == -1)
		return -1;
	memmove(&out->inst[start + 1], &out->inst[start],
	    n * sizeof(*out->inst));
	for (uint32_t i = start + 1; i <= start + n; i++)
		shift(&out->inst[i], 1);
	out->inst[start] = (struct pattern_inst){ .op = OP_SPLIT,
	    .x = start + 1, .y = y };
	return 0;
}

static int
star(struct parse *a, uint32_t start)
{
	/* Behind itself and the jump back. */
	if (insert_split(a, start, a->out->n + 2) == -1)
		return -1;
	return emit(a, (struct pattern_inst){ .op = OP_JUMP, .x = start });
}

static int
plus(struct parse *a, uint32_t start)
{
	return emit(a, (struct pattern_inst){ .op = OP_SPLIT, .x = start,
	    .y = a->out->n + 1 });
}

static int
optional(struct parse *a, uint32_t start)
{
	return insert_split(a, start, a->out->n + 1);
}

/* Append a stretch of n that stood at from. */
static int
append(struct parse *a, const struct pattern_inst *code, uint32_t n,
    uint32_t from)
{
	uint32_t to = a->out->n;
	struct pattern_inst in;

	for (uint32_t i = 0; i < n; i++) {
		in = code[i];
		shift(&in, to - from);
		if (emit(a, in) == -1)
			return -1;
	}
	return 0;
}

/* The stretch at start, min to max times; max UINT32_MAX: without end. */
static int
repeat(struct parse *a, uint32_t start, uint32_t min, uint32_t max)
{
	uint32_t n = a->out->n - start, at;
	struct pattern_inst *code = calloc(n + 1, sizeof(*code));
	int rc = 0;

	if (code == NULL)
		return fail(a, "out of memory");
	memcpy(code, &a->out->inst[start], n * sizeof(*code));
	a->out->n = start;
	for (uint32_t i = 0; i < min && rc == 0; i++)
		rc = append(a, code, n, start);
	at = a->out->n;
	if (rc == 0 && max == UINT32_MAX) {
		rc = append(a, code, n, start);
		if (rc == 0)
			rc = star(a, at);
	}
	for (uint32_t i = min; i < max && max != UINT32_MAX && rc == 0; i++) {
		at = a->out->n;
		rc = append(a, code, n, start);
		if (rc == 0)
			rc = optional(a, at);
	}
	free(code);
	return rc;
}

/* Reading. */

static bool
next_is(const struct parse *a, char c)
{
	return a->p < a->end && *a->p == c;
}

static bool
digits(struct parse *a, uint32_t *n)
{
	const char *before = a->p;

	for (*n = 0; a->p < a->end && *a->p >= '0' && *a->p <= '9'; a->p++)
		if (*n <= PATTERN_MAX)
			*n = *n * 10 + (uint32_t)(*a->p - '0');
	return a->p > before;
}

/* {m}, {m,} or {m,n}; where it is none of them nothing is read. */
static bool
braces(struct parse *a, uint32_t *min, uint32_t *max)
{
	const char *before = a->p++;

	if (digits(a, min)) {
		*max = *min;
		if (next_is(a, ',')) {
			a->p++;
			if (!digits(a, max))
				*max = UINT32_MAX;
		}
		if (next_is(a, '}')) {
			a->p++;
			return true;
		}
	}
	a->p = before;
	return false;
}

/* What follows an atom whose code begins at start. */
static int
parse_quantifier(struct parse *a, uint32_t start)
{
	uint32_t min = 0, max = 0;
	int rc;

	if (next_is(a, '*') || next_is(a, '+') || next_is(a, '?')) {
		char c = *a->p++;

		rc = c == '*' ? star(a, start) : c == '+' ? plus(a, start) :
		    optional(a, start);
	} else if (next_is(a, '{') && braces(a, &min, &max)) {
		if (min > max)
			return fail(a, "a repetition's limits are the wrong "
			    "way round");
		if (min > PATTERN_MAX || (max > PATTERN_MAX &&
		    max != UINT32_MAX))
			return fail(a, "a repetition is too long");
		rc = repeat(a, start, min, max);
	} else
		return 0;
	if (next_is(a, '?'))
		a->p++;			/* lazy: finds the same */
	if (next_is(a, '*') || next_is(a, '+') || next_is(a, '?'))
		return fail(a, "there is nothing to repeat");
	return rc;
}

static int
parse_group(struct parse *a)
{
	a->p++;
	if (next_is(a, '?')) {
		a->p++;
		if (next_is(a, ':'))
			a->p++;
		else if (next_is(a, '<') && a->p + 1 < a->end &&
		    a->p[1] != '=' && a->p[1] != '!') {
			while (a->p < a->end && *a->p != '>')
				a->p++;
			if (a->p++ >= a->end)
				return fail(a, "a group's name does not end");
		} else
			return fail(a, "lookahead and lookbehind are not "
			    "supported");
	}
	if (++a->depth > GROUPS_DEEP)
		return fail(a, "groups are nested too deep");
	if (parse_alternatives(a) == -1)
		return -1;
	a->depth--;
	if (!next_is(a, ')'))
		return fail(a, "a group does not end");
	a->p++;
	return 0;
}

static int
parse_escape(struct parse *a)
{
	struct pattern_escape e;
	struct pattern_inst in = { .op = OP_CHAR };

	if (a->p + 1 < a->end && (a->p[1] == 'b' || a->p[1] == 'B')) {
		in.op = a->p[1] == 'b' ? OP_WORD : OP_NOT_WORD;
		a->p += 2;
		if (next_is(a, '*') || next_is(a, '+') || next_is(a, '?'))
			return fail(a, "there is nothing to repeat");
		return emit(a, in);
	}
	if (pattern_escape(&a->p, a->end, &e, &a->why) == -1)
		return -1;
	in.c = e.c;
	if (e.set != '\0') {
		in.op = OP_CLASS;
		in.negated = e.negated;
		if (pattern_class_set(a->out, &e, &in, &a->why) == -1)
			return -1;
	}
	return emit(a, in);
}

static int
parse_assertion(struct parse *a, enum pattern_op op)
{
	a->p++;
	if (next_is(a, '*') || next_is(a, '+') || next_is(a, '?'))
		return fail(a, "there is nothing to repeat");
	return emit(a, (struct pattern_inst){ .op = op });
}

static int
parse_atom(struct parse *a)
{
	struct pattern_inst in = { .op = OP_CLASS };

	switch (*a->p) {
	case '(':
		return parse_group(a);
	case '\\':
		return parse_escape(a);
	case '^':
		return parse_assertion(a, OP_BEGIN);
	case '$':
		return parse_assertion(a, OP_END);
	case '.':
		a->p++;
		in.op = OP_ANY;
		return emit(a, in);
	case '[':
		if (pattern_class(a->out, &a->p, a->end, &in, &a->why) == -1)
			return -1;
		return emit(a, in);
	case '*':
	case '+':
	case '?':
		return fail(a, "there is nothing to repeat");
	default:
		in.op = OP_CHAR;
		in.c = pattern_char(&a->p, a->end);
		return emit(a, in);
	}
}

/* One of the alternatives: up to "|", ")" or the end. */
static int
parse_sequence(struct parse *a)
{
	uint32_t start;

	while (a->p < a->end && *a->p != '|' && *a->p != ')') {
		start = a->out->n;
		if (parse_atom(a) == -1 || parse_quantifier(a, start) == -1)
			return -1;
	}
	return 0;
}

static int
parse_alternatives(struct parse *a)
{
	struct pattern *out = a->out;
	uint32_t start, jump = UINT32_MAX, before;

	for (;;) {
		start = out->n;
		if (parse_sequence(a) == -1)
			return -1;
		if (!next_is(a, '|'))
			break;
		a->p++;
		/* Into it, or to the next one behind the jump. */
		if (insert_split(a, start, out->n + 2) == -1)
			return -1;
		/* The jumps to the end are a list until that is known. */
		if (emit(a, (struct pattern_inst){ .op = OP_JUMP,
		    .x = jump }) == -1)
			return -1;
		jump = out->n - 1;
	}
	for (; jump != UINT32_MAX; jump = before) {
		before = out->inst[jump].x;
		out->inst[jump].x = out->n;
	}
	return 0;
}

/* A schema may have thousands of patterns, each of a few instructions. */
static void
shrink(struct pattern *p)
{
	void *less;

	if ((less = realloc(p->inst, p->n * sizeof(*p->inst))) != NULL)
		p->inst = less;
	if ((less = realloc(p->range, (p->ranges + 1) *
	    sizeof(*p->range))) != NULL)
		p->range = less;
}

struct pattern *
pattern_new(const char *source, size_t n, const char **why)
{
	struct parse a = { .p = source, .end = source + n };
	struct pattern_inst end = { .op = OP_MATCH };

	*why = "out of memory";
	if ((a.out = calloc(1, sizeof(*a.out))) == NULL ||
	    (a.out->inst = calloc(PATTERN_MAX + 1, sizeof(end))) == NULL ||
	    (a.out->range = calloc(CLASS_RANGES,
	    sizeof(*a.out->range))) == NULL)
		goto drop;
	if (parse_alternatives(&a) == -1)
		goto tell;
	if (a.p < a.end) {
		(void)fail(&a, "a \")\" ends no group");
		goto tell;
	}
	a.out->inst[a.out->n++] = end;	/* the one above PATTERN_MAX */
	shrink(a.out);
	return a.out;
 tell:
	*why = a.why;
 drop:
	pattern_free(a.out);
	return NULL;
}
