/*
 * Which answers leave open whether what was asked for has been done.
 */
#include "lib/httpc.h"
#include "tap.h"

int
main(void)
{
	static const struct { int status; bool json; const char *body;
	    bool doubtful, foreign; } t[] = {
		{ 200, true, "{\"title\":\"x\",\"tx\":\"unknown\"}",
		    false, false },
		{ 503, true, "{\"title\":\"database_unavailable\","
		    "\"tx\":\"unknown\"}",
		    true, false },
		{ 503, true, "{\"title\":\"database_unavailable\","
		    "\"tx\":\"rolled_back\"}",
		    false, false },
		{ 503, true, "{\"title\":\"database_unavailable\","
		    "\"tx\":\"committed\"}", true, false },
		{ 503, true, "{\"title\":\"too_many_connections\"}",
		    false, false },
		{ 500, true, "{\"title\":\"internal_error\"}", false, false },
		{ 409, true, "{\"title\":\"outcome_unknown\"}", true, false },
		{ 409, true, "{\"title\":\"conflict\",\"tx\":\"unknown\"}",
		    true, false },
		{ 409, true, "{\"title\":\"conflict\"}", false, false },
		/* Something in between. */
		{ 200, false, "<html>", true, true },
		{ 204, false, "", true, true },
		{ 302, false, "", false, true },
		{ 404, false, "<html>", false, true },
		{ 403, true, "{\"error\":\"denied\"}", false, true },
		{ 502, false, "<html>", true, true },
		{ 503, false, "", true, true },
		{ 503, true, "{\"error\":\"upstream\"}", true, true },
		{ 504, true, "[]", true, true },
		{ 504, true, "{\"title\"", true, true },
	};
	struct httpc_answer a;

	for (size_t i = 0; i < NELEM(t); i++) {
		httpc_answer_init(&a);
		a.status = t[i].status;
		a.json = t[i].json;
		buf_adds(&a.body, t[i].body);
		ok(httpc_answer_doubtful(&a) == t[i].doubtful, "%d %s",
		    t[i].status, t[i].body);
		ok(httpc_answer_foreign(&a) == t[i].foreign, "of whom: %d %s",
		    t[i].status, t[i].body);
		httpc_answer_fini(&a);
	}
	return done();
}
