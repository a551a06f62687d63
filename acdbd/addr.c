/*
 * addr.c - see addr.h.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>

#include "addr.h"
#include "lib/units.h"

#define NET_TEXT	64		/* longest network as text and a NUL */

/* Cut the next element off the list, without the blanks around it.
 * Returns its length; 0 where it is empty.  *list moves behind its comma. */
static size_t
next_element(const char **list, const char **start)
{
	const char *p = *list + strspn(*list, " \t");
	size_t n = strcspn(p, ",");

	*start = p;
	*list = p[n] == ',' ? p + n + 1 : p + n;
	while (n > 0 && (p[n - 1] == ' ' || p[n - 1] == '\t'))
		n--;
	return n;
}

static bool
at_end(const char *list)
{
	return list[strspn(list, " \t")] == '\0';
}

/* A name or an IPv4 address, or what stands in the brackets. */
static bool
host_is_sane(const char *host, bool bracketed)
{
	struct in6_addr in6;

	if (bracketed)
		return inet_pton(AF_INET6, host, &in6) == 1;
	return host[strspn(host, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_")] == '\0';
}

/* Split "host:port", "[v6]:port" or ":port" of n characters. */
static int
split(const char *p, size_t n, struct addr *a)
{
	const char *colon = memrchr(p, ':', n);
	bool bracketed = n > 0 && p[0] == '[';
	size_t host_len, port_len;
	int64_t port;

	if (colon == NULL)
		return -1;
	host_len = (size_t)(colon - p);
	port_len = n - host_len - 1;
	if (bracketed) {
		if (host_len < 2 || p[host_len - 1] != ']')
			return -1;
		p++;
		host_len -= 2;
	}
	if (host_len > ADDR_HOST_MAX || port_len == 0 ||
	    port_len >= sizeof(a->port))
		return -1;
	memcpy(a->host, p, host_len);
	a->host[host_len] = '\0';
	memcpy(a->port, colon + 1, port_len);
	a->port[port_len] = '\0';
	if (units_int(a->port, 0, 65535, &port) == -1 ||
	    !host_is_sane(a->host, bracketed))
		return -1;
	return 0;
}

int
addr_next(const char **list, struct addr *a)
{
	const char *p;
	size_t n;

	if (at_end(*list))
		return 0;
	n = next_element(list, &p);
	return split(p, n, a) == -1 ? -1 : 1;
}

static bool
bits_behind_are_zero(const struct addr_net *n)
{
	for (unsigned i = n->bits; i < 128; i++)
		if ((n->ip[i / 8] & (0x80 >> i % 8)) != 0)
			return false;
	return true;
}

static const uint8_t v4_prefix[12] = { 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff,
    0xff };

int
addr_next_net(const char **list, struct addr_net *net)
{
	char text[NET_TEXT], *slash;
	const char *p;
	unsigned width;
	int64_t bits;
	size_t n;

	if (at_end(*list))
		return 0;
	n = next_element(list, &p);
	if (n == 0 || n >= sizeof(text))
		return -1;
	memcpy(text, p, n);
	text[n] = '\0';
	if ((slash = strchr(text, '/')) != NULL)
		*slash++ = '\0';
	if (inet_pton(AF_INET6, text, net->ip) == 1)
		width = 128;
	else if (inet_pton(AF_INET, text, net->ip + 12) == 1) {
		memcpy(net->ip, v4_prefix, sizeof(v4_prefix));
		width = 32;
	} else
		return -1;
	bits = width;
	if (slash != NULL && units_int(slash, 0, width, &bits) == -1)
		return -1;
	net->bits = 128 - width + (unsigned)bits;
	return bits_behind_are_zero(net) ? 1 : -1;
}

void
addr_ip(const struct sockaddr *sa, uint8_t ip[16])
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	memset(ip, 0, 16);
	if (sa->sa_family == AF_INET) {
		memcpy(&in, sa, sizeof(in));
		memcpy(ip, v4_prefix, sizeof(v4_prefix));
		memcpy(ip + 12, &in.sin_addr, 4);
	} else if (sa->sa_family == AF_INET6) {
		memcpy(&in6, sa, sizeof(in6));
		memcpy(ip, &in6.sin6_addr, 16);
	}
}

bool
addr_within(const struct addr_net *n, const struct sockaddr *sa)
{
	uint8_t ip[16];

	if (sa->sa_family != AF_INET && sa->sa_family != AF_INET6)
		return false;
	addr_ip(sa, ip);
	for (unsigned i = 0; i < n->bits; i++)
		if (((n->ip[i / 8] ^ ip[i / 8]) & (0x80 >> i % 8)) != 0)
			return false;
	return true;
}

bool
addr_is_loopback(const struct sockaddr *sa)
{
	static const uint8_t v6_loopback[16] = { [15] = 1 };
	uint8_t ip[16];

	if (sa->sa_family == AF_UNIX)
		return true;
	if (sa->sa_family != AF_INET && sa->sa_family != AF_INET6)
		return false;
	addr_ip(sa, ip);
	if (memcmp(ip, v4_prefix, sizeof(v4_prefix)) == 0)
		return ip[12] == 127;
	return memcmp(ip, v6_loopback, 16) == 0;
}

void
addr_ip_text(const struct sockaddr *sa, char out[INET6_ADDRSTRLEN])
{
	uint8_t ip[16];

	out[0] = '\0';
	if (sa->sa_family != AF_INET && sa->sa_family != AF_INET6)
		return;
	addr_ip(sa, ip);
	if (memcmp(ip, v4_prefix, sizeof(v4_prefix)) == 0)
		inet_ntop(AF_INET, ip + 12, out, INET6_ADDRSTRLEN);
	else
		inet_ntop(AF_INET6, ip, out, INET6_ADDRSTRLEN);
}

void
addr_text(const struct sockaddr *sa, char out[ADDR_TEXT])
{
	char ip[INET6_ADDRSTRLEN];
	struct sockaddr_un un;
	struct sockaddr_in in;		/* the port lies where IPv6 has it */

	if (sa->sa_family == AF_UNIX) {
		memcpy(&un, sa, sizeof(un));
		snprintf(out, ADDR_TEXT, "%.*s", (int)sizeof(un.sun_path),
		    un.sun_path);
		return;
	}
	memcpy(&in, sa, sizeof(in));
	addr_ip_text(sa, ip);
	snprintf(out, ADDR_TEXT, strchr(ip, ':') ? "[%s]:%u" : "%s:%u", ip,
	    (unsigned)ntohs(in.sin_port));
}
