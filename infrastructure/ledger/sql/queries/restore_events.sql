-- The events of a backup, as they stand in it.
copy heartline.events (partition, position, stream, version, gateway, engine_key, type, recorded_at, payload, leaf, chain) from stdin (format binary)
