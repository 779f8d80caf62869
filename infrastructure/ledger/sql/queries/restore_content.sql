-- What lies beside the events of a backup.
copy heartline.content (partition, stream, entry, revision, bytes, salt, equality) from stdin (format binary)
