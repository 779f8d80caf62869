"""Answers about the database: is everything in place there."""

from infrastructure.answers.library import Library
from infrastructure.answers.objects import Check
from infrastructure.ledger.revision import LATEST, revision_of

OLDEST_POSTGRES = 160_000
"""`pg_input_is_valid`, by which the debugging views never raise, came with PostgreSQL 16."""


def database_checks(library: Library) -> list[Check]:
    """Look at the database, the schema, the role, the ledger and its projections."""
    ledger = library.ledger
    events = sum(head.position for head in ledger.heads())
    return [
        _postgres(library),
        _schema(library),
        _role(library),
        Check("ledger", True, f"{ledger.ledger_id}: {events} events in {ledger.partitions} partitions"),
        Check("projections", None, f"{library.behind()} events behind; every question catches up first"),
    ]


def _postgres(library: Library) -> Check:
    number = library.ledger.connection.info.server_version
    return Check("postgres", number >= OLDEST_POSTGRES, f"version {number // 10_000}.{number % 10_000} (16 or newer)")


def _schema(library: Library) -> Check:
    revision = revision_of(library.ledger.connection)
    return Check("schema", revision == LATEST, f"revision {revision}; this version of heartline is of {LATEST}")


def _role(library: Library) -> Check:
    connection = library.ledger.connection
    row = connection.execute("select rolname, rolsuper from pg_roles where rolname = current_user").fetchone()
    user, superuser = row or ("?", None)
    owner = connection.execute(
        "select pg_has_role(current_user, relowner, 'member') from pg_class where oid = 'heartline.events'::regclass"
    ).fetchone()
    if superuser or (owner and owner[0]):
        advice = "let a role that may create roles run `heartline migrate`"
        return Check("role", False, f"{user} could change the tables: {advice}")
    return Check("role", True, f"{user} owns no table")
