/*
 * forwarded.c - see forwarded.h.  Pure.
 *
 * Every proxy appends to X-Forwarded-For whom it heard from, so the list is
 * believed from its end, for as long as who wrote it is trusted.  The front
 * is whatever the client liked to send.
 */
#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

#include "addr.h"
#include "forwarded.h"

struct ip {
	struct sockaddr_storage	sa;
	char			text[INET6_ADDRSTRLEN];
};

/* "192.0.2.1", "192.0.2.1:80", "2001:db8::1", "[2001:db8::1]:80".  Returns 0,
 * or -1 where it is no address. */
static int
ip_parse(struct ip *ip, struct slice s)
{
	struct sockaddr_in *in = (struct sockaddr_in *)&ip->sa;
	struct sockaddr_in6 *in6 = (struct sockaddr_in6 *)&ip->sa;
	char text[INET6_ADDRSTRLEN + 8], *p = text, *end;

	while (s.n > 0 && (s.p[0] == ' ' || s.p[0] == '\t')) {
		s.p++;
		s.n--;
	}
	while (s.n > 0 && (s.p[s.n - 1] == ' ' || s.p[s.n - 1] == '\t'))
		s.n--;
	if (s.n == 0 || s.n >= sizeof(text))
		return -1;
	memcpy(text, s.p, s.n);
	text[s.n] = '\0';
	if (text[0] == '[') {
		p++;
		if ((end = strchr(p, ']')) == NULL)
			return -1;
		*end = '\0';
	} else if ((end = strchr(p, ':')) != NULL && strchr(p, '.') != NULL &&
	    strchr(end + 1, ':') == NULL)
		*end = '\0';
	memset(&ip->sa, 0, sizeof(ip->sa));
	if (inet_pton(AF_INET, p, &in->sin_addr) == 1)
		in->sin_family = AF_INET;
	else if (inet_pton(AF_INET6, p, &in6->sin6_addr) == 1)
		in6->sin6_family = AF_INET6;
	else
		return -1;
	addr_ip_text((struct sockaddr *)&ip->sa, ip->text);
	return 0;
}

/* Whether the proxy at ip is trusted.  A list that cannot be read trusts
 * nobody (conf.c refuses such at the start). */
static bool
trusted(const char *networks, const struct ip *ip)
{
	struct addr_net net;

	while (addr_next_net(&networks, &net) == 1)
		if (addr_within(&net, (const struct sockaddr *)&ip->sa))
			return true;
	return false;
}

/* Take the last element off the list. */
static struct slice
last(struct slice *list)
{
	struct slice s = *list;

	while (s.n > 0 && s.p[s.n - 1] != ',')
		s.n--;
	s.p += s.n;
	s.n = list->n - s.n;
	list->n -= s.n + (s.n < list->n);
	return s;
}

/* Go back through all X-Forwarded-For lines, which are one list.  Returns
 * whether there was any address. */
static bool
through_list(const char *networks, const struct http_head *h,
    char out[INET6_ADDRSTRLEN])
{
	struct slice list;
	struct ip ip;
	bool any = false;

	for (size_t i = h->nheader; i-- > 0;) {
		if (!slice_is_nocase(h->header[i].name, "X-Forwarded-For"))
			continue;
		list = h->header[i].value;
		while (list.n > 0) {
			if (ip_parse(&ip, last(&list)) == -1)
				return any;
			snprintf(out, INET6_ADDRSTRLEN, "%s", ip.text);
			any = true;
			if (!trusted(networks, &ip))
				return true;
		}
	}
	return any;
}

void
forwarded_peer(const struct conf *c, const struct http_head *h,
    const char *peer, char out[INET6_ADDRSTRLEN])
{
	const struct slice *real;
	struct ip ip;

	snprintf(out, INET6_ADDRSTRLEN, "%s", peer);
	if (c->trust_proxy == NULL)
		return;
	if (c->trust_proxy[0] != '\0' && peer[0] != '\0' &&
	    (ip_parse(&ip, (struct slice){ peer, strlen(peer) }) == -1 ||
	    !trusted(c->trust_proxy, &ip)))
		return;
	if (through_list(c->trust_proxy, h, out))
		return;
	if ((real = http_header(h, "X-Real-Ip")) != NULL &&
	    !http_header_repeated(h, "X-Real-Ip") && ip_parse(&ip, *real) == 0)
		snprintf(out, INET6_ADDRSTRLEN, "%s", ip.text);
}
