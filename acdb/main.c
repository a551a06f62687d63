/*
 * main.c - acdb: SQL over HTTPS, in scripts and at a terminal.
 *
 * Results on standard output, everything else on standard error, and an
 * exit code that never lies.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "doctor.h"
#include "gateway.h"
#include "lib/exitcode.h"
#include "lib/hide.h"
#include "lib/log.h"
#include "lib/streams.h"
#include "opts.h"
#include "repl.h"
#include "shell.h"
#include "stop.h"
#include "text.h"

static bool
interactive(const struct opts *o)
{
	return o->nactions == 0 && isatty(STDIN_FILENO) == 1;
}

/* -c and -f in their order; without any, standard input. */
static void
run_actions(struct shell *sh, const struct opts *o)
{
	const struct opts_action *a;
	int rc;

	if (o->nactions == 0 && shell_run_fd(sh, STDIN_FILENO, "<stdin>") ==
	    -1)
		return;
	for (int i = 0; i < o->nactions; i++) {
		a = &o->action[i];
		sh->quit = false;
		rc = a->file ? shell_run_file(sh, a->text) :
		    shell_run_text(sh, a->text, "-c");
		if (rc == -1 && !sh->quit)
			return;
	}
}

/* Returns what to exit with. */
static int
run(const struct opts *o, struct ask *q, FILE *out, const char *name)
{
	struct shell sh;
	int code;

	shell_init(&sh, o, q, out);
	if (interactive(o))
		repl(&sh, name);
	else
		run_actions(&sh, o);
	code = sh.prompting ? EXIT_OK : sh.code;
	if (shell_flush(&sh) == -1)
		code = sh.code;
	shell_fini(&sh);
	return code;
}

static int
run_connected(const struct opts *o, struct httpc *h, const struct profile *p)
{
	struct ask_config c = { .retries = o->retries,
	    .timeout_ms = o->timeout_ms, .verbose = o->verbose,
	    .read_only = o->read_only || p->read_only, .run_id = o->run_id };
	const char *name = o->output != NULL ? o->output : "standard output";
	FILE *out = o->output != NULL ? fopen(o->output, "we") : stdout;
	struct ask q;
	int code;

	if (out == NULL) {
		fprintf(stderr, "acdb: %s: %s\n", name, strerror(errno));
		return EXIT_LOCAL;
	}
	ask_init(&q, h, &c);
	code = run(o, &q, out, p->name != NULL ? p->name : "acdb");
	ask_fini(&q);
	/* Where writing failed before, that has been said. */
	if (fclose(out) != 0 && code == EXIT_OK) {
		fprintf(stderr, "acdb: %s: %s\n", name, strerror(errno));
		code = EXIT_LOCAL;
	}
	return code;
}

static int
run_statements(const struct opts *o)
{
	struct profile p;
	struct httpc *h;
	struct buf why;
	int code;

	if (o->no_input && interactive(o)) {
		fputs("acdb: nothing to run: no -c, no -f, and standard input "
		    "is a terminal\n", stderr);
		return EXIT_USAGE;
	}
	buf_init(&why, HTTPC_WHY_MAX);
	code = gateway_open(&p, &h, o, &why);
	if (code == EXIT_OK) {
		code = run_connected(o, h, &p);
		httpc_free(h);
		profile_fini(&p);
	} else
		fprintf(stderr, "acdb: %s\n", buf_cstr(&why));
	buf_fini(&why);
	return code;
}

int
main(int argc, char **argv)
{
	struct opts o;
	int code;

	streams_hold();
	hide_process();
	log_init("acdb", LOG_WARN, LOG_TEXT);
	if ((code = opts_parse(&o, argc, argv)) != -1) {
		if (fflush(stdout) == EOF)	/* --help, --version */
			die(EXIT_LOCAL, "cannot write to standard output: %s",
			    strerror(errno));
		return code;
	}
	if (stop_init() == -1)
		die(EXIT_LOCAL, "cannot prepare for signals: %s",
		    strerror(errno));
	text_init();
	if (o.task == TASK_DOCTOR) {
		code = doctor(&o);
		if (fflush(stdout) == EOF || ferror(stdout))
			die(EXIT_LOCAL, "cannot write to standard output: %s",
			    strerror(errno));
	} else
		code = run_statements(&o);
	opts_fini(&o);
	if (code == ASK_INTERRUPTED)
		stop_die(SIGINT);
	return code;
}
