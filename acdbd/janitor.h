/*
 * janitor.h - what is tidied up now and then: idempotency records past their
 * time, and when keys were last used.
 */
#ifndef JANITOR_H
#define JANITOR_H

#include "lib/cdefs.h"

struct worker;
struct janitor;

struct janitor *janitor_new(struct worker *w) MUST_CHECK;
void	 janitor_free(struct janitor *j);

#endif
