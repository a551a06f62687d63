/*
 * streams.h - the three descriptors that every program is started with.
 */
#ifndef STREAMS_H
#define STREAMS_H

/* Where one of 0, 1 and 2 is closed, put something there that cannot be read
 * or written as it would be: reading and writing fail then (EBADF) as they did
 * before, and no file or connection that is opened later takes its place and
 * with it what is meant for standard output or standard error.  To be called
 * first; opens nothing where all three are open. */
void	 streams_hold(void);

#endif
