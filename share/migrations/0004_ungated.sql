-- Keys that are not asked before they destroy data: scripts and agents that
-- are known to mean it.

SET LOCAL ROLE acdb_owner;

ALTER TABLE acdb.api_keys ADD COLUMN ungated boolean NOT NULL DEFAULT false;

-- Its successor takes one argument more, which may be left out: of two that
-- take twelve, a call would find neither.
DROP FUNCTION IF EXISTS acdb_api.key_mint(uuid, text, bytea, text, text, text,
	timestamptz, boolean, float8, float8, cidr[], uuid);

RESET ROLE;
