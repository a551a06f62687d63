/*
 * stop.h - Ctrl-C: whoever waits is woken, and the program dies of SIGINT in
 * the end, so that a shell above it sees what happened.
 */
#ifndef STOP_H
#define STOP_H

#include <stdbool.h>
#include <stdint.h>

#include "lib/cdefs.h"

/* Also lets SIGPIPE end the program.  Returns 0; or -1 with errno. */
int	stop_init(void) MUST_CHECK;

/* Readable once SIGINT has come. */
int	stop_fd(void);
bool	stop_wanted(void);

/* Forget it (a prompt goes on). */
void	stop_clear(void);

/* Sleep.  Returns 0; or -1 as soon as SIGINT has come. */
int	stop_sleep(int64_t ms) MUST_CHECK;

/* Wait until fd can be read.  Returns as stop_sleep(). */
int	stop_await(int fd) MUST_CHECK;

/* End by the signal itself (130 and 141 to a shell). */
void	stop_die(int sig) NORETURN;

#endif
