/*
 * doctor.h - what stands between here and an answer.
 */
#ifndef DOCTOR_H
#define DOCTOR_H

#include "opts.h"

/* Check configuration, reach, TLS, the gateway and the key, a line each on
 * standard output.  Returns EXIT_OK; or EXIT_CHECK at the first that fails,
 * for what comes behind it cannot be checked. */
int	doctor(const struct opts *o);

#endif
