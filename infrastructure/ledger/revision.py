"""The schema's revision, known without loading the migrations: every command asks for it."""

from psycopg.errors import InsufficientPrivilege

from infrastructure.ledger.connection import AnyConnection

LATEST = "0006"
"""The revision of the last migration; a test compares it with the migrations."""


def revision_of(connection: AnyConnection) -> str | None:
    """Give the revision of a database's schema; None where it has none."""
    row = connection.execute("select to_regclass('heartline.alembic_version') is not null").fetchone()
    if not row or not row[0]:
        return None
    try:
        found = connection.execute("select version_num from heartline.alembic_version").fetchone()
    except InsufficientPrivilege:  # a role of a person's own, to whom nothing was granted: it has no schema to use
        return None
    return str(found[0]) if found else None
