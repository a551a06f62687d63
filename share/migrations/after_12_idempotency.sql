-- Exactly once: a call with an Idempotency-Key claims it in front of its
-- statement and stores its answer behind it, all in one transaction, so that
-- the effect and its record stand or fall together.  A duplicate waits in
-- its claim for the first one's end.

SET LOCAL ROLE acdb_owner;

-- Claim a key, as the login, before the key's role is taken on.  AC010: it
-- was used for this very request, whose answer is stored; AC011: for another
-- request; AC012: it was claimed for one whose end was never recorded.
-- mac over 'k' | pid int4 | id | workspace.
CREATE OR REPLACE FUNCTION acdb_api.idempotency_claim(p_id uuid, p_ws uuid,
    p_key text, p_hash bytea, p_ttl_ms int8, p_mac bytea)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $fn$
DECLARE
	r record;
BEGIN
	INSERT INTO acdb.idempotency_keys AS i (workspace_id, key,
	    request_hash, state, expires_at)
	SELECT p_ws, p_key, p_hash, 'pending',
	    clock_timestamp() + p_ttl_ms * interval '1 millisecond'
	FROM acdb.ctx_key k
	WHERE sha256(k.opad || sha256(k.ipad || '\x6b'::bytea
	        || int4send(pg_backend_pid()) || uuid_send(p_id)
	        || uuid_send(p_ws))) = p_mac
	ON CONFLICT (workspace_id, key) DO UPDATE
	SET request_hash = EXCLUDED.request_hash, state = 'pending',
	    status_code = NULL, response_body = NULL, content_type = NULL,
	    created_at = now(), expires_at = EXCLUDED.expires_at
	WHERE i.expires_at <= clock_timestamp();
	IF FOUND THEN
		RETURN;
	END IF;
	SELECT i.request_hash, i.state INTO r FROM acdb.idempotency_keys i
	    JOIN acdb.ctx_key k ON sha256(k.opad || sha256(k.ipad
	        || '\x6b'::bytea || int4send(pg_backend_pid())
	        || uuid_send(p_id) || uuid_send(p_ws))) = p_mac
	    WHERE i.workspace_id = p_ws AND i.key = p_key;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'acdb: claim not accepted'
		    USING ERRCODE = '28000';
	ELSIF r.request_hash <> p_hash THEN
		RAISE EXCEPTION 'the key was used for another request'
		    USING ERRCODE = 'AC011';
	ELSIF r.state = 'pending' THEN
		RAISE EXCEPTION 'the key was claimed by a call whose end is not known'
		    USING ERRCODE = 'AC012';
	END IF;
	RAISE EXCEPTION 'the key was used for this request'
	    USING ERRCODE = 'AC010';
END
$fn$;

-- Store the answer of a claim made in this transaction: of a call that did
-- its work, still in the role of its key (mac over 'i' ...), or of one that
-- failed and was rolled back to its claim (mac over 'f' ...).
CREATE OR REPLACE FUNCTION acdb_api.idempotency_store(p_id uuid, p_ws uuid,
    p_key text, p_hash bytea, p_status int, p_type text, p_body bytea,
    p_failed boolean, p_mac bytea)
RETURNS void
LANGUAGE plpgsql VOLATILE PARALLEL UNSAFE SECURITY DEFINER
AS $fn$
BEGIN
	IF p_failed IS NOT TRUE AND (('acdb_dp_'::pg_catalog.text
	    OPERATOR(pg_catalog.||) pg_catalog.current_setting('role'))
	    OPERATOR(pg_catalog.=) session_user::pg_catalog.text)
	    IS NOT TRUE THEN
		RAISE EXCEPTION 'acdb: the role of the call was changed'
		    USING ERRCODE = '42501';
	END IF;
	IF p_failed IS NOT TRUE AND (acdb_api.workspace_id()
	    OPERATOR(pg_catalog.=) p_ws) IS NOT TRUE THEN
		RAISE EXCEPTION 'acdb: the workspace of the call was changed'
		    USING ERRCODE = '42501';
	END IF;
	UPDATE acdb.idempotency_keys i
	SET state = 'done', status_code = p_status, content_type = p_type,
	    response_body = p_body
	FROM acdb.ctx_key k
	WHERE i.workspace_id OPERATOR(pg_catalog.=) p_ws
	  AND i.key OPERATOR(pg_catalog.=) p_key
	  AND i.request_hash OPERATOR(pg_catalog.=) p_hash
	  AND i.state OPERATOR(pg_catalog.=) 'pending'
	  AND pg_catalog.sha256(k.opad OPERATOR(pg_catalog.||)
	        pg_catalog.sha256(k.ipad OPERATOR(pg_catalog.||)
	            CASE WHEN p_failed THEN '\x66'::pg_catalog.bytea
	            ELSE '\x69'::pg_catalog.bytea END
	            OPERATOR(pg_catalog.||)
	            pg_catalog.int4send(pg_catalog.pg_backend_pid())
	            OPERATOR(pg_catalog.||) pg_catalog.uuid_send(p_id)
	            OPERATOR(pg_catalog.||) pg_catalog.uuid_send(p_ws)))
	        OPERATOR(pg_catalog.=) p_mac;
	IF NOT FOUND THEN
		RAISE EXCEPTION 'acdb: claim lost' USING ERRCODE = '40001';
	END IF;
END
$fn$;

RESET ROLE;
