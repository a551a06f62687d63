/*
 * repl.h - the session at a terminal.
 */
#ifndef REPL_H
#define REPL_H

#include "shell.h"

/* Prompt, read, run, until the end of input or \q.  name is what the prompt
 * begins with. */
void	repl(struct shell *sh, const char *name);

#endif
