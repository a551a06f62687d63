/*
 * addr.h - addresses and networks as operators write them.  Pure: resolves
 * no name and opens no socket.
 */
#ifndef ADDR_H
#define ADDR_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "lib/cdefs.h"

#define ADDR_HOST_MAX	253		/* RFC 1035 2.3.4, without the root */
#define ADDR_TEXT	(ADDR_HOST_MAX + 10)	/* "[host]:65535" and a NUL */

struct addr {
	char	host[ADDR_HOST_MAX + 1];	/* "": every address */
	char	port[6];			/* digits; "0": any free one */
};

struct addr_net {
	uint8_t		ip[16];		/* IPv4 as ::ffff:a.b.c.d */
	unsigned	bits;		/* 0 .. 128, of that form */
};

/* Take the next "host:port", "[v6]:port" or ":port" off the
 * comma-separated *list (blanks around it are skipped).  Returns 1; 0 when
 * the list is at its end; -1 where it is malformed. */
int	addr_next(const char **list, struct addr *a) MUST_CHECK;

/* The same for networks: "10.0.0.0/8", "fd00::/8", "192.0.2.7".  Bits
 * behind the prefix must be zero. */
int	addr_next_net(const char **list, struct addr_net *n) MUST_CHECK;

/* Whether the socket address lies within the network. */
bool	addr_within(const struct addr_net *n, const struct sockaddr *sa);

/* 127.0.0.0/8, ::1, and what needs no network at all (AF_UNIX). */
bool	addr_is_loopback(const struct sockaddr *sa);

/* The address in the form that all comparisons use: IPv4 as
 * ::ffff:a.b.c.d; all zero where it is neither. */
void	addr_ip(const struct sockaddr *sa, uint8_t ip[16]);

/* "127.0.0.1:8080", "[::1]:8080"; of AF_UNIX its path; IPv4 inside IPv6 as
 * plain IPv4.  addr_ip_text() leaves the port and the brackets out. */
void	addr_text(const struct sockaddr *sa, char out[ADDR_TEXT]);
void	addr_ip_text(const struct sockaddr *sa, char out[INET6_ADDRSTRLEN]);

#endif
