"""Where each context of a stream is recorded."""
