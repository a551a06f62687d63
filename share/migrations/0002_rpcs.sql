-- Procedures that a dbadmin key registered over HTTP, each its workspace's
-- own.  Those that the operator ships are files (AGENTCOOPDB_RPC_DIR).

SET LOCAL ROLE acdb_owner;

-- Schema and text are kept as they were written; the server has checked them.
CREATE TABLE acdb.rpcs (
	workspace_id	uuid NOT NULL REFERENCES acdb.workspaces,
	name		text NOT NULL CHECK (name <> ''),
	version		int NOT NULL CHECK (version > 0),
	description	text NOT NULL DEFAULT '',
	pg_role		text NOT NULL,
	args_schema	text NOT NULL CHECK (args_schema IS JSON),
	sql		text NOT NULL CHECK (sql <> ''),
	created_at	timestamptz NOT NULL DEFAULT now(),
	updated_at	timestamptz NOT NULL DEFAULT now(),
	updated_by	uuid,
	PRIMARY KEY (workspace_id, name)
);

RESET ROLE;
