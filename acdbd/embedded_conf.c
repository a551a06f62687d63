/*
 * embedded_conf.c - see embedded_conf.h.
 */
#include <inttypes.h>
#include <unistd.h>

#include "embedded_conf.h"
#include "embedded_make.h"
#include "lib/buf.h"
#include "lib/log.h"

/* Connections beside acdbd's own: a tool or two, maintenance. */
#define SPARE_CONNS	30

/*
 * Only our logins, only by password, only over the socket.  The data-plane
 * logins are named one by one, since a dbadmin may create login roles of
 * any name: a pattern such as acdb_dp_* would let in what it calls so.  A
 * login made later for a custom role is let in as a member of acdb_logins,
 * which a dbadmin cannot grant (it has no ADMIN on it); while no role has
 * that name the line matches nobody.
 */
static const char hba[] =
"# Written by acdbd at every start.\n"
"local " EMBEDDED_DATABASE " agentcoopdb_gateway scram-sha-256\n"
"local " EMBEDDED_DATABASE " acdb_dp_dbadmin,acdb_dp_dbuser,acdb_dp_dbreader"
" scram-sha-256\n"
"local " EMBEDDED_DATABASE " +acdb_logins scram-sha-256\n"
"local " EMBEDDED_DATABASE ",postgres " EMBEDDED_SUPER " scram-sha-256\n"
"local all all reject\n";

/*
 * What the log must not hold: SQL, parameters, values.  So only the
 * server's own messages are written, not the errors of statements.
 */
static const char settings[] =
"unix_socket_permissions = 0777\n"
"password_encryption = 'scram-sha-256'\n"
"max_prepared_transactions = 0\n"
"shared_preload_libraries = ''\n"
"shared_buffers = 128MB\n"
"jit = off\n"
"wal_level = minimal\n"
"max_wal_senders = 0\n"
"min_wal_size = 48MB\n"
"max_wal_size = 512MB\n"
"checkpoint_timeout = 15min\n"
"logging_collector = on\n"
"log_filename = 'postgresql-%a.log'\n"
"log_truncate_on_rotation = on\n"
"log_rotation_age = 1d\n"
"log_rotation_size = 0\n"
"log_file_mode = 0600\n"
"log_line_prefix = '%m [%p] %q%u@%d '\n"
"log_min_messages = log\n"
"log_min_error_statement = panic\n"
"log_statement = none\n"
"log_parameter_max_length = 0\n"
"log_parameter_max_length_on_error = 0\n"
"log_timezone = 'UTC'\n"
"timezone = 'UTC'\n"
"datestyle = 'ISO, YMD'\n"
"lc_messages = 'C'\n"
"default_text_search_config = 'pg_catalog.english'\n"
"cluster_name = 'agentcoopdb'\n"
"include_if_exists '../postgresql.local.conf'\n";

int
embedded_conf_write(const char *dir, const struct conf *c)
{
	struct buf b;
	int rc = -1;

	buf_init(&b, 16384);
	buf_adds(&b, "# Written by acdbd at every start: settings of your own "
	    "go to\n# postgresql.local.conf, beside the directory data.\n");
	/* dir holds no quote (embedded_make_dir()). */
	buf_addf(&b, "listen_addresses = ''\nport = %s\n"
	    "unix_socket_directories = '%s/run'\nlog_directory = '%s/log'\n"
	    "max_connections = %" PRId64 "\n"
	    "dynamic_shared_memory_type = %s\n", EMBEDDED_PORT, dir, dir,
	    (c->max_conns < 20 ? 20 : c->max_conns) + SPARE_CONNS,
	    eaccess("/dev/shm", W_OK | X_OK) == 0 ? "posix" : "sysv");
	buf_adds(&b, settings);
	if (!buf_failed(&b) && buf_cstr(&b) != NULL &&
	    embedded_make_file(dir, "data/postgresql.conf",
		buf_cstr(&b)) == 0 &&
	    embedded_make_file(dir, "data/pg_hba.conf", hba) == 0)
		rc = 0;
	buf_fini(&b);
	return rc;
}
