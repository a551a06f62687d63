"""The lines of defence, and how each is taken away.

    off      SQL of the superuser's; on: what undoes it, where `acdb-migrate
             up` does not
    weaken   (function, (text, instead)...): the same function without
             something
    rules    (text, instead) in what acdbd sends: see ablate.c
    strict   SQL behind an `up` at strict hardening
    also     what else has to be gone before the attack comes through
    verify   the property that fails ("name", or "name:WARN")
    attacks  those of the corpus that it stops
    attempt  a function of the rig, for what is no statement; None is well
"""

import re
import time

import server

PUBLIC_BUILTINS = (
    "SELECT format('GRANT EXECUTE ON FUNCTION %s TO PUBLIC', "
    "oid::regprocedure) FROM pg_proc WHERE pronamespace = "
    "'pg_catalog'::regnamespace AND (proname ~ '^(ts_stat|lo_|pg_(try_)?"
    "advisory_|pg_terminate_backend|pg_cancel_backend|pg_stat_get_activity|"
    "pg_lock_status|pg_notify|setseed|pg_export_snapshot|pg_total_relation_"
    "size|pg_database_size|pg_prepared_statement|pg_logical_emit|query_to)') "
    "\\gexec")

CLOSE = ("acdb_api.audit_if_written(uuid,uuid,uuid,text,text,text,bytea,text,"
    "inet,bytea,text)")
AUDIT = CLOSE.replace("audit_if_written", "audit")
OWN_POLICY = ("USING (workspace_id = (SELECT acdb_api.workspace_id())) "
    "WITH CHECK (workspace_id = (SELECT acdb_api.workspace_id()))")


def revoked_key_still_works(rig):
    """A key revoked by SQL, with nobody told."""
    client = server.Client(rig.srv, rig.srv.mint("dbuser", "A"))
    if client.execute("SELECT 1").status != 200:
        return "a new key does not work"
    rig.sql.do("UPDATE acdb.api_keys SET revoked_at = now() "
        "WHERE key_id = '%s'" % client.token[8:24])
    time.sleep(1.2)     # promised is a second
    if client.execute("SELECT 1").status == 401:
        return "revocation reaches acdbd without its trigger"


def any_password(rig):
    """pg_hba.conf, which trusts."""
    hba = rig.srv.dir + "/db/data/pg_hba.conf"
    with open(hba) as f:
        text = f.read()
    with open(hba, "r+") as f:
        f.write(re.sub(r"scram-sha-256", "trust        ", text))
    rig.sql.do("SELECT pg_reload_conf()")
    rig.until(lambda: "passwords" in rig.verify())
    found = rig.verify().get("passwords")
    with open(hba, "r+") as f:
        f.write(text)
    rig.sql.do("SELECT pg_reload_conf()")
    rig.until(lambda: "passwords" not in rig.verify())
    return None if found else "verify does not notice: passwords"


def prepared_transactions(rig):
    rig.sql.do("ALTER SYSTEM SET max_prepared_transactions = 1")
    rig.restart()
    found = rig.verify().get("prepared-transactions")
    rig.sql.do("ALTER SYSTEM RESET max_prepared_transactions")
    rig.restart()
    return None if found else "verify does not notice"


def serves_all_the_same(rig):
    """acdbd on a database whose boundary does not hold."""
    rig.sql.do("GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC")
    try:
        rig.restart(MIGRATE_ON_START="false")
        wrong = "acdbd serves where verify fails"
    except RuntimeError as e:
        wrong = None if "refusing to serve" in str(e) else str(e)
    rig.restart(MIGRATE_ON_START="true")
    return wrong


ABLATIONS = {
    # Logins apart.
    "membership": dict(off=["GRANT dbadmin TO acdb_dp_dbuser"],
        verify="split-logins", also=["languages"], attacks=["own-152"]),
    "member-of-nothing": dict(off=["GRANT agentcoopdb_gateway TO "
        "acdb_dp_dbadmin"], verify="control-login", attacks=["cp-08"]),
    "owner-login": dict(off=["ALTER ROLE acdb_owner LOGIN"],
        verify="control-login"),
    "login-inherits": dict(off=["ALTER ROLE acdb_dp_dbuser INHERIT"],
        verify="split-logins"),
    "key-role-attributes": dict(off=["ALTER ROLE dbuser BYPASSRLS"],
        verify="key-roles", attacks=["rls-16"]),
    "key-role-reach": dict(off=["CREATE ROLE between",
        "GRANT pg_read_all_data TO between", "GRANT between TO dbuser"],
        on=["DROP ROLE between"], verify="key-roles", attacks=["side-16"]),
    "pinned-roles": dict(off=["UPDATE acdb.dp_login SET key_role_oid = 1 "
        "WHERE key_role = 'dbreader'"], verify="pinned-roles"),
    "custom-roles": dict(off=["INSERT INTO acdb.dp_login VALUES "
        "('acdb_dp_gone', 1, 'gone', 2)"], on=["DELETE FROM acdb.dp_login "
        "WHERE key_role = 'gone'"], verify="custom-roles:WARN"),
    "login-grants": dict(off=["CREATE ROLE between",
        "GRANT between TO acdb_dp_dbuser"], on=["DROP ROLE between"],
        verify="login-grants:WARN"),
    "passwords": dict(attempt=any_password),
    "derived-passwords": dict(off=["ALTER ROLE acdb_dp_%s PASSWORD 'x'" % r
        for r in ("dbadmin", "dbuser", "dbreader")],
        verify="derived-passwords"),
    "other-databases": dict(off=["GRANT CONNECT ON DATABASE postgres TO "
        "PUBLIC"], on=["REVOKE CONNECT ON DATABASE postgres FROM PUBLIC"],
        verify="other-databases:WARN"),

    # A workspace that cannot be forged.
    "mac": dict(weaken=[("acdb_api.workspace_id()",
        ("OPERATOR(pg_catalog.=) pg_catalog.substr(c, 25)", "IS NOT NULL"))],
        verify="tried-dbuser", attacks=["own-06", "own-07", "own-09"]),
    "expiry": dict(weaken=[("acdb_api.workspace_id()",
        ("OPERATOR(pg_catalog.<) pg_catalog.substr(c, 1, 8)",
         "IS NOT NULL"))], verify="tried-dbuser"),
    "restrictive-policy": dict(off=["DROP POLICY acdb_guard ON "
        "public.legacy"], on=["CREATE POLICY acdb_guard ON public.legacy AS "
        "RESTRICTIVE " + OWN_POLICY], verify="tenant-tables:WARN",
        also=["set-config"], attacks=["own-158"]),
    "policy-text": dict(off=["ALTER POLICY acdb_guard ON public.legacy "
        "USING (true)"], on=["ALTER POLICY acdb_guard ON public.legacy "
        + OWN_POLICY], verify="tenant-tables:WARN", also=["set-config"],
        attacks=["own-158"]),
    "row-security": dict(off=["ALTER TABLE public.notes DISABLE ROW LEVEL "
        "SECURITY"], on=["ALTER TABLE public.notes ENABLE ROW LEVEL "
        "SECURITY"], verify="tenant-tables:WARN", attacks=["rls-16",
        "rls-22"]),
    "parents": dict(off=["CREATE TABLE public.base (body text)",
        "ALTER TABLE public.notes INHERIT public.base"], on=["ALTER TABLE "
        "public.notes NO INHERIT public.base", "DROP TABLE public.base"],
        verify="tenant-tables:WARN"),

    # What is not needed is revoked.
    "languages": dict(off=["GRANT USAGE ON LANGUAGE plpgsql TO PUBLIC"],
        verify="languages", attacks=["rls-14"]),
    "set-config": dict(off=["GRANT EXECUTE ON FUNCTION pg_catalog.set_config("
        "text, text, boolean) TO PUBLIC"], verify="builtin-functions",
        attacks=["rls-04", "role-33", "sess-08"]),
    "builtin-functions": dict(off=[PUBLIC_BUILTINS],
        verify="builtin-functions", attacks=["sess-22", "side-04", "side-06",
        "side-12", "own-66"]),
    "strict-functions": dict(strict="GRANT EXECUTE ON FUNCTION "
        "pg_catalog.pg_stat_get_live_tuples(oid) TO PUBLIC",
        verify="strict-functions", level="strict", attacks=["side-05"]),
    "unreviewed-functions": dict(off=["CREATE FUNCTION pg_catalog.acdb_new() "
        "RETURNS int VOLATILE LANGUAGE sql AS 'SELECT 1'"], on=["DROP "
        "FUNCTION pg_catalog.acdb_new()"],
        verify="unreviewed-functions:WARN"),
    "temporary": dict(off=["GRANT TEMPORARY ON DATABASE agentcoopdb TO "
        "PUBLIC"], verify="database-closed", attacks=["own-82"]),
    "parameters": dict(off=["GRANT SET ON PARAMETER session_replication_role "
        "TO dbadmin"], on=["REVOKE SET ON PARAMETER "
        "session_replication_role FROM dbadmin"], verify="parameters",
        attacks=["own-154"]),
    "extensions": dict(off=["CREATE EXTENSION tablefunc SCHEMA public"],
        on=["DROP EXTENSION tablefunc"], verify="extensions:WARN"),
    "ceilings": dict(off=["ALTER ROLE acdb_dp_dbuser RESET temp_file_limit"],
        verify="ceilings:WARN"),
    "schema-public": dict(off=["ALTER SCHEMA public OWNER TO dbadmin"],
        on=["COMMENT ON SCHEMA public IS 'standard public schema'"],
        verify="schemas", attacks=["own-157"]),
    "public-schema": dict(off=["GRANT CREATE ON SCHEMA public TO PUBLIC"],
        verify="public-schema:WARN", also=["guard-refuse"],
        attacks=["own-156"]),

    # The control plane.
    "control-schema": dict(off=["GRANT USAGE ON SCHEMA acdb TO dbadmin"],
        on=["REVOKE USAGE ON SCHEMA acdb FROM dbadmin"], verify="schemas",
        also=["control-tables"], attacks=["cp-09"]),
    "control-tables": dict(off=["GRANT SELECT ON acdb.ctx_key TO dbadmin"],
        on=["REVOKE ALL ON acdb.ctx_key FROM dbadmin"],
        verify="control-tables", also=["control-schema"], attacks=["cp-09"]),
    "control-columns": dict(off=["GRANT UPDATE (sql) ON acdb.audit_logs TO "
        "agentcoopdb_gateway"], on=["REVOKE UPDATE (sql) ON acdb.audit_logs "
        "FROM agentcoopdb_gateway"], verify="control-tables"),
    "definer-functions": dict(off=["GRANT EXECUTE ON FUNCTION "
        "acdb_api.repair_login(name, text) TO PUBLIC"],
        verify="definer-functions", attacks=["cp-18"]),
    "code": dict(weaken=[("acdb_api.role_served(text)",
        ("NOT r.rolsuper AND", "true AND"))], verify="code"),
    "constraints": dict(off=["ALTER TABLE acdb.idempotency_keys DROP "
        "CONSTRAINT idempotency_keys_pkey"], on=["ALTER TABLE "
        "acdb.idempotency_keys ADD PRIMARY KEY (workspace_id, key)"],
        verify="constraints"),
    "schema": dict(off=["UPDATE acdb.schema_migrations SET sha256 = "
        "sha256('x') WHERE version = 2"], on=["UPDATE acdb.schema_migrations "
        "SET sha256 = (SELECT s FROM corpus.sha) WHERE version = 2"],
        verify="schema"),
    "change-triggers": dict(off=["ALTER TABLE acdb.api_keys DISABLE TRIGGER "
        "key_changed"], on=["ALTER TABLE acdb.api_keys ENABLE TRIGGER "
        "key_changed"], verify="change-triggers",
        attempt=revoked_key_still_works),

    # The guard.
    "guard-refuse": dict(off=["ALTER EVENT TRIGGER acdb_refuse DISABLE"],
        verify="guard", attacks=["own-155"]),
    "guard-tighten": dict(off=["ALTER EVENT TRIGGER acdb_tighten DISABLE"],
        verify="guard", attacks=["view-03", "own-30"]),
    "guard-code": dict(weaken=[("acdb_guard.refuse()",
        ("'42501'", "'42501'; RETURN"), ("RAISE EXCEPTION", "RAISE NOTICE"))],
        verify="code", attacks=["own-155"]),
    "triggers-on": dict(off=["ALTER DATABASE agentcoopdb SET event_triggers "
        "= off"], on=["ALTER DATABASE agentcoopdb RESET event_triggers"],
        verify="triggers-on", attacks=["view-03"], since=17),
    "default-privileges": dict(off=["ALTER DEFAULT PRIVILEGES FOR ROLE "
        "dbadmin GRANT EXECUTE ON FUNCTIONS TO PUBLIC"],
        verify="default-privileges:WARN", attacks=["view-07"]),
    "views": dict(off=["SET ROLE dbadmin", "CREATE VIEW public.v AS TABLE "
        "public.notes", "RESET ROLE"], on=["DROP VIEW public.v"],
        verify="views:WARN"),
    "owner-functions": dict(off=["SET ROLE dbadmin", "CREATE FUNCTION "
        "public.f() RETURNS bigint LANGUAGE sql SECURITY DEFINER AS 'SELECT "
        "count(*) FROM public.notes'", "GRANT EXECUTE ON FUNCTION public.f() "
        "TO dbuser", "RESET ROLE"], on=["DROP FUNCTION public.f()"],
        verify="owner-functions:WARN"),

    # No state crosses calls.
    "role-defaults": dict(off=["ALTER ROLE acdb_dp_dbuser SET "
        "default_transaction_read_only = on"], verify="role-defaults:WARN"),
    "startup-options": dict(rules=[("default_transaction_read_only=off",
        "acdb.off=off"), ("local_preload_libraries=", "acdb.off="),
        ("row_security=on", "acdb.off=on"), ("search_path=", "acdb.path="),
        ("role=none", "acdb.off=none")], attacks=["own-151"]),
    "reset-all": dict(rules=[("RESET ALL", "SELECT")], attacks=["own-86"]),
    "prepared": dict(rules=[("DEALLOCATE ALL", "SELECT")],
        attacks=["own-61"]),
    "sequences": dict(rules=[("DISCARD SEQUENCES", "SELECT")],
        attacks=["own-63"]),
    "cursors": dict(rules=[("CLOSE ALL", "SELECT")], attacks=["own-60",
        "own-160"]),
    "listen": dict(rules=[("UNLISTEN *", "SELECT")], attacks=["own-62"]),
    "seed": dict(rules=[("set_config('seed', $1, false)",
        "concat('seed', $1::text)")], attacks=["own-64"]),

    # Transactions are ours.
    "begin": dict(rules=[
        ("BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE", "SELECT"),
        ("BEGIN ISOLATION LEVEL READ COMMITTED READ ONLY", "SELECT")],
        attacks=["tx-38", "tx-39", "own-112", "own-114"]),
    "read-only": dict(rules=[("READ COMMITTED READ ONLY",
        "READ COMMITTED READ WRITE")], attacks=["own-78", "own-79"]),
    "deadline": dict(rules=[("set_config('statement_timeout', $4",
        "set_config('acdb.off', $4"), ("statement_timeout=", "acdb.off=")],
        attacks=["sess-07"]),
    "close": dict(weaken=[(CLOSE, ("RAISE EXCEPTION 'acdb: the",
        "RAISE NOTICE 'acdb: the"))], verify="code",
        attacks=["view-09", "own-01", "own-46", "own-53"]),

    # Exactly once, and audited.
    "audit-mac": dict(weaken=[(AUDIT, ("OPERATOR(pg_catalog.=) p_mac",
        "IS NOT NULL"))], verify="tried-dbadmin", attacks=["cp-14"]),
    "claim-mac": dict(weaken=[("acdb_api.idempotency_claim(uuid,uuid,text,"
        "bytea,bigint,bytea)", ("= p_mac", "IS NOT NULL"))], verify="code",
        attacks=["own-03"]),
    "store-mac": dict(weaken=[("acdb_api.idempotency_store(uuid,uuid,text,"
        "bytea,integer,text,bytea,boolean,bytea)",
        ("OPERATOR(pg_catalog.=) p_mac", "IS NOT NULL"))], verify="code"),
    "migration-mac": dict(weaken=[("acdb_api.app_migrated(bigint,text,bytea,"
        "integer,boolean,bigint,bytea)", ("= p_mac", "IS NOT NULL"))],
        verify="code", attacks=["own-13"]),

    # These start the server anew.
    "prepared-transactions": dict(attempt=prepared_transactions),
    "refusal": dict(attempt=serves_all_the_same),
}
