"""Where entries were seen; the origin of an entry, and so what is foreign to a tick, is a query over these."""
