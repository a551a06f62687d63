-- Every node listens for procedures that changed.  The payload names the
-- workspace and the procedure; it is a hint to look again and never more.

SET LOCAL ROLE acdb_owner;

CREATE OR REPLACE FUNCTION acdb.rpc_changed() RETURNS trigger
LANGUAGE plpgsql SECURITY DEFINER SET search_path = pg_catalog, pg_temp
AS $fn$
BEGIN
	IF TG_OP <> 'INSERT' THEN
		PERFORM pg_notify('acdb_rpcs',
		    OLD.workspace_id || ' ' || OLD.name);
	END IF;
	IF TG_OP <> 'DELETE' THEN
		PERFORM pg_notify('acdb_rpcs',
		    NEW.workspace_id || ' ' || NEW.name);
	END IF;
	RETURN NULL;
END
$fn$;

CREATE OR REPLACE TRIGGER rpc_changed AFTER INSERT OR UPDATE OR DELETE
	ON acdb.rpcs FOR EACH ROW EXECUTE FUNCTION acdb.rpc_changed();

RESET ROLE;
