"""The fold of streams."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any
from uuid import UUID

from msgspec import Struct, json, to_builtins
from msgspec.structs import replace
from psycopg import Connection
from psycopg.rows import class_row

from domain.engine import Phase, phase_after
from domain.events import EngineOpened
from domain.keys import kind_of, routing_key_of
from projections.projection import Recorded
from projections.sql import statement


class StreamRow(Struct, frozen=True):
    """What a stream has come to. Times in µs since the Unix epoch."""

    stream: UUID
    gateway: str
    engine_key: str
    routing_key: str
    session_id: str | None
    kind: str
    phase: Phase
    events: int
    first_at: int
    last_at: int


def fold(known: Mapping[UUID, StreamRow], events: Iterable[Recorded]) -> dict[UUID, StreamRow]:
    """Give the rows that change."""
    rows: dict[UUID, StreamRow] = {}
    for one in events:
        event = one.event
        row = rows.get(one.stream) or known.get(one.stream)
        if row is None:
            routing_key = event.routing_key if isinstance(event, EngineOpened) else routing_key_of(one.engine_key)
            row = StreamRow(
                stream=one.stream,
                gateway=one.gateway,
                engine_key=one.engine_key,
                routing_key=routing_key,
                session_id=None,
                kind=event.kind if isinstance(event, EngineOpened) else kind_of(one.engine_key),
                phase="fresh",
                events=0,
                first_at=event.occurred_at,
                last_at=event.occurred_at,
            )
        rows[one.stream] = replace(
            row,
            session_id=getattr(event, "session_id", None) or row.session_id,
            phase=phase_after(row.phase, event),
            events=row.events + 1,
            first_at=min(row.first_at, event.occurred_at),
            last_at=max(row.last_at, event.occurred_at),
        )
    return rows


class Streams:
    """The projection."""

    name = "streams"

    def apply(self, connection: Connection[Any], partition: int, events: Sequence[Recorded], after: int) -> bool:
        """Fold a batch."""
        place = {"partition": partition, "streams": list({one.stream for one in events})}
        with connection.cursor(row_factory=class_row(StreamRow)) as cursor:
            known = {row.stream: row for row in cursor.execute(statement("streams/known"), place)}
        rows = [{**to_builtins(row), "partition": partition} for row in fold(known, events).values()]
        written = connection.execute(
            "select heartline.apply_streams(%s, %s, %s, %s)",
            (partition, after, events[-1].position, json.encode(rows).decode()),
        ).fetchone()
        return bool(written and written[0])
