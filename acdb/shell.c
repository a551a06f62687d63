/*
 * shell.c - see shell.h.
 *
 * It knows what to do with a statement and what its outcome means for the
 * rest.  It must not know HTTP, nor how statements are found or shown.
 */
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "lib/exitcode.h"
#include "report.h"
#include "shell.h"
#include "stop.h"

#define PIECE	(64 * 1024)

void
shell_init(struct shell *sh, const struct opts *o, struct ask *q, FILE *out)
{
	memset(sh, 0, sizeof(*sh));
	sh->o = o;
	sh->q = q;
	sh->out = out;
	sh->style = o->style;
	sh->style.terminal = isatty(fileno(out)) == 1;
}

void
shell_fini(struct shell *sh)
{
	free(sh->restricted);
	sh->restricted = NULL;
}

/*
 * At a prompt nothing ends the session.  In a script, going on is for what
 * was refused, not for what is unknown or out of reach: what follows may
 * rest on it.
 */
enum script_verdict
shell_failed(struct shell *sh, int code)
{
	sh->code = code;
	if (sh->prompting)
		return SCRIPT_GO;
	return sh->o->keep_going && code == EXIT_REFUSED ? SCRIPT_GO :
	    SCRIPT_STOP;
}

int
shell_flush(struct shell *sh)
{
	if (fflush(sh->out) == 0 && !ferror(sh->out))
		return 0;
	if (errno == EPIPE)
		stop_die(SIGPIPE);
	if (sh->broken)
		return -1;
	sh->broken = true;
	if (stop_wanted())
		sh->code = ASK_INTERRUPTED;
	else {
		fprintf(stderr, "acdb: cannot write: %s\n", strerror(errno));
		sh->code = EXIT_LOCAL;
	}
	return -1;
}

static double
now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

static enum script_verdict
show(struct shell *sh, const struct statement *s)
{
	struct result r;
	struct buf why;
	const char *text;
	size_t n;
	int rc;

	buf_init(&why, 1024);
	text = buf_peek(&sh->q->a.body, &n);
	if (result_read(&r, text, n, &why) == -1) {
		rc = ask_misunderstood(sh->q, buf_cstr(&why));
		report_failure(s, sh->q);
		buf_fini(&why);
		return shell_failed(sh, rc);
	}
	buf_fini(&why);
	report_notices(s, &r);
	rc = print_result(sh->out, &sh->style, &r);
	result_fini(&r);
	if (rc == -1) {
		fputs("acdb: out of memory\n", stderr);
		return shell_failed(sh, EXIT_LOCAL);
	}
	return SCRIPT_GO;
}

/*
 * PostgreSQL would refuse what is not text, but never gets to see it: JSON
 * carries text alone, and what stands for such a byte there would be stored
 * in its place.
 */
static enum script_verdict
on_statement(void *arg, const struct statement *s)
{
	struct shell *sh = arg;
	enum script_verdict v;
	double start = now_ms();
	unsigned char byte;
	size_t bad = locate_bad_byte(s, &byte);
	int code;

	if (bad > 0) {
		report_bad_byte(s, bad, byte);
		return shell_failed(sh, EXIT_REFUSED);
	}
	if (sh->o->echo)
		fprintf(sh->out, "%.*s\n", (int)s->n, s->sql);
	code = ask_statement(sh->q, s->sql, s->n);
	if (code == EXIT_OK)
		v = show(sh, s);
	else {
		report_failure(s, sh->q);
		v = shell_failed(sh, code);
	}
	if (sh->timing)
		fprintf(sh->out, "Time: %.3f ms\n", now_ms() - start);
	return shell_flush(sh) == -1 ? SCRIPT_STOP : v;
}

static enum script_verdict
on_command(void *arg, const struct statement *s)
{
	return shell_command(arg, s);
}

static enum script_verdict
on_refuse(void *arg, const struct statement *s, const char *text)
{
	report_text(s, "%s", text);
	return shell_failed(arg, EXIT_REFUSED);
}

struct script_sink
shell_sink(struct shell *sh)
{
	return (struct script_sink){ on_statement, on_command, on_refuse, sh };
}

static struct script *
start(struct shell *sh, const char *source)
{
	struct script_sink sink = shell_sink(sh);
	struct script *s = script_new(&sink, source);

	if (s == NULL) {
		fputs("acdb: out of memory\n", stderr);
		sh->code = EXIT_LOCAL;
	}
	return s;
}

int
shell_run_text(struct shell *sh, const char *text, const char *source)
{
	struct script *s = start(sh, source);
	int rc = -1;

	if (s != NULL && script_feed(s, text, strlen(text)) == 0)
		rc = script_end(s);
	script_free(s);
	return rc;
}

/* One piece of the input, as soon as there is any.  Returns its size, 0 at
 * the end, or -1 with the reason in sh->code. */
static ssize_t
read_piece(struct shell *sh, int fd, const char *source, char *p)
{
	ssize_t n;

	do {
		if (stop_await(fd) == -1) {
			sh->code = ASK_INTERRUPTED;
			return -1;
		}
		n = read(fd, p, PIECE);
	} while (n == -1 && (errno == EINTR || errno == EAGAIN));
	if (n == -1) {
		fprintf(stderr, "acdb: %s: %s\n", source, strerror(errno));
		sh->code = EXIT_LOCAL;
	}
	/* Ctrl-C ends the whole pipeline: the end it brings is no end. */
	if (n == 0 && stop_wanted()) {
		sh->code = ASK_INTERRUPTED;
		return -1;
	}
	return n;
}

/* Nothing is read ahead of what can be run: the input may be of any size,
 * or be typed by somebody who waits for each answer. */
static int
run_pieces(struct shell *sh, struct script *s, int fd, const char *source,
    char *p)
{
	bool first = true;
	ssize_t n;
	size_t bom;

	while ((n = read_piece(sh, fd, source, p)) > 0) {
		bom = first && n >= 3 && memcmp(p, "\xef\xbb\xbf", 3) == 0 ?
		    3 : 0;
		first = false;
		if (script_feed(s, p + bom, (size_t)n - bom) == -1)
			return -1;
	}
	return n == -1 ? -1 : script_end(s);
}

int
shell_run_fd(struct shell *sh, int fd, const char *source)
{
	struct script *s = start(sh, source);
	char *p = malloc(PIECE);
	int rc = -1;

	if (s != NULL && p != NULL)
		rc = run_pieces(sh, s, fd, source, p);
	else
		sh->code = EXIT_LOCAL;
	free(p);
	script_free(s);
	return rc;
}

int
shell_run_file(struct shell *sh, const char *path)
{
	int fd, rc;

	if (strcmp(path, "-") == 0)
		return shell_run_fd(sh, STDIN_FILENO, "<stdin>");
	if ((fd = open(path, O_RDONLY | O_CLOEXEC)) == -1) {
		fprintf(stderr, "acdb: %s: %s\n", path, strerror(errno));
		sh->code = EXIT_LOCAL;
		return -1;
	}
	rc = shell_run_fd(sh, fd, path);
	close(fd);
	return rc;
}
