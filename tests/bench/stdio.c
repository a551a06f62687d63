/*
 * stdio.c - how long calls of a tool take over an MCP server on standard
 * input and output, one after the other, as an agent makes them.  Every
 * answer has to be a result without an error.
 */
#include <err.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "ask.h"
#include "fleet.h"

struct options {
	const char	*sql;
	char		**command;
	struct ask	 ask;
	struct fleet_time time;
};

struct server {
	FILE	*to, *from;
	pid_t	 pid;
	char	*line;
	size_t	 size;
};

static void
start(struct server *s, char **command)
{
	int to[2], from[2];

	if (pipe(to) == -1 || pipe(from) == -1 || (s->pid = fork()) == -1)
		err(1, "%s", command[0]);
	if (s->pid == 0) {
		dup2(to[0], STDIN_FILENO);
		dup2(from[1], STDOUT_FILENO);
		close(to[1]);
		close(from[0]);
		execvp(command[0], command);
		err(127, "%s", command[0]);
	}
	close(to[0]);
	close(from[1]);
	s->to = fdopen(to[1], "w");
	s->from = fdopen(from[0], "r");
	if (s->to == NULL || s->from == NULL)
		err(1, "%s", command[0]);
}

/* Send what has been written to s->to, and await the answer. */
static int
await(struct server *s)
{
	fputc('\n', s->to);
	if (fflush(s->to) != 0 || getline(&s->line, &s->size, s->from) <= 0) {
		warnx("the server has ended");
		return -1;
	}
	if (strstr(s->line, "\"result\"") == NULL ||
	    strstr(s->line, "\"isError\":true") != NULL) {
		warnx("answered: %.300s", s->line);
		return -1;
	}
	return 0;
}

static int
call(struct server *s, const struct options *o, uint32_t *seed)
{
	char value[ASK_MAX];

	ask_next(&o->ask, seed, value);
	fprintf(s->to, "{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":"
	    "\"tools/call\",\"params\":{\"name\":\"sql_query\","
	    "\"arguments\":{\"sql\":\"%s\",\"params\":[%s]}}}",
	    o->sql, value);
	return await(s);
}

static int
greet(struct server *s)
{
	fputs("{\"jsonrpc\":\"2.0\",\"id\":0,\"method\":\"initialize\","
	    "\"params\":{\"protocolVersion\":\"2025-11-25\","
	    "\"capabilities\":{},\"clientInfo\":{\"name\":\"bench\","
	    "\"version\":\"1\"}}}", s->to);
	return await(s);
}

static int
work(void *arg, unsigned index, struct fleet_result *res)
{
	struct options *o = arg;
	struct server s = { 0 };
	uint32_t seed = 1 + index;
	int64_t sent, now;

	start(&s, o->command);
	if (greet(&s) == -1 || call(&s, o, &seed) == -1)
		return -1;
	fleet_go(res, &o->time);
	res->cpu_s = -fleet_cpu();
	do {
		sent = hist_now();
		if (call(&s, o, &seed) == -1)
			return -1;
		now = hist_now();
		res->calls++;
		if (sent >= o->time.from && now <= o->time.until)
			hist_record(&res->hist, now - sent);
	} while (fleet_more(&o->time, now, res->calls));
	res->cpu_s += fleet_cpu();
	fclose(s.to);
	fclose(s.from);
	free(s.line);
	waitpid(s.pid, NULL, 0);
	return 0;
}

static void
usage(FILE *out)
{
	fputs("usage: stdio [options] SQL COMMAND [ARGUMENT...]\n"
	    "  -k N          $1 is one of 1 .. N (10000)\n"
	    "  -t SECONDS    how long to measure (2)\n"
	    "  -W SECONDS    warm-up before it (0.3)\n", out);
}

int
main(int argc, char **argv)
{
	struct options o = { .ask.key_max = 10000,
	    .time = { .warmup_s = .3, .measure_s = 2 } };
	int ch;

	while ((ch = getopt(argc, argv, "+k:t:W:h")) != -1) {
		switch (ch) {
		case 'k': o.ask.key_max = (unsigned)strtoul(optarg, NULL, 10);
			break;
		case 't': o.time.measure_s = strtod(optarg, NULL); break;
		case 'W': o.time.warmup_s = strtod(optarg, NULL); break;
		case 'h': usage(stdout); return 0;
		default: usage(stderr); return 64;
		}
	}
	if (argc - optind < 2) {
		usage(stderr);
		return 64;
	}
	o.sql = argv[optind];
	o.command = argv + optind + 1;
	if (fleet_run(1, work, &o) != 0)
		return 1;
	fleet_report(&o.time);
	return 0;
}
