"""The migrations that own the schema; each is frozen once it is released."""
