-- The trace that a call is part of (W3C Trace Context), in its audit row.

SET LOCAL ROLE acdb_owner;

ALTER TABLE acdb.audit_logs ADD COLUMN trace_id text;

-- Their successors take one argument more, which may be left out: of two that
-- take ten, a call would find neither.
DROP FUNCTION IF EXISTS acdb_api.audit(uuid, uuid, uuid, text, text, text,
	bytea, text, inet, bytea);
DROP FUNCTION IF EXISTS acdb_api.audit_if_written(uuid, uuid, uuid, text,
	text, text, bytea, text, inet, bytea);

RESET ROLE;
