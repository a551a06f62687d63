-- The control plane: schemas and tables.  What runs in them, and who may
-- touch what, is stated again at every `up` by the after_*.sql files.

CREATE SCHEMA acdb AUTHORIZATION acdb_owner;
CREATE SCHEMA acdb_api AUTHORIZATION acdb_owner;

-- A database of the existing gateway may have a schema of that name for its
-- own extensions: it is used as it is.
CREATE SCHEMA IF NOT EXISTS ext AUTHORIZATION acdb_owner;

SET LOCAL ROLE acdb_owner;

CREATE TABLE acdb.schema_migrations (
	version		int PRIMARY KEY,
	name		text NOT NULL,
	sha256		bytea NOT NULL CHECK (length(sha256) = 32),
	applied_at	timestamptz NOT NULL DEFAULT now(),
	applied_by	text NOT NULL DEFAULT session_user,
	duration_ms	bigint NOT NULL
);

-- What `up` was told and the sessions' side has to know: hardening.
CREATE TABLE acdb.settings (
	name		text PRIMARY KEY,
	value		text NOT NULL
);

CREATE TABLE acdb.workspaces (
	id		uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	name		text NOT NULL UNIQUE CHECK (name <> ''),
	created_at	timestamptz NOT NULL DEFAULT now(),
	archived_at	timestamptz
);

-- A key's secret has 192 random bits, so a plain SHA-256 of it is stored.
-- NULL: taken over from the existing gateway, which stored another hash;
-- such a key never authenticates and waits to be minted again.
CREATE TABLE acdb.api_keys (
	id		uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	workspace_id	uuid NOT NULL REFERENCES acdb.workspaces,
	key_id		text NOT NULL UNIQUE,
	secret_hash	bytea CHECK (length(secret_hash) = 32),
	env		text NOT NULL CHECK (env IN ('dev', 'live', 'test')),
	pg_role		text NOT NULL,
	name		text NOT NULL DEFAULT '',
	read_only	boolean NOT NULL DEFAULT false,
	rate_per_second	float8 CHECK (rate_per_second >= 0),
	rate_burst	float8 CHECK (rate_burst >= 0),
	allow_from	cidr[],
	created_at	timestamptz NOT NULL DEFAULT now(),
	expires_at	timestamptz,
	revoked_at	timestamptz,
	last_used_at	timestamptz,
	created_by	uuid
);
CREATE INDEX api_keys_workspace ON acdb.api_keys (workspace_id, created_at);

-- No foreign keys: a row outlives its key and its workspace, and an insert
-- must cost nothing but itself.
CREATE TABLE acdb.audit_logs (
	id		uuid PRIMARY KEY,
	created_at	timestamptz NOT NULL DEFAULT now(),
	request_id	text NOT NULL,
	workspace_id	uuid,
	key_id		uuid,
	endpoint	text NOT NULL,
	command		text,
	sql_hash	bytea,
	sql		text,
	duration_us	bigint,
	rows_affected	bigint,
	status		int NOT NULL,
	error_code	text,
	client_ip	inet
);
CREATE INDEX audit_logs_workspace
	ON acdb.audit_logs (workspace_id, created_at DESC);
CREATE INDEX audit_logs_request ON acdb.audit_logs (request_id);

CREATE TABLE acdb.idempotency_keys (
	workspace_id	uuid NOT NULL,
	key		text NOT NULL,
	request_hash	bytea NOT NULL,
	state		text NOT NULL CHECK (state IN ('pending', 'done')),
	status_code	int,
	response_body	bytea,
	content_type	text,
	created_at	timestamptz NOT NULL DEFAULT now(),
	expires_at	timestamptz NOT NULL,
	PRIMARY KEY (workspace_id, key)
);
CREATE INDEX idempotency_keys_expiry ON acdb.idempotency_keys (expires_at);

-- Which login serves which role.  The oids pin both: a role dropped and made
-- again under the same name is another role.
CREATE TABLE acdb.dp_login (
	login		name PRIMARY KEY,
	login_oid	oid NOT NULL,
	key_role	name NOT NULL UNIQUE,
	key_role_oid	oid NOT NULL
);

-- The context key, ready for HMAC (RFC 2104): the key padded to 64 bytes and
-- xored with 0x36 and 0x5c.  Nobody but the functions' owner reads it.
CREATE TABLE acdb.ctx_key (
	one		boolean PRIMARY KEY DEFAULT true CHECK (one),
	ipad		bytea NOT NULL CHECK (length(ipad) = 64),
	opad		bytea NOT NULL CHECK (length(opad) = 64)
);

-- The application's own migrations (acdb-migrate --dir).  done counts the
-- statements of one that cannot run in a transaction; applied_at is NULL
-- while it is under way.
CREATE TABLE acdb.app_migrations (
	version		bigint PRIMARY KEY,
	name		text NOT NULL,
	sha256		bytea NOT NULL CHECK (length(sha256) = 32),
	done		int NOT NULL DEFAULT 0,
	applied_at	timestamptz,
	duration_ms	bigint
);

RESET ROLE;
