/*
 * listen.h - the listening sockets: opened by the master before anything is
 * forked, or taken from systemd (sd_listen_fds(3), without its library).
 */
#ifndef LISTEN_H
#define LISTEN_H

#include <stdbool.h>
#include <stddef.h>

#include "addr.h"
#include "conf.h"
#include "lib/buf.h"
#include "lib/cdefs.h"

#define LISTEN_MAX	64

struct listener {
	int	fd;
	bool	metrics;	/* of AGENTCOOPDB_METRICS_ADDR */
	bool	tls;		/* metrics are always plaintext */
	char	text[ADDR_TEXT];
};

struct listeners {
	struct listener	v[LISTEN_MAX];
	size_t		n;
};

/* Open what c asks for.  Sockets handed over by systemd take the place of
 * AGENTCOOPDB_HTTP_ADDR; one whose name (FileDescriptorName=) is "metrics"
 * that of AGENTCOOPDB_METRICS_ADDR.  Returns EXIT_OK, or the exit code with
 * one line in err and nothing left open: EXIT_CONFIG for plaintext where it
 * is not allowed or an unknown host, EXIT_LOCAL where the system refuses. */
int	listen_open(struct listeners *l, const struct conf *c,
	    struct buf *err) MUST_CHECK;
void	listen_close(struct listeners *l);

/* Whether the address could be listened on by these settings, without doing
 * so: EXIT_OK or EXIT_CONFIG, as above. */
int	listen_check(const struct conf *c, struct buf *err) MUST_CHECK;

#endif
