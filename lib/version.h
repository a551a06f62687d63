/*
 * version.h - what was built, when, from what.
 */
#ifndef VERSION_H
#define VERSION_H

extern const char version_number[];	/* "0.4.0" */
extern const char version_commit[];	/* short hash, or "unknown" */
extern const char version_build_date[];	/* ISO 8601, UTC */

#endif
