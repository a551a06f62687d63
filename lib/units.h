/*
 * units.h - durations, sizes and booleans as operators write them.
 */
#ifndef UNITS_H
#define UNITS_H

#include <stdbool.h>
#include <stdint.h>

#include "cdefs.h"

/* "500ms", "5s", "1m30s", "24h", "90d"; a bare number is refused, except 0.
 * Milliseconds.  Returns 0, or -1. */
int	units_duration(const char *s, int64_t *ms) MUST_CHECK;

/* "1048576", "1MiB", "256KiB", "1GiB", also kB, MB, GB (powers of 1000).
 * Bytes.  Returns 0, or -1. */
int	units_size(const char *s, int64_t *bytes) MUST_CHECK;

/* 1/0, t/f, true/false in any case.  Returns 0, or -1. */
int	units_bool(const char *s, bool *b) MUST_CHECK;

/* A whole number within [min, max], digits only.  Returns 0, or -1. */
int	units_int(const char *s, int64_t min, int64_t max, int64_t *out)
	    MUST_CHECK;

/* A decimal number >= 0, finite.  Returns 0, or -1. */
int	units_number(const char *s, double *out) MUST_CHECK;

#endif
