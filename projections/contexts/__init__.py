"""Each context of a stream: where it is recorded, what its tokens go to, and which entries it holds."""
