"""Each turn as the host's transcripts tell it afterwards: for sessions of which no call of an engine is on record."""
