-- The deliveries of a backup.
copy heartline.deliveries (partition, delivery, stream, fingerprint, first_version, last_version) from stdin (format binary)
