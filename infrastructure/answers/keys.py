"""Answers about keys: which routing key, engine key, session and transcript belonged together, over time."""

from collections.abc import Sequence

from msgspec import Struct

from domain.keys import Kind
from infrastructure.answers.library import Library
from infrastructure.answers.listing import Listing
from infrastructure.answers.objects import EngineKey, EventId, Gateway, RoutingKey, Time
from infrastructure.answers.times import rfc3339


class KeyFound(Struct, frozen=True):
    """A period in which an engine key was with a session. Times in µs; `at` is of its first event."""

    at: int
    partition: int
    position: int
    gateway: str
    routing_key: str
    engine_key: str
    agent: str | None
    kind: Kind
    session_id: str
    transcript: str | None
    heartbeat: bool | None
    first_version: int
    last_version: int
    last_at: int
    events: int


class KeyAnswer(Struct, frozen=True):
    """A period in which an engine key was with a session: from the session's first event to its last before another's.
    A session that comes back begins another period.

    `events` name the session. `transcript` is where the host keeps its messages, None where it did not say; `heartbeat`
    says whether the host called any of it a heartbeat, None where it did not say.
    """

    gateway: Gateway
    routing_key: RoutingKey
    engine_key: EngineKey
    agent: str | None
    kind: Kind
    session_id: str
    transcript: str | None
    heartbeat: bool | None
    first_at: Time
    last_at: Time
    first_version: int
    last_version: int
    first_event: EventId
    events: int


def key_answers(_library: Library, rows: Sequence[KeyFound]) -> list[KeyAnswer]:
    """Write periods."""
    return [
        KeyAnswer(
            gateway=row.gateway,
            routing_key=row.routing_key,
            engine_key=row.engine_key,
            agent=row.agent,
            kind=row.kind,
            session_id=row.session_id,
            transcript=row.transcript,
            heartbeat=row.heartbeat,
            first_at=rfc3339(row.at),
            last_at=rfc3339(row.last_at),
            first_version=row.first_version,
            last_version=row.last_version,
            first_event=f"{row.partition}-{row.position}",
            events=row.events,
        )
        for row in rows
    ]


KEYS = Listing(
    name="keys",
    command="keys",
    statement="keys/list",
    reads=("engines", "keys"),
    row=KeyFound,
    answers=key_answers,
    answer=KeyAnswer,
    columns=("engine_key", "session_id", "transcript", "events", "first_at"),
    summary="List which routing key, engine key, session and transcript belonged together, over time.",
    order="Each is a period in which an engine key was with a session; its time is that of its first event.",
    of_sessions=True,
)
