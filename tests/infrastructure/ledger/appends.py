"""Appends for tests."""

from collections.abc import Sequence
from functools import cache
from hashlib import sha256

from domain.entries import Revision
from domain.events import EntriesRecorded, Event, encode
from domain.keys import partition_of, stream_id
from infrastructure.ledger.appending import Append, Content
from infrastructure.ledger.ledger import Ledger

GATEWAY = "attic"


@cache
def key_in(partition: int, number: int = 0, partitions: int = 16) -> str:
    """Give the `number`-th engine key that lies in a partition."""
    found = (key for n in range(1_000_000) if partition_of(GATEWAY, key := f"agent:{n}:main", partitions) == partition)
    return [next(found) for _ in range(number + 1)][-1]


def told(
    engine_key: str,
    *payloads: bytes,
    expected: int | None = None,
    delivery: str | None = None,
    fingerprint: str | None = None,
    contents: Sequence[Content] = (),
) -> Append:
    """Append events of a type that is not the domain's."""
    return Append(
        gateway=GATEWAY,
        engine_key=engine_key,
        stream=stream_id(GATEWAY, engine_key),
        events=[("Told", payload) for payload in payloads],
        expected=expected,
        delivery=None if delivery is None else sha256(delivery.encode()).digest(),
        fingerprint=None if delivery is None else sha256((fingerprint or delivery).encode()).digest(),
        contents=contents,
    )


def happened(engine_key: str, *events: Event, contents: Sequence[Content] = ()) -> Append:
    """Append events of the domain."""
    return Append(
        gateway=GATEWAY,
        engine_key=engine_key,
        stream=stream_id(GATEWAY, engine_key),
        events=[(type(event).__name__, encode(event)) for event in events],
        contents=contents,
    )


def a_content(entry: int, text: bytes) -> Content:
    salt = sha256(b"%d" % entry).digest()[:16]
    return Content(entry, 1, text, salt, sha256(text).digest())


def recording(*contents: Content) -> EntriesRecorded:
    """Give the event that records these contents."""
    return EntriesRecorded(
        occurred_at=1,
        session_id="s",
        sighted="delivered",
        method="ingest",
        revisions=tuple(
            Revision(
                entry=one.entry,
                revision=one.revision,
                role="user",
                timestamp=one.entry,
                discriminator="",
                digest=sha256(one.salt + (one.data or b"")).hexdigest(),
                size=len(one.data or b""),
                tokens=1,
            )
            for one in contents
        ),
    )


def outcomes(ledger: Ledger, partition: int, *appends: Append) -> list[str]:
    return [one.outcome for one in ledger.append(partition, appends)]
