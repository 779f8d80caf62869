"""The current release's store of one agent: a SQLite database that its host goes on writing to."""
