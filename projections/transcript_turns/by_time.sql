-- Turns that transcripts tell of are listed by their time.
create index transcript_turns_0_by_time on heartline_projections.transcript_turns_0 (started_at, partition, position);
