"""Recordings made by chance: agents that never were, in any number, always the same for the same seed."""
