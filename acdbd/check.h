/*
 * check.h - acdbd --check: would it start, and would it serve?
 */
#ifndef CHECK_H
#define CHECK_H

#include <stdbool.h>

#include "conf.h"
#include "lib/cdefs.h"

/* Print a line for each thing looked at (the settings have been read); the
 * database only where it is not one of acdbd's own.  Returns EXIT_OK, or the
 * code of the first thing that is wrong. */
int	check_run(const struct conf *c, bool embedded) MUST_CHECK;

#endif
