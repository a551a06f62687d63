/*
 * decimal.h - exact questions about numbers as JSON writes them, of any
 * length and exponent; never a double.
 */
#ifndef DECIMAL_H
#define DECIMAL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "cdefs.h"

#define DECIMAL_DIVISOR	18	/* digits of a divisor, at most */

/* 0.d1d2d3... times ten to the power of point, the first and the last digit
 * not being zero; zero has no digits. */
struct decimal {
	bool		 negative;
	const char	*p;		/* d1, borrowed from the text */
	size_t		 span;		/* bytes from d1 to the last digit, a
					 * point among them perhaps */
	size_t		 n;		/* digits */
	int64_t		 point;
};

/* The n bytes are a JSON number (json_is_number()); borrows them. */
struct decimal decimal_read(const char *text, size_t n);

/* Less than 0, 0, more than 0: as a is less than, equal to, more than b. */
int	 decimal_compare(const struct decimal *a, const struct decimal *b);

bool	 decimal_is_integer(const struct decimal *d);

/* Whether a divided by b, which is not zero and has at most DECIMAL_DIVISOR
 * digits, is an integer. */
bool	 decimal_is_multiple(const struct decimal *a, const struct decimal *b);

/* Equal numbers have equal hashes. */
uint64_t decimal_hash(const struct decimal *d);

#endif
