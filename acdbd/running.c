/*
 * running.c - see running.h.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl.h"
#include "lib/enc.h"
#include "lib/log.h"
#include "running.h"
#include "worker.h"

void
running_add(struct worker *w, struct running *c)
{
	c->next = w->running;
	c->prev = &w->running;
	if (c->next != NULL)
		c->next->prev = &c->next;
	w->running = c;
}

void
running_remove(struct running *c)
{
	if (c->prev == NULL)
		return;
	*c->prev = c->next;
	if (c->next != NULL)
		c->next->prev = c->prev;
	c->prev = NULL;
}

static bool
stop_here(struct worker *w, const uint8_t tag[RUNNING_TAG])
{
	for (struct running *c = w->running; c != NULL; c = c->next)
		if (memcmp(c->tag, tag, RUNNING_TAG) == 0) {
			c->stop(c->arg);
			return true;
		}
	return false;
}

static void
on_told(struct ctl_query *q, PGresult *res)
{
	if (res == NULL || PQresultStatus(res) != PGRES_COMMAND_OK)
		log_warn("a cancellation could not be passed on", NULL);
	free(q);
}

void
running_stop(struct worker *w, const uint8_t tag[RUNNING_TAG])
{
	char sql[64 + 2 * RUNNING_TAG], text[2 * RUNNING_TAG + 1];
	struct ctl_query *q;

	if (stop_here(w, tag))
		return;
	enc_hex(text, tag, RUNNING_TAG);
	snprintf(sql, sizeof(sql), "NOTIFY acdb_calls, '%s'", text);
	if ((q = calloc(1, sizeof(*q))) == NULL)
		return;
	q->done = on_told;
	if (ctl_ask(w->ctl, q, sql, 0, NULL) == -1)
		free(q);
}

void
running_heard(struct worker *w, const char *text)
{
	uint8_t tag[RUNNING_TAG];

	if (strlen(text) == 2 * RUNNING_TAG &&
	    enc_unhex(tag, text, RUNNING_TAG) == 0)
		(void)stop_here(w, tag);
}
