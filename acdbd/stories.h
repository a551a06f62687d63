/*
 * stories.h - the stories that routes lead to, and where each is told.
 */
#ifndef STORIES_H
#define STORIES_H

#include "story.h"

extern const struct story story_healthz;	/* health.c */
extern const struct story story_readyz;		/* health.c */
extern const struct story story_metrics;	/* health.c */
extern const struct story story_options;	/* health.c */

extern const struct story story_execute;	/* execute.c */
extern const struct story story_batch;		/* execute.c */
extern const struct story story_me;		/* keysapi.c */
extern const struct story story_mint;		/* keysapi.c */
extern const struct story story_rotate;		/* keysapi.c */
extern const struct story story_keys;		/* keyslist.c */
extern const struct story story_revoke;		/* keyslist.c */
extern const struct story story_audit;		/* auditapi.c */
extern const struct story story_mcp;		/* mcp.c */
extern const struct story story_rpc_call;	/* rpc_call.c */
extern const struct story story_rpc_list;	/* rpc_api.c */
extern const struct story story_rpc_get;	/* rpc_api.c */
extern const struct story story_rpc_put;	/* rpc_put.c */
extern const struct story story_rpc_delete;	/* rpc_put.c */
extern const struct story story_schema;		/* schema.c */

#endif
