"""Each compaction of a stream: what it claimed, what came of it, and the entries that its summary replaced."""
