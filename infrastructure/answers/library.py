"""What answers are read from: a ledger, and its projections brought up to date."""

from collections.abc import Callable
from typing import Any
from uuid import UUID

from msgspec import Struct
from psycopg.rows import class_row

from domain.engine import Phase
from domain.keys import Kind, stream_id
from infrastructure.answers.errors import UnknownStream
from infrastructure.answers.known import unknown
from infrastructure.ledger.connection import losing_the_database
from infrastructure.ledger.ledger import Ledger
from projections.catalogue import PROJECTIONS
from projections.machinery.generations import generations, outdated, renew
from projections.machinery.projector import Projector
from projections.sql import statement


class StreamFound(Struct, frozen=True):
    """A stream as it is listed. Times in µs since the Unix epoch."""

    gateway: str
    engine_key: str
    routing_key: str
    session_id: str | None
    kind: Kind
    phase: Phase
    events: int
    first_at: int
    last_at: int


class Place(Struct, frozen=True):
    """A stream, and where it lies."""

    gateway: str
    engine_key: str
    routing_key: str
    partition: int
    stream: UUID

    @property
    def parameters(self) -> dict[str, Any]:
        """What queries call it by."""
        return {"partition": self.partition, "stream": self.stream}


class Library:
    """Reads a ledger and its projections."""

    def __init__(self, ledger: Ledger) -> None:
        self.ledger = ledger
        self._projectors: dict[tuple[str, ...], Projector] = {}

    def refresh(self, *models: str) -> dict[int, int]:
        """Bring these read models, or all, up to everything that is in the ledger now; give the offsets that answers
        rest on. Name those that an answer is read from: the others' work is not its.
        """
        projector = self._projector(models)
        with losing_the_database():
            ends, behind = projector.ends_and_behind()
        projector.catch_up(ends, behind)
        return ends

    def _projector(self, models: tuple[str, ...] = ()) -> Projector:
        if models not in self._projectors:
            folded = [one for one in PROJECTIONS if not models or one.name in models]
            self._projectors[models] = Projector(self.ledger.connection, folded)
        return self._projectors[models]

    def ends(self) -> dict[int, int]:
        """Give the last position of every partition."""
        return {head.partition: head.position for head in self.ledger.heads()}

    def renew(self, go_on: Callable[[], bool] = lambda: True) -> bool:
        """Fill anew what another version of Heartline has folded, beside what is read, and let it take over.

        Say whether nothing is left of another version. `go_on` is asked before each batch.
        """
        return all(
            renew(self.ledger.connection, one, self.ends, go_on)
            for one in outdated(self.ledger.connection, PROJECTIONS)
        )

    def behind(self) -> int:
        """Count the events that at least one projection has not folded yet."""
        with losing_the_database():
            ends, behind = self._projector().ends_and_behind()
        return sum(ends[partition] - position for partition, position in behind.items())

    def set_aside(self) -> int:
        """Count what read models that are read could not take: events, for each read model."""
        found = generations(self.ledger.connection)
        return sum(one.set_aside for one in found if one.state == "live")

    def streams(
        self, gateway: str | None = None, engine_key: str | None = None, routing_key: str | None = None
    ) -> list[StreamFound]:
        """List the streams of a gateway, engine key or routing key; of all where None."""
        wanted = {"gateway": gateway, "engine_key": engine_key, "routing_key": routing_key}
        with self.ledger.connection.cursor(row_factory=class_row(StreamFound)) as cursor:
            return cursor.execute(statement("engines/list"), wanted).fetchall()

    def check_gateway(self, gateway: str | None) -> None:
        """Refuse a gateway of which nothing is on record: nothing would be found, as if all were well.

        Raises:
            UnknownStream: there is none of this name; it names the candidates.
        """
        if gateway is None or self.rows("engines/has_gateway", {"gateway": gateway})[0][0]:
            return
        names = [name for (name,) in self.rows("engines/gateways", {})]
        hint = f"There are {', '.join(names)}." if names else "The ledger holds no stream yet."
        raise UnknownStream(f"No gateway {gateway} is on record. {hint}")

    def place(self, engine_key: str, gateway: str | None = None) -> Place:
        """Find the one stream of an engine key.

        Raises:
            UnknownStream: there is none, or several gateways have one; it names the candidates.
        """
        found = self.streams(gateway, engine_key)
        if len(found) > 1:
            gateways = ", ".join(sorted(one.gateway for one in found))
            raise UnknownStream(
                f"{len(found)} gateways have an engine {engine_key}: say --gateway with one of {gateways}."
            )
        if not found:
            raise unknown(self.rows, "engine_key", engine_key, gateway)
        return self.placed(found[0].gateway, engine_key, found[0].routing_key)

    def placed(self, gateway: str, engine_key: str, routing_key: str) -> Place:
        """Say where a stream lies."""
        partition = self.ledger.partition_of(gateway, engine_key)
        return Place(gateway, engine_key, routing_key, partition, stream_id(gateway, engine_key))

    def rows(self, query: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
        """Ask a projection."""
        with self.ledger.connection.cursor(binary=True) as cursor:
            return cursor.execute(statement(query), parameters).fetchall()
