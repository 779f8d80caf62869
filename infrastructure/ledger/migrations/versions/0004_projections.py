"""Read models get generations, which are filled side by side; those that there were are made again from the events.

Its statements are copies, frozen beside this file: the objects' own files go on changing.
"""

from pathlib import Path

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    """Replace the tables, and make views for people."""
    for name in ("0004_projections.sql", "0004_event_log.sql"):
        statements = Path(__file__).with_name(name).read_text(encoding="utf-8")
        op.get_bind().exec_driver_sql(statements.replace("%", "%%"))
