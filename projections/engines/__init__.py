"""What each engine came to: one row a stream, and where it stood every so many events."""
