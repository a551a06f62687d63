/*
 * httpc_answer.c - an answer's memory and what it leaves open, see httpc.h.
 * It must not know where answers come from.
 */
#include <string.h>

#include "httpc.h"
#include "json.h"

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

/* The document that every error of a gateway has; to be freed. */
static int
read_problem(const struct httpc_answer *a, struct json *j)
{
	size_t n;
	const char *text = buf_peek(&a->body, &n);

	if (!a->json || json_read(j, text, n, NULL) == -1)
		return -1;
	if (json_member(j, 0, "title") != 0)
		return 0;
	json_fini(j);
	return -1;
}

static bool
member_is(const struct json *j, const char *name, const char *text)
{
	uint32_t i = json_member(j, 0, name);

	return i != 0 && json_is(j, i, text);
}

bool
httpc_answer_foreign(const struct httpc_answer *a)
{
	struct json j;

	if (a->status < 300)
		return !a->json;
	if (read_problem(a, &j) == -1)
		return true;
	json_fini(&j);
	return false;
}

bool
httpc_answer_doubtful(const struct httpc_answer *a)
{
	struct json j;
	bool doubtful;

	if (httpc_answer_foreign(a))
		return a->status < 300 || a->status >= 500;
	if (a->status < 300 || read_problem(a, &j) == -1)
		return false;
	doubtful = member_is(&j, "tx", "unknown") ||
	    member_is(&j, "tx", "committed") ||
	    member_is(&j, "title", "outcome_unknown");
	json_fini(&j);
	return doubtful;
}
