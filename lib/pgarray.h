/*
 * pgarray.h - a one-dimensional PostgreSQL array in binary form, grown
 * element by element, for parameters of many rows.
 */
#ifndef PGARRAY_H
#define PGARRAY_H

#include <stdint.h>

#include "buf.h"

/* Element types by their oid. */
enum {
	PGARRAY_BYTEA = 17,
	PGARRAY_INT8 = 20,
	PGARRAY_INT4 = 23,
	PGARRAY_TEXT = 25,
	PGARRAY_UUID = 2950,
};

struct pgarray {
	struct buf	b;
	uint32_t	type;
	uint32_t	n;
	uint32_t	nulls;
};

/* At most max bytes in all. */
void	 pgarray_init(struct pgarray *a, uint32_t type, size_t max);
void	 pgarray_fini(struct pgarray *a);
void	 pgarray_clear(struct pgarray *a);
size_t	 pgarray_room(const struct pgarray *a);

/* Append an element in its binary form; p NULL is NULL. */
void	 pgarray_add(struct pgarray *a, const void *p, size_t n);
void	 pgarray_adds(struct pgarray *a, const char *s);
void	 pgarray_int8(struct pgarray *a, int64_t v);
void	 pgarray_int4(struct pgarray *a, int32_t v);

/* The whole array, good until the next call. */
const char *pgarray_bytes(struct pgarray *a, int *n);

#endif
