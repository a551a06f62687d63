/*
 * Which answers leave open whether what was asked for has been done.
 */
#include "lib/httpc.h"
#include "tap.h"

int
main(void)
{
	static const struct { int status; bool json; const char *body;
	    bool doubtful; } t[] = {
		{ 200, true, "{\"title\":\"x\",\"tx\":\"unknown\"}", false },
		{ 503, true, "{\"title\":\"database_unavailable\","
		    "\"tx\":\"unknown\"}", true },
		{ 503, true, "{\"title\":\"database_unavailable\","
		    "\"tx\":\"rolled_back\"}", false },
		{ 503, true, "{\"title\":\"too_many_connections\"}", false },
		{ 500, true, "{\"title\":\"internal_error\"}", false },
		{ 409, true, "{\"title\":\"outcome_unknown\"}", true },
		{ 409, true, "{\"title\":\"conflict\",\"tx\":\"unknown\"}",
		    true },
		{ 409, true, "{\"title\":\"conflict\"}", false },
		/* Something in between. */
		{ 404, false, "<html>", false },
		{ 403, true, "{\"error\":\"denied\"}", false },
		{ 502, false, "<html>", true },
		{ 503, false, "", true },
		{ 503, true, "{\"error\":\"upstream\"}", true },
		{ 504, true, "[]", true },
		{ 504, true, "{\"title\"", true },
	};
	struct httpc_answer a;

	for (size_t i = 0; i < NELEM(t); i++) {
		httpc_answer_init(&a);
		a.status = t[i].status;
		a.json = t[i].json;
		buf_adds(&a.body, t[i].body);
		ok(httpc_answer_doubtful(&a) == t[i].doubtful, "%d %s",
		    t[i].status, t[i].body);
		httpc_answer_fini(&a);
	}
	return done();
}
