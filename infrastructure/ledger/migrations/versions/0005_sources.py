"""Sources: what was imported from where, and how far; and turns as transcripts tell them.

Its statements are a copy, frozen beside this file: the objects' own files go on changing.
"""

from pathlib import Path

from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table and its function."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements.replace("%", "%%"))
