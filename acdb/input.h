/*
 * input.h - lines typed at a terminal, with editing and a history.
 */
#ifndef INPUT_H
#define INPUT_H

#include "lib/cdefs.h"

/* Read the history of $XDG_STATE_HOME/acdb/history, if there is one. */
void	input_init(void);

/* Write the history back, 0600. */
void	input_fini(void);

enum input_event { INPUT_LINE, INPUT_END, INPUT_INTERRUPT };

/* Prompt and wait for a line, which is to be freed (INPUT_LINE only). */
enum input_event input_line(const char *prompt, char **line) MUST_CHECK;

/* Remember what was typed, unless it holds what looks like a secret or
 * begins with a blank. */
void	input_remember(const char *text);

#endif
