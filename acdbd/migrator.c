/*
 * migrator.c - see migrator.h.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "lib/exitcode.h"
#include "lib/log.h"
#include "lib/pgmigrate.h"
#include "migrator.h"

static void
say(void *arg UNUSED, const char *line)
{
	log_info("migration", "step", line, NULL);
}

static int
migrate(const struct conf *c, bool own_cluster)
{
	struct pgmigrate m = {
		.url = c->migrations_database_url != NULL ?
		    c->migrations_database_url : c->database_url,
		.owner_password = c->owner_password,
		.gateway_password = c->gateway_password,
		.strict = c->strict,
		.own_cluster = own_cluster,
		.say = say,
	};
	struct pg_error e;
	int code = EXIT_OK;

	/* Without a superuser of its own the control-plane login is used,
	 * which is enough where there is nothing to do. */
	if (m.owner_password == NULL && c->migrations_database_url == NULL)
		m.owner_password = c->gateway_password;
	pg_error_init(&e);
	if (pgmigrate_up(&m, &e) == -1) {
		code = e.code == EXIT_OK ? EXIT_LOCAL : e.code;
		if (code == EXIT_UNREACHABLE)
			log_warn("cannot migrate yet", "reason",
			    pg_error_text(&e), NULL);
		else
			log_error("the database cannot be migrated",
			    "reason", pg_error_text(&e), NULL);
	}
	pg_error_fini(&e);
	return code;
}

/* What the master blocks and ignores is not for us, and we do not outlive
 * it; a migration that is interrupted is rolled back. */
static void
reset_signals(pid_t master)
{
	sigset_t none;

	sigemptyset(&none);
	signal(SIGINT, SIG_IGN);	/* a terminal's: the master's alone */
	signal(SIGHUP, SIG_IGN);
	sigprocmask(SIG_SETMASK, &none, NULL);
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM, 0, 0, 0);
	if (getppid() != master)
		_exit(EXIT_LOCAL);
}

pid_t
migrator_start(const struct conf *c, bool own_cluster)
{
	pid_t master = getpid(), pid;

	if ((pid = fork()) == -1)
		log_errno("cannot fork", NULL);
	if (pid != 0)
		return pid;
	reset_signals(master);
	log_init("acdbd[migrate]", log_get_level(), c->log_format);
	_exit(migrate(c, own_cluster));
}

bool
migrator_may_retry(int status, int *code)
{
	if (!WIFEXITED(status))
		return true;
	*code = WEXITSTATUS(status);
	return *code == EXIT_UNREACHABLE || *code == EXIT_LOCAL;
}
