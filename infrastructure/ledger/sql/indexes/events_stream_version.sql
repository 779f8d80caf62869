-- A stream is read by version, and no version is written twice.
create unique index events_stream_version on heartline.events (partition, stream, version);
