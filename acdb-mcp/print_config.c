/*
 * print_config.c - see print_config.h.
 *
 * The key itself is not written: the local server finds it in the profile or
 * the key file named here, and for the remote one each client has its own
 * way to refer to a variable or to ask.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "lib/buf.h"
#include "lib/exitcode.h"
#include "lib/httpc.h"
#include "lib/json.h"
#include "lib/profile.h"
#include "print_config.h"

#define NAME		"agentic-coop-db"
#define KEY_ENV		"AGENTCOOPDB_API_KEY"
#define VARS_MAX	4
#define ARGS_MAX	4

struct config {
	char		*command;	/* our own path */
	const char	*url;
	const char	*env[VARS_MAX][2];
	int		 nenv;
	const char	*arg[ARGS_MAX];
	int		 narg;
	struct buf	 out;
};

static void
put(struct config *c, const char *text)
{
	buf_adds(&c->out, text);
}

static void
put_str(struct config *c, const char *text)
{
	json_put_cstr(&c->out, text);
}

/* NAME is VALUE of each, with sep between them. */
static void
put_env(struct config *c, const char *is, const char *sep)
{
	for (int i = 0; i < c->nenv; i++) {
		put(c, i > 0 ? sep : "");
		if (is[0] == ':')
			put_str(c, c->env[i][0]);
		else
			put(c, c->env[i][0]);
		put(c, is);
		put_str(c, c->env[i][1]);
	}
}

static void
put_args(struct config *c)
{
	put(c, "[");
	for (int i = 0; i < c->narg; i++) {
		put(c, i > 0 ? ", " : "");
		put_str(c, c->arg[i]);
	}
	put(c, "]");
}

/* As a word of a shell. */
static void
put_word(struct config *c, const char *word)
{
	if (word[0] != '\0' && word[strspn(word, "abcdefghijklmnopqrstuvwxyz"
	    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-+=:,./@%")] == '\0') {
		put(c, word);
		return;
	}
	put(c, "'");
	for (const char *p = word; *p != '\0'; p++)
		if (*p == '\'')
			put(c, "'\\''");
		else
			buf_addc(&c->out, *p);
	put(c, "'");
}

/* {"KEY": {"agentic-coop-db": {...}}} with command and environment. */
static void
put_local(struct config *c, const char *key, const char *type)
{
	put(c, "{\n  \"");
	put(c, key);
	put(c, "\": {\n    \"" NAME "\": {\n      ");
	put(c, type);
	put(c, "\"command\": ");
	put_str(c, c->command);
	put(c, ",\n      \"args\": ");
	put_args(c);
	put(c, ",\n      \"env\": {\n        ");
	put_env(c, ": ", ",\n        ");
	put(c, "\n      }\n    }\n  }\n}\n");
}

static void
put_remote(struct config *c, const char *key, const char *type,
    const char *url, const char *ref)
{
	put(c, "{\n  \"");
	put(c, key);
	put(c, "\": {\n    \"" NAME "\": {\n      ");
	put(c, type);
	put(c, "\"");
	put(c, url);
	put(c, "\": ");
	put_str(c, c->url);
	put(c, ",\n      \"headers\": { \"Authorization\": \"Bearer ");
	put(c, ref);
	put(c, "\" }\n    }\n  }");
}

static void
claude_code(struct config *c, bool remote)
{
	put(c, "claude mcp add ");
	if (remote) {
		put(c, "--transport http " NAME " ");
		put_word(c, c->url);
		put(c, " \\\n    --header 'Authorization: Bearer ${" KEY_ENV
		    "}'\n");
		return;
	}
	put(c, NAME);
	for (int i = 0; i < c->nenv; i++) {
		buf_addf(&c->out, " \\\n    -e %s=", c->env[i][0]);
		put_word(c, c->env[i][1]);
	}
	put(c, " \\\n    -- ");
	put_word(c, c->command);
	for (int i = 0; i < c->narg; i++) {
		put(c, " ");
		put_word(c, c->arg[i]);
	}
	put(c, "\n");
}

static void
claude_desktop(struct config *c, bool remote)
{
	if (remote)
		fputs("acdb-mcp: Claude Desktop takes remote servers with "
		    "OAuth alone: this is the local one\n", stderr);
	put_local(c, "mcpServers", "");
}

static void
cursor(struct config *c, bool remote)
{
	if (!remote) {
		put_local(c, "mcpServers", "");
		return;
	}
	put_remote(c, "mcpServers", "", "url", "${env:" KEY_ENV "}");
	put(c, "\n}\n");
}

static void
vscode(struct config *c, bool remote)
{
	if (!remote) {
		put_local(c, "servers", "\"type\": \"stdio\",\n      ");
		return;
	}
	put_remote(c, "servers", "\"type\": \"http\",\n      ", "url",
	    "${input:agentic-coop-db-key}");
	put(c, ",\n  \"inputs\": [\n    { \"type\": \"promptString\", \"id\": "
	    "\"agentic-coop-db-key\",\n      \"description\": \"API key\", "
	    "\"password\": true }\n  ]\n}\n");
}

static void
windsurf(struct config *c, bool remote)
{
	if (!remote) {
		put_local(c, "mcpServers", "");
		return;
	}
	put_remote(c, "mcpServers", "", "serverUrl", "${env:" KEY_ENV "}");
	put(c, "\n}\n");
}

/* Its settings know no variables: the key has to be put in. */
static void
jetbrains(struct config *c, bool remote)
{
	if (!remote) {
		put_local(c, "mcpServers", "");
		return;
	}
	put_remote(c, "mcpServers", "", "url", "acd_...");
	put(c, "\n}\n");
}

static void
codex(struct config *c, bool remote)
{
	put(c, "[mcp_servers." NAME "]\n");
	if (remote) {
		put(c, "url = ");
		put_str(c, c->url);
		put(c, "\nbearer_token_env_var = \"" KEY_ENV "\"\n");
		return;
	}
	put(c, "command = ");
	put_str(c, c->command);
	put(c, "\nargs = ");
	put_args(c);
	put(c, "\nenv = { ");
	put_env(c, " = ", ", ");
	put(c, " }\n");
}

static const struct {
	const char	*name;
	void	       (*put)(struct config *, bool remote);
	const char	*where;
} clients[] = {
	{ "claude-code", claude_code, "run this command" },
	{ "claude-desktop", claude_desktop, "claude_desktop_config.json "
	    "(Settings, Developer, Edit Config)" },
	{ "cursor", cursor, "~/.cursor/mcp.json or .cursor/mcp.json" },
	{ "vscode", vscode, ".vscode/mcp.json" },
	{ "windsurf", windsurf, "~/.codeium/windsurf/mcp_config.json" },
	{ "jetbrains", jetbrains, "Settings, Tools, AI Assistant, Model "
	    "Context Protocol (MCP), Add, As JSON" },
	{ "codex", codex, "~/.codex/config.toml" },
};

static void
add_env(struct config *c, const char *name, const char *value)
{
	if (value == NULL || value[0] == '\0' || c->nenv == VARS_MAX)
		return;
	c->env[c->nenv][0] = name;
	c->env[c->nenv++][1] = value;
}

/* What leads the local server to its gateway and key. */
static void
choose_env(struct config *c, const struct opts *o, const struct profile *p)
{
	const char *file = o->choice.key_file != NULL ? o->choice.key_file :
	    getenv("AGENTCOOPDB_API_KEY_FILE");

	if (p->name != NULL) {
		add_env(c, "AGENTCOOPDB_PROFILE", p->name);
		return;
	}
	add_env(c, "AGENTCOOPDB_GATEWAY_URL", p->url != NULL ? p->url :
	    "https://localhost:8443");
	if (file != NULL && file[0] == '/')
		add_env(c, "AGENTCOOPDB_API_KEY_FILE", file);
	else
		add_env(c, KEY_ENV, "acd_...");
	add_env(c, "AGENTCOOPDB_CA_FILE", p->ca_file);
}

/* What narrows it. */
static void
choose_args(struct config *c, const struct opts *o)
{
	if (o->read_only)
		c->arg[c->narg++] = "--read-only";
	if (o->insecure_http)
		c->arg[c->narg++] = "--insecure-http";
	if (o->tools != NULL) {
		c->arg[c->narg++] = "--tools";
		c->arg[c->narg++] = o->tools;
	}
}

static char *
own_path(const struct opts *o)
{
	char path[4096];
	ssize_t n = readlink("/proc/self/exe", path, sizeof(path) - 1);

	return n > 0 ? strndup(path, (size_t)n) : strdup(o->program);
}

int
print_config(const struct opts *o)
{
	struct config c = { .command = own_path(o) };
	struct profile p;
	struct buf why, url;
	size_t i = 0;

	while (i < NELEM(clients) &&
	    strcmp(clients[i].name, o->print_config) != 0)
		i++;
	if (i == NELEM(clients)) {
		fprintf(stderr, "acdb-mcp: no client is called \"%s\": "
		    "claude-code, claude-desktop, cursor, vscode, windsurf, "
		    "jetbrains, codex\n", o->print_config);
		free(c.command);
		return EXIT_USAGE;
	}
	buf_init(&why, PROFILE_WHY_MAX);
	buf_init(&url, 4096);
	buf_init(&c.out, 65536);
	if (profile_load(&p, &o->choice, &why) == -1) {
		fprintf(stderr, "acdb-mcp: %s\n", buf_cstr(&why));
		free(c.command);
		buf_fini(&why);
		return EXIT_CONFIG;
	}
	buf_addf(&url, "%s/v1/mcp", p.url != NULL ? p.url :
	    "https://localhost:8443");
	c.url = buf_cstr(&url);
	choose_env(&c, o, &p);
	choose_args(&c, o);
	clients[i].put(&c, o->remote);
	fprintf(stderr, "acdb-mcp: for %s: %s\n", clients[i].name,
	    clients[i].where);
	if (o->remote && p.ca_file != NULL)
		fprintf(stderr, "acdb-mcp: it has to trust %s itself (those "
		    "made with Node: NODE_EXTRA_CA_CERTS)\n", p.ca_file);
	fputs(buf_cstr(&c.out), stdout);
	profile_fini(&p);
	buf_fini(&why);
	buf_fini(&url);
	buf_fini(&c.out);
	free(c.command);
	return EXIT_OK;
}
