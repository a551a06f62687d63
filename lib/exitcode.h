/*
 * exitcode.h - the exit codes of all five programs, close to psql's.
 */
#ifndef EXITCODE_H
#define EXITCODE_H

enum {
	EXIT_OK		 = 0,
	EXIT_LOCAL	 = 1,	/* a file, memory, I/O */
	EXIT_UNREACHABLE = 2,	/* no gateway or no database */
	EXIT_REFUSED	 = 3,	/* the SQL or the server said no */
	EXIT_AUTH	 = 4,
	EXIT_UNKNOWN	 = 5,	/* a write may or may not have happened */
	EXIT_THROTTLED	 = 6,	/* throttled or overloaded after retries */
	EXIT_CHECK	 = 7,	/* verify, status --check, lint, doctor */
	EXIT_USAGE	 = 64,
	EXIT_CONFIG	 = 78,
};

#endif
