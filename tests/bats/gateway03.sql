-- A small database of the existing gateway, as its superuser leaves it: one
-- login that is a member of the keys' roles, a tenant that policies read
-- from a plain setting, and its migrations' book-keeping in public.
CREATE ROLE agentcoopdb_owner LOGIN SUPERUSER;
SET ROLE agentcoopdb_owner;
CREATE ROLE agentcoopdb_gateway LOGIN INHERIT PASSWORD 'the-old-password';
CREATE ROLE dbadmin NOLOGIN CREATEROLE CREATEDB BYPASSRLS;
CREATE ROLE dbuser NOLOGIN;
GRANT dbadmin, dbuser TO agentcoopdb_gateway;
ALTER ROLE agentcoopdb_gateway SET search_path = agentcoopdb, public;
CREATE ROLE reports LOGIN PASSWORD 'reports';

CREATE EXTENSION vector SCHEMA public;
CREATE SCHEMA agentcoopdb;
CREATE TABLE agentcoopdb.workspaces (
	id uuid PRIMARY KEY, name text NOT NULL,
	created_at timestamptz NOT NULL DEFAULT now());
CREATE TABLE agentcoopdb.api_keys (
	id uuid PRIMARY KEY, workspace_id uuid NOT NULL
	    REFERENCES agentcoopdb.workspaces,
	key_id text NOT NULL UNIQUE, secret_hash text NOT NULL,
	env text NOT NULL, pg_role text NOT NULL, name text,
	created_at timestamptz NOT NULL DEFAULT now(),
	expires_at timestamptz, revoked_at timestamptz);
CREATE TABLE agentcoopdb.audit_logs (
	request_id uuid PRIMARY KEY, workspace_id uuid, key_id uuid,
	command text, status_code int, created_at timestamptz DEFAULT now());
CREATE TABLE agentcoopdb.idempotency_keys (
	workspace_id uuid, key text, request_hash bytea, response_body bytea,
	PRIMARY KEY (workspace_id, key));
GRANT USAGE ON SCHEMA agentcoopdb TO agentcoopdb_gateway;
GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA agentcoopdb
	TO agentcoopdb_gateway;
INSERT INTO agentcoopdb.workspaces (id, name) VALUES
	('aaaaaaaa-0000-4000-8000-000000000001', 'acme'),
	('bbbbbbbb-0000-4000-8000-000000000002', 'acme'),
	('cccccccc-0000-4000-8000-000000000003', '');
INSERT INTO agentcoopdb.api_keys
	(id, workspace_id, key_id, secret_hash, env, pg_role, name, revoked_at)
VALUES
	('aaaaaaaa-1111-4000-8000-000000000001',
	 'aaaaaaaa-0000-4000-8000-000000000001', 'AAAAAAAAAAAAAAAA',
	 '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA', 'live', 'dbuser',
	 'app', NULL),
	('bbbbbbbb-1111-4000-8000-000000000002',
	 'bbbbbbbb-0000-4000-8000-000000000002', 'BBBBBBBBBBBBBBBB',
	 '$argon2id$v=19$m=65536,t=3,p=4$c2FsdA$aGFzaA', 'prod', 'dbadmin',
	 NULL, now());

CREATE TABLE public.schema_migrations (version bigint PRIMARY KEY,
	dirty boolean NOT NULL);
INSERT INTO public.schema_migrations VALUES (10, false);
ALTER TABLE public.schema_migrations OWNER TO dbadmin;
GRANT CREATE ON SCHEMA public TO dbadmin;

SET ROLE dbadmin;
ALTER DEFAULT PRIVILEGES IN SCHEMA public
	GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO dbuser;
CREATE TABLE public.notes (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
	workspace_id uuid NOT NULL, body text, embedding public.vector(3));
ALTER TABLE public.notes ENABLE ROW LEVEL SECURITY;
ALTER TABLE public.notes FORCE ROW LEVEL SECURITY;
CREATE POLICY tenant ON public.notes USING
	(workspace_id = current_setting('app.workspace_id', true)::uuid);
CREATE VIEW public.all_notes AS SELECT * FROM public.notes;
INSERT INTO public.notes (workspace_id, body) VALUES
	('aaaaaaaa-0000-4000-8000-000000000001', 'A-note'),
	('bbbbbbbb-0000-4000-8000-000000000002', 'B-SECRET');
-- What a key could plant to run with a migration's rights.
CREATE FUNCTION public.planted() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN
	IF current_setting('is_superuser') = 'on' THEN
		ALTER ROLE dbadmin SUPERUSER;
	END IF;
	RETURN NEW;
END $$;
CREATE TRIGGER planted BEFORE INSERT OR UPDATE ON public.schema_migrations
	FOR EACH ROW EXECUTE FUNCTION public.planted();
CREATE TRIGGER planted BEFORE INSERT OR UPDATE ON public.notes
	FOR EACH ROW EXECUTE FUNCTION public.planted();
