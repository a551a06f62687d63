/*
 * httpc_answer.c - an answer's memory, see httpc.h.  It must not know where
 * answers come from.
 */
#include <string.h>

#include "httpc.h"

void
httpc_answer_init(struct httpc_answer *a)
{
	memset(a, 0, sizeof(*a));
	buf_init(&a->body, HTTPC_ANSWER_MAX);
	buf_init(&a->why, HTTPC_WHY_MAX);
}

void
httpc_answer_fini(struct httpc_answer *a)
{
	buf_fini(&a->body);
	buf_fini(&a->why);
}

void
httpc_answer_clear(struct httpc_answer *a, size_t max)
{
	buf_clear(&a->body);
	a->body.max = max;
	buf_clear(&a->why);
	a->sent = a->replayed = a->json = false;
	a->status = 0;
	a->retry_after = -1;
	a->request_id[0] = '\0';
}
