"""Which streams there are, and what each has come to."""
