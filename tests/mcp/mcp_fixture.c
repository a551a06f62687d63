/*
 * mcp_fixture.c - the test server's main: mcp_fixture [PORT].
 */
#include <stdlib.h>

#include "fixture.h"
#include "lib/log.h"

int
main(int argc, char **argv)
{
	log_init("mcp_fixture", LOG_WARN, LOG_TEXT);
	return fixture_http_serve(argc > 1 ?
	    (int)strtol(argv[1], NULL, 10) : 0);
}
