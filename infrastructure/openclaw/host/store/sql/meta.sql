-- What the store says of itself: whose it is, since when, of which schema and which release.
select
    meta.schema_version,
    meta.agent_id,
    meta.app_version,
    meta.created_at
from schema_meta as meta
where meta.meta_key = 'primary'
