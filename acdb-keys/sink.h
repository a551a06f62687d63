/*
 * sink.h - where a fresh token goes: to standard output, or into a file
 * that did not exist and that nobody else can read.
 */
#ifndef SINK_H
#define SINK_H

#include "lib/cdefs.h"

struct sink {
	int		 fd;
	const char	*path;		/* NULL: standard output */
};

/* Make the file before the key, so that no key is made in vain.  path NULL:
 * standard output.  Returns an exit code. */
int	sink_open(struct sink *s, const char *path) MUST_CHECK;

/* Write a line and see it to the disk.  Returns an exit code. */
int	sink_put(struct sink *s, const char *line) MUST_CHECK;

/* Close; a file is removed again unless kept. */
void	sink_close(struct sink *s, int keep);

#endif
