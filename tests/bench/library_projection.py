"""The peer of a rebuild: the library's `ProjectionRunner`, with a projection that does nothing but count.

Its application has a table of its own, with events of about the size of ours.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import Any
from uuid import UUID

from eventsourcing.application import Application
from eventsourcing.domain import Aggregate, event
from eventsourcing.persistence import Tracking
from eventsourcing.postgres import PostgresDatastore, PostgresTrackingRecorder
from eventsourcing.projection import Projection, ProjectionRunner
from psycopg.sql import SQL, Identifier

from infrastructure.ledger.connection import connect
from tests.bench.servers import Database

EVENTS_AN_AGGREGATE = 20
TEXT = "x" * 200
PATIENCE_SECONDS = 300.0


class Noticed(Aggregate):
    """Something to which things happen."""

    @event("Noted")
    def note(self, text: str) -> None:
        """Let something happen."""


class Noticing(Application[UUID]):
    """Records what happens."""


class Counts(PostgresTrackingRecorder):
    """Counts events, in the transaction that tracks them."""

    def __init__(self, datastore: PostgresDatastore, **kwargs: Any) -> None:
        super().__init__(datastore, **kwargs)
        self.counted_at = 0.0
        table = SQL("{}.{}").format(Identifier(datastore.schema), Identifier("counts"))
        self.sql_create_statements.append(
            SQL("create table if not exists {} (name text primary key, count bigint)").format(table)
        )
        self._count = SQL(
            "insert into {0} values (%s, 1) on conflict (name) do update set count = {0}.count + 1"
        ).format(table)

    def count(self, name: str, tracking: Tracking) -> None:
        """Count one event."""
        with self.datastore.transaction(commit=True) as cursor:
            self._insert_tracking(cursor, tracking)
            cursor.execute(self._count, (name,), prepare=True)
        self.counted_at = perf_counter()


class Counting(Projection[Counts]):
    """Counts every event."""

    name = "counting"
    topics = ()

    def process_event(  # pyright: ignore[reportIncompatibleVariableOverride]  # one for all events: none is dispatched
        self, domain_event: Any, tracking: Tracking
    ) -> None:
        """Count it."""
        self.view.count(type(domain_event).__name__, tracking)


class LibraryProjection:
    """An application of the library with so many events, which can be projected again and again."""

    def __init__(self, database: Database, events: int) -> None:
        self._database = database
        self._events = events
        self._environment = {
            "PERSISTENCE_MODULE": "eventsourcing.postgres",
            "POSTGRES_DBNAME": database.name,
            "POSTGRES_HOST": database.host,
            "POSTGRES_PORT": str(database.port),
            "POSTGRES_USER": database.superuser,
            "POSTGRES_PASSWORD": "",
            "POSTGRES_MAX_OVERFLOW": "10",
        }
        application = Noticing(self._environment)
        for _ in range(-(-events // EVENTS_AN_AGGREGATE)):
            one = Noticed()
            for _note in range(EVENTS_AN_AGGREGATE - 1):
                one.note(TEXT)
            application.save(one)
        application.close()

    def rate(self) -> float:
        """Project all events from the first on; events a second."""
        with connect(self._database.owner) as connection:
            connection.execute("drop table if exists counts, counting_tracking")
        began = perf_counter()
        with self._running() as runner:
            runner.wait(self._events, timeout=PATIENCE_SECONDS)
            return self._events / (runner.view.counted_at - began)

    @contextmanager
    def _running(self) -> Iterator["ProjectionRunner[Noticing, Counts]"]:
        with ProjectionRunner(
            application_class=Noticing, projection_class=Counting, view_class=Counts, env=self._environment
        ) as runner:
            yield runner
