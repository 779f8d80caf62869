-- A page of the transcripts of sessions that were deleted or reset, without their bytes.
select
    archive.archive_name,
    archive.session_id,
    archive.session_key,
    archive.reason,
    archive.encoding,
    archive.archive_sha256,
    archive.created_at
from session_transcript_archives as archive
where archive.archive_name > :after
order by archive.archive_name
limit :most
