/*
 * log.h - one line an event, to standard error, by one write.
 *
 * Workers share the pipe; a line of at most LOG_LINE_MAX bytes written at
 * once is not torn (pipe(7): PIPE_BUF).  Rotation belongs to whoever reads
 * the pipe.  Never SQL text, parameters or secrets at level info or above
 * it.
 *
 * An event is a fixed message and name=value fields, so that lines can be
 * searched by machines: log_info("listening", "addr", "127.0.0.1:8080",
 * NULL).  In format json each field becomes a member; in format text the
 * line reads "acdbd[2]: info: listening addr=127.0.0.1:8080".
 */
#ifndef LOG_H
#define LOG_H

#include "buf.h"
#include "cdefs.h"

#define LOG_LINE_MAX	4096

enum log_level { LOG_ERROR, LOG_WARN, LOG_INFO, LOG_DEBUG };
enum log_format { LOG_TEXT, LOG_JSON };

/* Say who is speaking ("acdbd", "acdbd[2]").  keeps a borrow of name. */
void	log_init(const char *name, enum log_level level,
	    enum log_format format);
void	log_set_level(enum log_level level);
enum log_level log_get_level(void);

/* Parse "error", "warn", "info", "debug".  Returns 0, or -1. */
int	log_parse_level(const char *s, enum log_level *level) MUST_CHECK;

/* The fields are pairs of const char *, ended by NULL.  A NULL value leaves
 * its field out.  errno is kept. */
void	log_error(const char *msg, ...) __attribute__((sentinel));
void	log_warn(const char *msg, ...) __attribute__((sentinel));
void	log_info(const char *msg, ...) __attribute__((sentinel));
void	log_debug(const char *msg, ...) __attribute__((sentinel));

/* As log_error, with the field error=strerror(errno). */
void	log_errno(const char *msg, ...) __attribute__((sentinel));

/* Lines of level info and below may wait until log_flush(), many to a write:
 * a loop turns this on and flushes once a turn.  A line of a higher level
 * brings what waits along. */
void	log_hold(void);
void	log_flush(void);

/* For start-up and command-line tools: "name: text" on standard error,
 * then exit with the code.  Never used once the loop runs. */
void	die(int code, const char *fmt, ...) NORETURN PRINTF(2, 3);

#endif
