-- A page of the transcripts in the order of the table, each with whether the index leads to it.
with page (place, session_id, seq) as (
    select event.rowid, event.session_id, event.seq
    from transcript_events as event not indexed
    where event.rowid > :after
    order by event.rowid
    limit :most
)
select
    page.place,
    page.session_id,
    page.seq,
    typeof(page.session_id) = 'text' and typeof(page.seq) = 'integer' and page.session_id > '' and page.place = (
        select event.rowid
        from transcript_events as event
        where event.session_id = page.session_id and event.seq = page.seq
    )
from page
