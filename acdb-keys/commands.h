/*
 * commands.h - the subcommands of acdb-keys, each in the file of its name.
 * cmd.h says what they take and return.
 */
#ifndef COMMANDS_H
#define COMMANDS_H

struct cmd;

int	mint_main(const struct cmd *, int argc, char **argv);
int	list_main(const struct cmd *, int argc, char **argv);
int	show_main(const struct cmd *, int argc, char **argv);
int	revoke_main(const struct cmd *, int argc, char **argv);
int	rotate_main(const struct cmd *, int argc, char **argv);
int	workspace_main(const struct cmd *, int argc, char **argv);
int	audit_main(const struct cmd *, int argc, char **argv);

#endif
