/*
 * conn_account.c - what is kept of a request once it is answered: its line
 * in the log and its place in the metrics.  Never what was asked.
 */
#include <stdio.h>

#include "board.h"
#include "conn_state.h"
#include "lib/log.h"
#include "route.h"

static void
put_line(const struct req *r, int status, int64_t us, size_t sent)
{
	static const char *const methods[] = { "GET", "HEAD", "POST", "PUT",
	    "DELETE", "PATCH", "OPTIONS", "other" };
	char code[12], rows[24], ms[32], bytes[24];

	snprintf(code, sizeof(code), "%d", status);
	snprintf(rows, sizeof(rows), "%lld", (long long)r->rows);
	snprintf(ms, sizeof(ms), "%lld.%03lld", (long long)(us / 1000),
	    (long long)(us % 1000));
	snprintf(bytes, sizeof(bytes), "%zu", sent);
	log_info("request", "id", r->id, "method", methods[r->head.method],
	    "route", route_pattern(route_index(r->route)), "status", code,
	    "key", r->who.known ? r->who.key_id : NULL,
	    "role", r->who.known ? r->who.role : NULL,
	    "command", r->command[0] != '\0' ? r->command : NULL,
	    "trace", r->trace[0] != '\0' ? r->trace : NULL,
	    "rows", r->rows >= 0 ? rows : NULL, "ms", ms, "bytes", bytes,
	    NULL);
}

void
conn_account(const struct conn *c, int status)
{
	const struct req *r = &c->x->req;
	int64_t us = loop_now_us() - r->started_us;

	board_request(c->w->board, route_index(r->route), r->head.method,
	    status, us);
	if (log_get_level() >= LOG_INFO)
		put_line(r, status, us, c->x->sent);
}
