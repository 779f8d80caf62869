"""The machine: what an engine of context can do and what happened to it. Pure: no clock, no I/O, no chance."""
