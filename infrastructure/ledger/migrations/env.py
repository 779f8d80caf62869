"""Alembic asks for this file; `infrastructure.ledger.schema.migrate` brings its own environment."""
