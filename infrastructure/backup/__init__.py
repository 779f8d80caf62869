"""A ledger in one file, and back: verified on both ways, from any PostgreSQL from 16 on to any other."""
