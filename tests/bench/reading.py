"""Read a stream and decode its events, against the library's event store."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from time import perf_counter
from typing import Any
from uuid import UUID, uuid4

from eventsourcing.domain import DomainEvent
from eventsourcing.persistence import (
    DatetimeAsISO,
    DecimalAsStr,
    EventStore,
    JSONTranscoder,
    Mapper,
    UUIDAsHex,
)
from msgspec import to_builtins

from domain.events import Event, decode, encode
from domain.keys import stream_id
from infrastructure.ledger.appending import Append
from infrastructure.ledger.ledger import Ledger
from tests.bench.figures import Figure, figure_of, rate, ratios
from tests.bench.payloads import turns
from tests.bench.peers import GATEWAY, library_recorder, make_tables
from tests.bench.rounds import Options, interleave
from tests.bench.servers import Server

EVENTS = 20_000
KEY = "agent:main:main"


@dataclass(frozen=True)
class Happened(DomainEvent):
    """An event of the library's kind; the fields of ours stand beside its own."""


def measure(server: Server, options: Options) -> Iterator[Figure]:
    """Measure events a second."""
    events = list(islice(turns(), EVENTS))
    with server.database("reading") as database:
        make_tables(database)
        recorder = library_recorder(database)
        store = EventStore(Mapper[UUID](_transcoder()), recorder)
        stream = uuid4()
        for first in range(0, EVENTS, 100):
            store.put([_as_library(stream, first + n, one) for n, one in enumerate(events[first : first + 100], 1)])
        with Ledger.open(database.service) as ledger:
            _append(ledger, events)
            found = interleave(
                options.rounds, {"ours": partial(_read, ledger), "library": partial(_read_library, store, stream)}
            )
        recorder.datastore.close()
    yield figure_of(
        "read and decode / library",
        ratios(found["ours"], found["library"]),
        target=2,
        note=f"{rate(found['ours'])} against {rate(found['library'])}, {EVENTS:,} events",
    )


def _read(ledger: Ledger) -> float:
    began = perf_counter()
    count = sum(1 for row in ledger.stream(GATEWAY, KEY) if decode(row.payload).occurred_at)
    if count != EVENTS:
        raise AssertionError(count)
    return count / (perf_counter() - began)


def _read_library(store: EventStore[UUID], stream: UUID) -> float:
    began = perf_counter()
    count = sum(1 for one in store.get(stream) if one.originator_version)
    if count != EVENTS:
        raise AssertionError(count)
    return count / (perf_counter() - began)


def _append(ledger: Ledger, events: list[Event]) -> None:
    for first in range(0, EVENTS, 1000):
        append = Append(
            gateway=GATEWAY,
            engine_key=KEY,
            stream=stream_id(GATEWAY, KEY),
            events=[(type(one).__name__, encode(one)) for one in events[first : first + 1000]],
            expected=first,
        )
        ledger.append(ledger.partition_of(GATEWAY, KEY), [append])


def _as_library(stream: UUID, version: int, event: Event) -> Happened:
    """Make an event of the library's kind, with the time that its own events carry."""
    fields: dict[str, Any] = to_builtins(event)
    at = datetime.fromtimestamp(fields.pop("occurred_at") / 1e6, UTC)
    made = Happened(originator_id=stream, originator_version=version, timestamp=at)
    vars(made).update(fields)
    return made


def _transcoder() -> JSONTranscoder:
    transcoder = JSONTranscoder()
    for transcoding in (UUIDAsHex(), DecimalAsStr(), DatetimeAsISO()):
        transcoder.register(transcoding)
    return transcoder
