"""Each tick of a routing key, dispatched or skipped: its times and what came of it."""
