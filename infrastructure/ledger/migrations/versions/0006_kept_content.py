"""Content of which nothing is kept, or something else than what was met: people can tell it from erased content.

Its statements are a copy, frozen beside this file: the objects' own files go on changing.
"""

from pathlib import Path

from alembic import op

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Replace the view."""
    statements = Path(__file__).with_suffix(".sql").read_text(encoding="utf-8")
    op.get_bind().exec_driver_sql(statements.replace("%", "%%"))
