-- description: Store a document under an id of the caller's choice: insert
--     it, or replace the body of the one that has the id.  The same call
--     made again changes nothing.
-- role: dbuser
-- version: 1
-- args: {
--     "type": "object",
--     "required": ["id", "body"],
--     "additionalProperties": false,
--     "properties": {
--         "id": { "type": "string", "format": "uuid" },
--         "body": { "type": "string" }
--     }
-- }
INSERT INTO public.documents AS d (id, body)
SELECT a.id, a.body
FROM jsonb_to_record($1::jsonb) AS a (id uuid, body text)
ON CONFLICT (id) DO UPDATE SET body = excluded.body
RETURNING jsonb_build_object('id', d.id, 'workspace_id', d.workspace_id,
	'body', d.body)
