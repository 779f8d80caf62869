"""Each turn of a stream: its attempts, what it cost, which tools it used, and how it ended."""
