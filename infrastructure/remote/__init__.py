"""A service that is asked instead of a database: the same questions, over HTTP."""
