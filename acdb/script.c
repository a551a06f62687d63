/*
 * script.c - see script.h.
 *
 * It knows where statements end (lib/sqllex), what a backslash begins and
 * that COPY ... FROM STDIN is followed by data.  It must not know files, the
 * gateway or what becomes of a statement.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "script.h"
#include "words.h"

/* Comments alone are kept up to here: they belong to what follows them. */
#define COMMENT_MAX	(64 * 1024)
#define COMMAND_MAX	(64 * 1024)

enum mode {
	MODE_SQL,
	MODE_COMMAND,		/* up to the line's end */
	MODE_BEFORE_DATA,	/* the rest of COPY's own line */
	MODE_DATA,		/* lines up to "\." */
};

struct script {
	struct script_sink sink;
	const char	*source;
	struct sqllex	*lex;
	enum mode	 mode;
	struct buf	 text;		/* of the statement */
	size_t		 line, column;	/* of its first byte */
	struct buf	 command;
	char		 data[3];	/* the data line's first bytes */
	size_t		 ndata;
};

struct script *
script_new(const struct script_sink *sink, const char *source)
{
	struct script *s = calloc(1, sizeof(*s));

	if (s == NULL || (s->lex = sqllex_new()) == NULL) {
		free(s);
		return NULL;
	}
	s->sink = *sink;
	s->source = source;
	s->line = s->column = 1;
	buf_init(&s->text, SCRIPT_STATEMENT_MAX);
	buf_init(&s->command, COMMAND_MAX);
	return s;
}

void
script_free(struct script *s)
{
	if (s == NULL)
		return;
	sqllex_free(s->lex);
	buf_fini(&s->text);
	buf_fini(&s->command);
	free(s);
}

enum sqllex_state
script_state(const struct script *s)
{
	return sqllex_state(s->lex);
}

static void
count(const char *p, size_t n, size_t *line, size_t *column)
{
	for (size_t i = 0; i < n; i++)
		if (p[i] == '\n') {
			++*line;
			*column = 1;
		} else if ((p[i] & 0xc0) != 0x80)
			++*column;
}

/* Drop the first n bytes of what has been gathered. */
static void
consume(struct script *s, size_t n)
{
	count(buf_peek(&s->text, NULL), n, &s->line, &s->column);
	buf_consume(&s->text, n);
}

void
script_drop(struct script *s)
{
	consume(s, buf_len(&s->text));
	sqllex_cut(s->lex);
}

static size_t
leading_blanks(const struct buf *b)
{
	size_t n, i = 0;
	const char *p = buf_peek(b, &n);

	while (i < n && strchr(" \t\r\n\f\v", p[i]) != NULL && p[i] != '\0')
		i++;
	return i;
}

static enum script_verdict
refuse(struct script *s, const struct statement *st, const char *text)
{
	return s->sink.refuse(s->sink.arg, st, text);
}

/* Whether a comment that never ends has swallowed the rest of the script:
 * nobody meant that, and PostgreSQL says where it begins. */
static bool
swallowed(const struct script *s)
{
	return sqllex_state(s->lex) == SQLLEX_COMMENT;
}

/* What has been gathered is a whole statement. */
static int
send_statement(struct script *s)
{
	enum script_verdict v = SCRIPT_GO;
	struct statement st = { .source = s->source };

	consume(s, leading_blanks(&s->text));
	st.sql = buf_peek(&s->text, &st.n);
	st.line = s->line;
	st.column = s->column;
	if (sqllex_has_content(s->lex) && words_copy_data(st.sql, st.n)) {
		s->mode = MODE_BEFORE_DATA;
		v = refuse(s, &st, "COPY ... FROM STDIN is not supported "
		    "yet");
	} else if (sqllex_has_content(s->lex) || swallowed(s))
		v = s->sink.statement(s->sink.arg, &st);
	consume(s, st.n);
	return v == SCRIPT_STOP ? -1 : 0;
}

/*
 * Whether these are bytes that no statement needs any more: blanks; or
 * comments too long to belong to what follows, at a line's end, so that
 * none is left half.
 */
static bool
idle(const struct script *s)
{
	size_t n;
	const char *p = buf_peek(&s->text, &n);

	if (n == 0 || sqllex_has_content(s->lex) ||
	    sqllex_state(s->lex) != SQLLEX_START)
		return false;
	return leading_blanks(&s->text) == n ||
	    (n > COMMENT_MAX && p[n - 1] == '\n');
}

static int
take_sql(struct script *s, const char *p, size_t n, size_t *used)
{
	enum sqllex_event event;
	struct statement st;
	const char *nl;

	/* Line by line, so that idle() can see a line's end. */
	if (buf_len(&s->text) > COMMENT_MAX && !sqllex_has_content(s->lex) &&
	    (nl = memchr(p, '\n', n)) != NULL)
		n = (size_t)(nl - p) + 1;
	event = sqllex_feed(s->lex, p, n, used);
	if (buf_add(&s->text, p, *used - (event == SQLLEX_BACKSLASH)) == -1) {
		st = (struct statement){ .source = s->source, .sql = "",
		    .line = s->line, .column = s->column };
		(void)refuse(s, &st, errno == EMSGSIZE ? "the statement is "
		    "longer than 64 MiB (is a quote not closed?)" :
		    "out of memory");
		return -1;
	}
	if (event == SQLLEX_END)
		return send_statement(s);
	if (event == SQLLEX_BACKSLASH)
		s->mode = MODE_COMMAND;
	else if (idle(s))
		consume(s, buf_len(&s->text));
	return 0;
}

/* The command's line is whole.  Its end is SQL again, which keeps count. */
static int
run_command(struct script *s)
{
	struct statement st = { .source = s->source, .line = s->line,
	    .column = s->column };
	enum script_verdict v;

	st.sql = buf_peek(&s->text, &st.n);
	count(st.sql, st.n, &st.line, &st.column);
	st.sql = buf_peek(&s->command, &st.n);
	v = s->sink.command(s->sink.arg, &st);
	buf_clear(&s->command);
	s->mode = MODE_SQL;
	if (v == SCRIPT_SEND) {
		sqllex_cut(s->lex);
		return send_statement(s);
	}
	if (v == SCRIPT_DROP)
		script_drop(s);
	return v == SCRIPT_STOP ? -1 : 0;
}

static int
take_command(struct script *s, const char *p, size_t n, size_t *used)
{
	const char *nl = memchr(p, '\n', n);

	*used = nl == NULL ? n : (size_t)(nl - p);
	/* A command that long is none, and is refused cut off as it is. */
	buf_add(&s->command, p, *used);
	return nl == NULL ? 0 : run_command(s);
}

/* The lines of data behind a refused COPY, up to "\.". */
static void
take_data(struct script *s, const char *p, size_t n, size_t *used)
{
	size_t i;

	for (i = 0; i < n && s->mode != MODE_SQL; i++) {
		if (p[i] != '\n') {
			if (s->ndata < sizeof(s->data) && p[i] != '\r')
				s->data[s->ndata++] = p[i];
			continue;
		}
		count(p + i, 1, &s->line, &s->column);
		if (s->mode == MODE_DATA && s->ndata == 2 &&
		    memcmp(s->data, "\\.", 2) == 0)
			s->mode = MODE_SQL;
		else
			s->mode = MODE_DATA;
		s->ndata = 0;
	}
	*used = i;
}

int
script_feed(struct script *s, const char *p, size_t n)
{
	size_t used = 0;
	int rc = 0;

	for (; n > 0 && rc == 0; p += used, n -= used)
		switch (s->mode) {
		case MODE_SQL:
			rc = take_sql(s, p, n, &used);
			break;
		case MODE_COMMAND:
			rc = take_command(s, p, n, &used);
			break;
		case MODE_BEFORE_DATA:
		case MODE_DATA:
			take_data(s, p, n, &used);
			break;
		}
	return rc;
}

int
script_end(struct script *s)
{
	if (s->mode == MODE_COMMAND && run_command(s) == -1)
		return -1;
	if (s->mode != MODE_SQL || buf_len(&s->text) == 0 ||
	    (!sqllex_has_content(s->lex) && !swallowed(s)))
		return 0;
	if (!swallowed(s))
		sqllex_cut(s->lex);
	return send_statement(s);
}
