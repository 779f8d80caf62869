"""A sample incident, written in the formats of the host: what `write` makes of `story`."""
