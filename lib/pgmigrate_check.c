/*
 * pgmigrate_check.c - what forbids to migrate here, asked before anything is
 * touched.  Changes nothing.
 *
 * The roles are the whole cluster's, so that the product can live in one
 * database of it; and closing the database to PUBLIC must not lock somebody
 * out unasked.
 */
#include <stdlib.h>
#include <string.h>

#include "exitcode.h"
#include "pgmigrate_priv.h"

#define LIST_MAX	4096

#define OUR_ROLES "('acdb_owner', 'acdb_roleadmin', 'acdb_logins'," \
	" 'agentcoopdb_gateway'," \
	" 'dbadmin', 'dbuser', 'dbreader', 'acdb_dp_dbadmin'," \
	" 'acdb_dp_dbuser', 'acdb_dp_dbreader')"

/* A schema of our name that acdb_owner does not own was put there by
 * somebody else; as a superuser one does not even look into it. */
int
pgmigrate_check_ours(PGconn *c, struct pg_error *e)
{
	int rc;

	rc = pg_true(c, "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_namespace"
	    " WHERE nspname IN ('acdb', 'acdb_api', 'acdb_guard')"
	    " AND nspowner <> coalesce(pg_catalog.to_regrole('acdb_owner'),"
	    " 0::oid) AND nspowner NOT IN (SELECT oid FROM"
	    " pg_catalog.pg_roles WHERE rolsuper))", 0, NULL, e);
	if (rc == -1)
		return -1;
	if (rc == 1)
		return pg_error_set(e, EXIT_REFUSED, "a schema named acdb, "
		    "acdb_api or acdb_guard stands here that is not the "
		    "product's");
	return pg_true(c, "SELECT EXISTS (SELECT 1 FROM pg_catalog.pg_class t"
	    " JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace"
	    " WHERE n.nspname = 'acdb' AND t.relname = 'schema_migrations'"
	    " AND t.relkind = 'r')", 0, NULL, e);
}

int
pgmigrate_check_takeover_due(PGconn *c, struct pg_error *e)
{
	int rc;

	rc = pg_true(c, "SELECT count(*) = 2 FROM pg_catalog.pg_class t"
	    " JOIN pg_catalog.pg_namespace n ON n.oid = t.relnamespace"
	    " WHERE n.nspname = 'agentcoopdb' AND t.relkind = 'r'"
	    " AND t.relname IN ('workspaces', 'api_keys')", 0, NULL, e);
	if (rc != 1)
		return rc;
	rc = pg_true(c, "SELECT pg_catalog.to_regclass('acdb.settings')"
	    " IS NOT NULL", 0, NULL, e);
	if (rc != 1)
		return rc == 0 ? 1 : -1;
	rc = pg_true(c, "SELECT EXISTS (SELECT 1 FROM acdb.settings"
	    " WHERE name = 'taken_over')", 0, NULL, e);
	return rc == -1 ? -1 : !rc;
}

static int
check_encoding(PGconn *c, struct pg_error *e)
{
	int rc = pg_true(c, "SELECT pg_catalog.getdatabaseencoding() = 'UTF8'",
	    0, NULL, e);

	if (rc == 0)
		return pg_error_set(e, EXIT_REFUSED, "the database's encoding "
		    "is not UTF8: JSON and the context's MAC need it");
	return rc == -1 ? -1 : 0;
}

/* Roles of ours that another database has to do with, unless the cluster
 * already knows this one as the product's. */
static int
check_single(PGconn *c, struct pg_error *e)
{
	struct buf other;
	int rc;

	buf_init(&other, LIST_MAX);
	rc = pg_value(c, "SELECT string_agg(DISTINCT quote_ident(d.datname),"
	    " ', ') FROM pg_catalog.pg_shdepend s"
	    " JOIN pg_catalog.pg_database d ON d.oid = s.dbid"
	    " JOIN pg_catalog.pg_roles r ON r.oid = s.refobjid"
	    " WHERE s.refclassid = 'pg_catalog.pg_authid'::regclass"
	    " AND d.datname <> current_database()"
	    " AND r.rolname IN " OUR_ROLES
	    " AND coalesce(shobj_description(to_regrole('acdb_owner'),"
	    " 'pg_authid'), '') <> 'Agentic Coop DB: database ' ||"
	    " quote_ident(current_database())", 0, NULL, &other, e);
	if (rc == 1)
		rc = pg_error_set(e, EXIT_REFUSED, "this server holds the "
		    "product already, in database %s: its roles are the whole "
		    "cluster's, so that a second one would share them",
		    buf_cstr(&other));
	buf_fini(&other);
	return rc;
}

/*
 * Who could use the database only because PUBLIC may, where there is
 * something to use; and whose roles would become ours.
 */
static int
check_losers(PGconn *c, const struct pgmigrate *m, struct pg_error *e)
{
	struct buf who;
	int rc;

	buf_init(&who, LIST_MAX);
	rc = pg_value(c, "SELECT string_agg(quote_ident(r.rolname), ', '"
	    " ORDER BY r.rolname) FROM pg_catalog.pg_roles r,"
	    " pg_catalog.pg_database d WHERE d.datname = current_database()"
	    " AND r.rolcanlogin AND NOT r.rolsuper"
	    " AND r.rolname NOT IN " OUR_ROLES
	    " AND r.rolname !~ '^acdb_dp_'"
	    " AND r.rolname <> 'agentcoopdb_owner'"
	    " AND has_database_privilege(r.oid, d.oid, 'CONNECT')"
	    " AND NOT pg_has_role(r.oid, d.datdba, 'USAGE')"
	    " AND NOT EXISTS (SELECT 1 FROM aclexplode(d.datacl) a"
	    " WHERE a.privilege_type = 'CONNECT' AND a.grantee <> 0"
	    " AND pg_has_role(r.oid, a.grantee, 'USAGE'))"
	    " AND EXISTS (SELECT 1 FROM pg_catalog.pg_class t"
	    " WHERE t.relnamespace NOT IN ('pg_catalog'::regnamespace,"
	    " 'information_schema'::regnamespace,"
	    " 'pg_toast'::regnamespace) AND t.oid NOT IN"
	    " (SELECT objid FROM pg_catalog.pg_depend WHERE deptype = 'e'))",
	    0, NULL, &who, e);
	if (rc == 1 && !m->takeover) {
		rc = pg_error_set(e, EXIT_REFUSED, "these logins would lose "
		    "access to the database, which is closed to all that are "
		    "not named: %s; grant them CONNECT, or say --takeover",
		    buf_cstr(&who));
	} else if (rc == 1) {
		pgmigrate_say(m, "taking over: %s may not connect to this "
		    "database any more", buf_cstr(&who));
		rc = 0;
	}
	buf_fini(&who);
	return rc;
}

/* Roles of our names that are not the existing gateway's doing. */
static int
check_names(PGconn *c, const struct pgmigrate *m, struct pg_error *e)
{
	struct buf who;
	int rc;

	buf_init(&who, LIST_MAX);
	rc = pg_value(c, "SELECT string_agg(rolname, ', ') FROM"
	    " pg_catalog.pg_roles WHERE rolname IN " OUR_ROLES
	    " AND to_regrole('acdb_owner') IS NULL"
	    " AND to_regrole('agentcoopdb_owner') IS NULL", 0, NULL, &who, e);
	if (rc == 1 && !m->takeover)
		rc = pg_error_set(e, EXIT_REFUSED, "this server has roles of "
		    "the product's names: %s; they would get its attributes "
		    "and passwords: rename them, or say --takeover",
		    buf_cstr(&who));
	buf_fini(&who);
	return rc == -1 ? -1 : 0;
}

int
pgmigrate_check_place(PGconn *c, const struct pgmigrate *m, struct pg_error *e)
{
	int ours, gateway;

	if (check_encoding(c, e) == -1 || check_single(c, e) == -1)
		return -1;
	if ((ours = pgmigrate_check_ours(c, e)) == -1)
		return -1;
	if (ours == 1)
		return 0;
	/* The roles of the existing gateway are what is taken over. */
	if ((gateway = pgmigrate_check_takeover_due(c, e)) == -1)
		return -1;
	if (gateway == 0 && check_names(c, m, e) == -1)
		return -1;
	return check_losers(c, m, e);
}
