/*
 * version.c - see version.h.  The Makefile defines the two names.
 */
#include "version.h"

#ifndef ACDB_VERSION
#define ACDB_VERSION "0"
#define ACDB_COMMIT "unknown"
#endif
#ifndef ACDB_BUILD_DATE
#define ACDB_BUILD_DATE "unknown"
#endif

const char version_number[] = ACDB_VERSION;
const char version_commit[] = ACDB_COMMIT;
const char version_build_date[] = ACDB_BUILD_DATE;
