"""Heartline as a context engine: requests of a runtime in, strict commands to the recorder, answers out."""
