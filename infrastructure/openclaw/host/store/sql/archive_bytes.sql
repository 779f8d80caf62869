-- The bytes of one transcript of a session that was deleted or reset.
select
    archive.archive_blob
from session_transcript_archives as archive
where archive.archive_name = :name
