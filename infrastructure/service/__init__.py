"""The long-running service, apart from the way in which it is asked: what it holds open, and what it takes turns at."""
