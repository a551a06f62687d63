/*
 * main.c - acdbd: SQL over HTTPS.  Options, settings, sockets, database,
 * then the master; each step with the exit code that names what failed.
 */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "board.h"
#include "certs.h"
#include "check.h"
#include "conf.h"
#include "confine.h"
#include "conn.h"
#include "embedded.h"
#include "lib/exitcode.h"
#include "lib/hide.h"
#include "lib/log.h"
#include "lib/streams.h"
#include "lib/version.h"
#include "listen.h"
#include "loop.h"
#include "master.h"
#include "relay.h"
#include "rpc.h"
#include "worker.h"

enum mode { MODE_SERVE, MODE_INETD, MODE_CHECK };

struct options {
	enum mode	 mode;
	bool		 embedded;
	const char	*dir;		/* NULL: the default */
};

static void
usage(FILE *out)
{
	fputs("usage: acdbd [--embedded[=DIR]] [--check]\n"
	    "       acdbd --inetd\n"
	    "\n"
	    "Serve SQL over HTTPS to PostgreSQL.  Settings come from the "
	    "environment.\n"
	    "\n"
	    "  --embedded[=DIR]  also run a private PostgreSQL below DIR\n"
	    "  --inetd           serve one connection on standard input and "
	    "output\n"
	    "  --check           validate the settings and the database, then "
	    "exit\n"
	    "  --help-env        print the settings\n"
	    "  --help            print this\n"
	    "  --version         print the version\n"
	    "\n"
	    "See acdbd(8).\n", out);
}

static NORETURN void
misused(const char *why)
{
	fprintf(stderr, "acdbd: %s\nTry acdbd --help.\n", why);
	exit(EXIT_USAGE);
}

static NORETURN void
say_and_exit(void)
{
	if (fflush(stdout) == EOF)
		die(EXIT_LOCAL, "cannot write to standard output");
	exit(EXIT_OK);
}

static void
read_options(int argc, char **argv, struct options *o)
{
	static const struct option longopts[] = {
		{ "embedded", optional_argument, NULL, 'e' },
		{ "inetd", no_argument, NULL, 'i' },
		{ "check", no_argument, NULL, 'c' },
		{ "help-env", no_argument, NULL, 'E' },
		{ "help", no_argument, NULL, 'h' },
		{ "version", no_argument, NULL, 'V' },
		{ NULL, 0, NULL, 0 },
	};
	bool inetd = false;
	int c;

	memset(o, 0, sizeof(*o));
	while ((c = getopt_long(argc, argv, "hV", longopts, NULL)) != -1)
		switch (c) {
		case 'e':
			o->embedded = true;
			o->dir = optarg;
			break;
		case 'i':
			inetd = true;
			if (o->mode != MODE_CHECK)
				o->mode = MODE_INETD;
			break;
		case 'c':
			o->mode = MODE_CHECK;
			break;
		case 'E':
			conf_help(stdout);
			say_and_exit();
		case 'h':
			usage(stdout);
			say_and_exit();
		case 'V':
			printf("acdbd %s (%s)\n", version_number,
			    version_commit);
			say_and_exit();
		default:	/* getopt has said why */
			fputs("Try acdbd --help.\n", stderr);
			exit(EXIT_USAGE);
		}
	if (optind < argc)
		misused("takes no arguments, only options");
	if (inetd && o->mode != MODE_INETD)
		misused("--inetd and --check do not go together");
	if (o->embedded && o->mode == MODE_INETD)
		misused("--inetd and --embedded do not go together");
	if (o->embedded && o->dir != NULL && o->dir[0] == '\0')
		misused("--embedded= needs a directory");
}

static void
read_settings(struct conf *c, bool embedded)
{
	struct buf err;

	buf_init(&err, LOG_LINE_MAX);
	if (conf_read(c, embedded, &err) == -1)
		die(EXIT_CONFIG, "%s", buf_cstr(&err));
	buf_fini(&err);
	conf_wipe_environment();
	log_init("acdbd", c->log_level, c->log_format);
}

/* Where --embedded keeps its cluster when it is not told. */
static char *
default_dir(void)
{
	const char *data = getenv("XDG_DATA_HOME"), *home = getenv("HOME");
	char *dir = NULL;
	int r;

	if (geteuid() == 0)
		r = asprintf(&dir, "/var/lib/agentcoopdb");
	else if (data != NULL && data[0] == '/')
		r = asprintf(&dir, "%s/agentcoopdb", data);
	else if (home != NULL && home[0] == '/')
		r = asprintf(&dir, "%s/.local/share/agentcoopdb", home);
	else
		misused("--embedded needs a directory: HOME is not set");
	if (r == -1)
		die(EXIT_LOCAL, "out of memory");
	return dir;
}

static void
start_database(const struct options *o, struct conf *c)
{
	char *dir = o->dir == NULL ? default_dir() : NULL;

	if (c->database_url != NULL || c->migrations_database_url != NULL)
		log_warn("the database URLs have no effect with --embedded",
		    NULL);
	if (embedded_start(o->dir == NULL ? dir : o->dir, c) == -1)
		exit(EXIT_LOCAL);
	free(dir);
}

static struct certs *
load_certificate(const struct conf *c)
{
	struct certs *certs;
	struct buf err;

	if (c->tls_cert == NULL)
		return NULL;
	if ((certs = certs_new(c->tls_cert, c->tls_key)) == NULL)
		die(EXIT_LOCAL, "out of memory");
	buf_init(&err, LOG_LINE_MAX);
	if (certs_load(certs, &err) == -1) {
		certs_free(certs);
		die(EXIT_CONFIG, "%s", buf_cstr(&err));
	}
	buf_fini(&err);
	return certs;
}

static struct rpc_files *
load_procedures(const struct conf *c)
{
	struct rpc_files *rpcs;
	struct buf err;

	buf_init(&err, LOG_LINE_MAX);
	if ((rpcs = rpc_files_load(c, &err)) == NULL)
		die(EXIT_CONFIG, "%s", buf_cstr(&err));
	buf_fini(&err);
	return rpcs;
}

/* One worker without a master: no sockets, no migration, no second user. */
static int
serve_inetd(const struct conf *c)
{
	struct worker w = { .conf = c };
	int r = -1;

	if ((w.board = board_new(1)) == NULL || (w.loop = loop_new()) == NULL)
		die(EXIT_LOCAL, "out of memory");
	board_join(w.board, 0);
	if (db_start(&w, load_procedures(c)) == 0) {
		r = db_await(&w);
		if (r == 0)
			r = conn_serve_inetd(&w);
		db_stop(&w);
	}
	loop_free(w.loop);
	board_free(w.board);
	return r == 0 ? EXIT_OK : EXIT_LOCAL;
}

static void
log_start(const struct listeners *l, const struct conf *c)
{
	char workers[24];

	snprintf(workers, sizeof(workers), "%lld", (long long)c->workers);
	log_info("acdbd starts", "version", version_number, "commit",
	    version_commit, "workers", workers, NULL);
	for (size_t i = 0; i < l->n; i++)
		log_info("listening", "addr", l->v[i].text, "tls",
		    l->v[i].tls ? "true" : "false", "for",
		    l->v[i].metrics ? "metrics" : NULL, NULL);
}

static int
serve(const struct options *o, struct conf *c)
{
	static struct listeners listeners;
	struct master_setup s = { .conf = c, .listeners = &listeners,
	    .embedded = o->embedded };
	struct buf err;
	int code;

	buf_init(&err, LOG_LINE_MAX);
	confine_raise_files();
	s.certs = load_certificate(c);
	s.rpcs = load_procedures(c);
	if ((code = listen_open(&listeners, c, &err)) != EXIT_OK)
		die(code, "%s", buf_cstr(&err));
	log_start(&listeners, c);
	if (o->embedded)
		start_database(o, c);
	if (confine_find(&s.user, c->user, &err) == -1) {
		embedded_stop();
		die(EXIT_CONFIG, "%s", buf_cstr(&err));
	}
	s.board = board_new((unsigned)c->workers);
	s.relay = relay_new((unsigned)c->workers);
	if (s.board == NULL || s.relay == NULL) {
		embedded_stop();
		die(EXIT_LOCAL, "no memory to share between the workers");
	}
	code = master_run(&s);
	relay_free(s.relay);
	board_free(s.board);
	certs_free(s.certs);
	buf_fini(&err);
	return code;
}

int
main(int argc, char **argv)
{
	struct options o;
	struct conf c;
	int code = EXIT_LOCAL;

	streams_hold();
	hide_process();
	log_init("acdbd", LOG_INFO, LOG_TEXT);
	read_options(argc, argv, &o);
	read_settings(&c, o.embedded);
	switch (o.mode) {
	case MODE_SERVE:
		code = serve(&o, &c);
		break;
	case MODE_INETD:
		code = serve_inetd(&c);
		break;
	case MODE_CHECK:
		code = check_run(&c, o.embedded);
		break;
	}
	conf_fini(&c);
	return code;
}
