/*
 * cdefs.h - compiler annotations, and nothing else.
 */
#ifndef CDEFS_H
#define CDEFS_H

/* A status that must be looked at. */
#define MUST_CHECK	__attribute__((warn_unused_result))
#define PRINTF(f, a)	__attribute__((format(printf, f, a)))
#define NORETURN	__attribute__((noreturn))
#define UNUSED		__attribute__((unused))
#define FALLTHROUGH	__attribute__((fallthrough))

#define NELEM(a)	(sizeof(a) / sizeof((a)[0]))

#endif
