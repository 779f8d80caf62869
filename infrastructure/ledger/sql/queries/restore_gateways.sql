-- The names that a backup has for sources.
copy heartline.gateways (source, gateway) from stdin (format binary)
