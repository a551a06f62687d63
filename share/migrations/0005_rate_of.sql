-- A key that replaces itself, as often as it likes, gains no rate by it: its
-- successors take from the bucket of the first.

SET LOCAL ROLE acdb_owner;

-- The key whose bucket it is; NULL: its own.  That key may be gone.
ALTER TABLE acdb.api_keys ADD COLUMN rate_of uuid;

RESET ROLE;
