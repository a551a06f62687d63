/*
 * throttle.h - who asks too much must wait.
 */
#ifndef THROTTLE_H
#define THROTTLE_H

#include "story.h"

/* The step "throttle": takes one call from the key's bucket; refuses with
 * 429 when that is empty, and while too much of what was asked before lies
 * unread (unread.h). */
enum verdict step_throttle(struct req *r);

#endif
