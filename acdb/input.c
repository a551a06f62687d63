/*
 * input.c - see input.h: the only file that knows readline.
 *
 * Readline's callback interface is used, so that Ctrl-C comes through
 * stop.h like everywhere else.
 */
#include <sys/stat.h>

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

#include "input.h"
#include "stop.h"

#define HISTORY_MAX	2000

static bool got_line;
static char *the_line;		/* owned until handed over; NULL: end */
static char *history_path;

static void
make_dirs(char *path)
{
	for (char *p = strchr(path + 1, '/'); p != NULL;
	    p = strchr(p + 1, '/')) {
		*p = '\0';
		(void)mkdir(path, 0700);
		*p = '/';
	}
}

static char *
find_history(void)
{
	const char *base = getenv("XDG_STATE_HOME"), *home = getenv("HOME");
	char *path = NULL;

	if (base != NULL && base[0] == '/') {
		if (asprintf(&path, "%s/acdb/history", base) == -1)
			return NULL;
	} else if (home == NULL || asprintf(&path,
	    "%s/.local/state/acdb/history", home) == -1)
		return NULL;
	return path;
}

void
input_init(void)
{
	rl_readline_name = "acdb";
	rl_catch_signals = 0;
	rl_bind_key('\t', rl_insert);
	using_history();
	stifle_history(HISTORY_MAX);
	if ((history_path = find_history()) != NULL)
		(void)read_history(history_path);
}

void
input_fini(void)
{
	mode_t old;

	if (history_path == NULL)
		return;
	old = umask(077);
	make_dirs(history_path);
	if (write_history(history_path) == 0)
		(void)chmod(history_path, 0600);
	umask(old);
	free(history_path);
	history_path = NULL;
}

static void
on_line(char *line)
{
	got_line = true;
	the_line = line;
	rl_callback_handler_remove();
}

enum input_event
input_line(const char *prompt, char **line)
{
	got_line = false;
	rl_callback_handler_install(prompt, on_line);
	while (!got_line) {
		if (stop_await(STDIN_FILENO) == -1) {
			stop_clear();
			rl_free_line_state();
			rl_callback_handler_remove();
			fputs("^C\n", stdout);
			fflush(stdout);
			return INPUT_INTERRUPT;
		}
		rl_callback_read_char();
	}
	*line = the_line;
	if (the_line != NULL)
		return INPUT_LINE;
	fputs("\n", stdout);
	return INPUT_END;
}

void
input_remember(const char *text)
{
	if (text[0] == '\0' || text[0] == ' ' || strstr(text, "acd_") != NULL ||
	    strcasestr(text, "password") != NULL)
		return;
	add_history(text);
}
