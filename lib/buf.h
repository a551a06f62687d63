/*
 * buf.h - a growable byte buffer that refuses to grow past its limit.
 *
 * Bytes are appended at the tail and consumed from the head.  A pointer
 * obtained from buf_peek() or buf_reserve() is good until the next call
 * on the same buffer, and no longer.
 *
 * A refused append (limit or memory) leaves the buffer as it was and marks
 * it failed; a writer of many small pieces may ignore the single results
 * and ask buf_failed() once at the end.
 */
#ifndef BUF_H
#define BUF_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>

#include "cdefs.h"

struct buf {
	char	*p;		/* owned; NULL until the first byte */
	size_t	 head;		/* offset of the first unconsumed byte */
	size_t	 tail;		/* offset behind the last byte */
	size_t	 cap;
	size_t	 max;		/* most unconsumed bytes it may hold */
	bool	 failed;
};

/* An empty buffer that will hold at most max bytes.  Allocates nothing. */
void	 buf_init(struct buf *b, size_t max);

/* Free the memory; the buffer may be used again as if just initialised. */
void	 buf_fini(struct buf *b);

/* Wipe the memory, then buf_fini().  For secrets. */
void	 buf_wipe(struct buf *b);

/* Forget the content and the failed mark, keep the memory. */
void	 buf_clear(struct buf *b);

/* Append.  Return 0, or -1 with errno EMSGSIZE (limit) or ENOMEM. */
int	 buf_add(struct buf *b, const void *p, size_t n);
int	 buf_adds(struct buf *b, const char *s);
int	 buf_addc(struct buf *b, char c);
int	 buf_addf(struct buf *b, const char *fmt, ...) PRINTF(2, 3);
int	 buf_addv(struct buf *b, const char *fmt, va_list ap) PRINTF(2, 0);

/* Room for n bytes at the tail, to be filled by the caller and made part
 * of the content by buf_commit(used), used <= n.  NULL as buf_add() fails. */
char	*buf_reserve(struct buf *b, size_t n) MUST_CHECK;
void	 buf_commit(struct buf *b, size_t used);

size_t	 buf_len(const struct buf *b);

/* How many bytes may still be added. */
size_t	 buf_room(const struct buf *b);

/* The unconsumed bytes; *n may be NULL.  Never NULL, even when empty. */
const char *buf_peek(const struct buf *b, size_t *n);

/* The content as a C string: a NUL stands behind it, not part of it.
 * NULL only when memory is out. */
const char *buf_cstr(struct buf *b);

/* Drop n bytes from the head; n <= buf_len(). */
void	 buf_consume(struct buf *b, size_t n);

/* Cut the content back to n bytes; n <= buf_len(). */
void	 buf_truncate(struct buf *b, size_t n);

/* Hand the bytes over, NUL-terminated, to the caller, who must free() them.
 * b becomes empty.  NULL when memory is out. */
char	*buf_take(struct buf *b, size_t *n) MUST_CHECK;

/* Whether any append since the last buf_clear() was refused. */
bool	 buf_failed(const struct buf *b);

#endif
