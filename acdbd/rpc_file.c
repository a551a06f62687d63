/*
 * rpc_file.c - the text of a procedure's file: its header, then its
 * statement; see rpc.h.
 *
 * Pure: bytes in, a procedure out.
 */
#include <stdlib.h>
#include <string.h>

#include "lib/json.h"
#include "lib/units.h"
#include "rpc.h"

enum field { DESCRIPTION, ROLE, VERSION, ARGS, FIELDS };

static const char *const names[FIELDS] = { "description", "role", "version",
    "args" };

struct header {
	struct buf	 text[FIELDS];
	int		 line[FIELDS];	/* where it began; 0: not there */
	int		 current;	/* field that goes on; -1: none yet */
	int		 lines;		/* of it all */
};

/* Whether the comment's text begins with "word:"; *used is its length. */
static bool
is_field(const char *p, size_t n, size_t *used)
{
	size_t i = 0;

	while (i < n && ((p[i] >= 'a' && p[i] <= 'z') || p[i] == '_'))
		i++;
	*used = i + 1;
	return i > 0 && i < n && p[i] == ':';
}

static void
skip_blanks(const char **p, size_t *n)
{
	while (*n > 0 && (**p == ' ' || **p == '\t')) {
		(*p)++;
		(*n)--;
	}
	while (*n > 0 && strchr(" \t\r", (*p)[*n - 1]) != NULL)
		(*n)--;
}

static int
begin_field(struct header *h, const char *p, size_t n, int line,
    struct buf *err)
{
	for (int f = 0; f < FIELDS; f++) {
		if (strlen(names[f]) != n || memcmp(names[f], p, n) != 0)
			continue;
		if (h->line[f] != 0) {
			buf_addf(err, "%d: \"%s\" stands there twice", line,
			    names[f]);
			return -1;
		}
		h->line[f] = line;
		h->current = f;
		return 0;
	}
	buf_addf(err, "%d: \"%.*s\" is not a field of the header: "
	    "description, role, version, args", line, n > 40 ? 40 : (int)n,
	    p);
	return -1;
}

/* One comment, without its "--". */
static int
read_comment(struct header *h, const char *p, size_t n, int line,
    struct buf *err)
{
	struct buf *text;
	size_t used;

	if (n > 0 && (*p == ' ' || *p == '\t')) {
		p++;
		n--;
	}
	if (is_field(p, n, &used)) {
		if (begin_field(h, p, used - 1, line, err) == -1)
			return -1;
		p += used;
		n -= used;
	}
	if (h->current == -1)
		return 0;		/* a remark in front of the fields */
	skip_blanks(&p, &n);
	text = &h->text[h->current];
	/* The lines of a schema stay lines, for its errors' sake. */
	if (buf_len(text) > 0 || h->current == ARGS)
		buf_addc(text, h->current == ARGS ? '\n' : ' ');
	buf_add(text, p, n);
	if (buf_failed(text)) {
		buf_addf(err, "%d: \"%s\" is too long", line,
		    names[h->current]);
		return -1;
	}
	return 0;
}

/* Read the header; *p and *n become what stands behind it. */
static int
read_header(struct header *h, const char **p, size_t *n, struct buf *err)
{
	const char *end;
	size_t len;

	for (int line = 1; *n >= 2 && memcmp(*p, "--", 2) == 0; line++) {
		end = memchr(*p, '\n', *n);
		len = end == NULL ? *n : (size_t)(end - *p);
		if (read_comment(h, *p + 2, len - 2, line, err) == -1)
			return -1;
		if (end != NULL)
			len++;
		*p += len;
		*n -= len;
		h->lines = line;
	}
	for (int f = 0; f < FIELDS; f++)
		if (h->line[f] == 0 && (f == ROLE || f == ARGS)) {
			buf_addf(err, "1: the header has no \"%s\"",
			    names[f]);
			return -1;
		}
	return 0;
}

/* The line that a refusal is about. */
static int
line_of(const struct header *h, const struct problem *why)
{
	if (strcmp(why->title, "invalid_schema") == 0)
		return h->line[ARGS];
	if (strcmp(why->title, "invalid_role") == 0)
		return h->line[ROLE];
	return h->lines + 1;
}

static struct rpc *
make(struct header *h, const char *name, const char *sql,
    struct stmts *stmts, struct buf *err)
{
	struct rpc_text t = { .name = name, .sql = sql, .version = 1,
	    .description = buf_cstr(&h->text[DESCRIPTION]),
	    .role = buf_cstr(&h->text[ROLE]),
	    .schema = buf_cstr(&h->text[ARGS]) };
	const char *version = buf_cstr(&h->text[VERSION]);
	struct problem why;
	struct rpc *p;
	int64_t n;

	if (t.description == NULL || t.role == NULL || t.schema == NULL ||
	    version == NULL) {
		buf_adds(err, "1: out of memory");
		return NULL;
	}
	if (h->line[VERSION] != 0) {
		if (units_int(version, 1, INT32_MAX, &n) == -1) {
			buf_addf(err, "%d: \"version\" is a whole number from "
			    "1", h->line[VERSION]);
			return NULL;
		}
		t.version = (int)n;
	}
	problem_init(&why);
	if ((p = rpc_new(&t, stmts, &why)) == NULL)
		buf_addf(err, "%d: %s", line_of(h, &why),
		    why.detail == NULL ? "out of memory" : why.detail);
	problem_fini(&why);
	return p;
}

struct rpc *
rpc_file_read(const char *name, const char *p, size_t n,
    struct stmts *stmts, struct buf *err)
{
	struct header h = { .current = -1 };
	struct rpc *rpc = NULL;
	char *sql = NULL;

	for (int f = 0; f < FIELDS; f++)
		buf_init(&h.text[f], RPC_SCHEMA_MAX + 1);
	if (memchr(p, '\0', n) != NULL || !json_utf8_valid(p, n))
		buf_adds(err, "1: not UTF-8 text");
	else if (read_header(&h, &p, &n, err) == -1)
		;
	else if ((sql = strndup(p, n)) == NULL)
		buf_adds(err, "1: out of memory");
	else
		rpc = make(&h, name, sql, stmts, err);
	free(sql);
	for (int f = 0; f < FIELDS; f++)
		buf_fini(&h.text[f]);
	return rpc;
}
