"""The first schema: the ledger, its evidence, and the projections of streams, sightings and contexts.

Its statements are a copy, frozen beside this file: the objects' own files go on changing.
"""

from pathlib import Path

from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    """Make everything."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements.replace("%", "%%"))
