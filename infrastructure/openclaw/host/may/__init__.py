"""May's folder of sessions: a map of keys, and a file for each transcript and each trajectory."""
