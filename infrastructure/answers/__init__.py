"""Answers to people: what the command line prints and the service serves, as the contracts name it."""
