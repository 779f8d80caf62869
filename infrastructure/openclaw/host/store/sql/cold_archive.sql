-- The archive into which a session's transcript was moved: the file's name, or the bytes themselves.
select
    cold.storage,
    cold.archive_name,
    cold.archive_sha256,
    cold.event_count,
    cold.archive_blob
from session_transcript_cold_archives as cold
where cold.session_id = :session
