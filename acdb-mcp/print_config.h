/*
 * print_config.h - what to write into an agent's configuration.
 */
#ifndef PRINT_CONFIG_H
#define PRINT_CONFIG_H

#include "lib/cdefs.h"
#include "opts.h"

/* Print it for the client o->print_config; never a secret.  Returns what to
 * exit with. */
int	print_config(const struct opts *o) MUST_CHECK;

#endif
