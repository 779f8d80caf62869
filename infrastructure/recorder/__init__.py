"""Observing engines that run elsewhere: facts in, events and content out, each delivery once."""
