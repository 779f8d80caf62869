"""The verdict from what is already on disk: a host's files in, findings and what is unknown out."""
