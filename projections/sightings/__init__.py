"""Where entries were seen; the origin of an entry is a query over these."""
