"""What a ledger holds, and how it compares with one that was never killed."""

import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from msgspec import Struct

from infrastructure.composition import opened_ledger
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.verify import verify
from infrastructure.settings import Settings

DIGESTS = re.compile(rb'"(?:history_)?digest":"[0-9a-f]{64}"')
"""What differs between two ledgers of the same recording: it hangs on random salts."""


GAPS = "select partition from heartline.events group by 1 having min(position) <> 1 or max(position) <> count(*)"


class Delivered(Struct, frozen=True, order=True):
    """What one delivery came to in one stream: the first and the last version that it wrote."""

    first: int
    last: int
    fingerprint: bytes


class Held(Struct, frozen=True):
    """Everything that a ledger holds, by engine key: what two imports of one recording must agree on.

    Events are (type, payload without digests) in order, contents are bytes by (entry, revision).
    """

    streams: dict[str, list[tuple[str, bytes]]]
    contents: dict[str, dict[tuple[int, int], bytes]]
    deliveries: dict[str, list[Delivered]]

    @property
    def events(self) -> int:
        return sum(len(stream) for stream in self.streams.values())


@contextmanager
def ledger_of(home: Path) -> Iterator[Ledger]:
    """Open the ledger of a home, started and recovered as need be."""
    with opened_ledger(Settings(home=home, database_url=None)) as ledger:
        yield ledger


def held_by(ledger: Ledger) -> Held:
    keys: dict[object, str] = {}
    streams: dict[str, list[tuple[str, bytes]]] = {}
    query = "select stream, engine_key, type, payload from heartline.events order by partition, stream, version"
    for stream, engine_key, kind, payload in rows(ledger, query):
        keys[stream] = engine_key
        streams.setdefault(engine_key, []).append((kind, DIGESTS.sub(b"", payload)))
    contents: dict[str, dict[tuple[int, int], bytes]] = {key: {} for key in streams}
    for stream, entry, revision, data in rows(ledger, "select stream, entry, revision, bytes from heartline.content"):
        contents[keys[stream]][entry, revision] = data
    deliveries: dict[str, list[Delivered]] = {key: [] for key in streams}
    query = "select stream, first_version, last_version, fingerprint from heartline.deliveries order by 1, 2"
    for stream, first, last, fingerprint in rows(ledger, query):
        deliveries[keys[stream]].append(Delivered(first, last, fingerprint))
    return Held(streams, contents, deliveries)


def assert_sound(ledger: Ledger, reference: Held) -> Held:
    """Assert that nothing is broken, twice or out of order, whenever it was killed.

    Each stream must be a beginning of what it is in the ledger that was never killed, and whole deliveries of it.
    """
    assert verify(ledger).broken == []
    assert rows(ledger, GAPS) == []
    held = held_by(ledger)
    for key, stream in held.streams.items():
        assert stream == reference.streams[key][: len(stream)], key
        delivered = held.deliveries[key]
        assert delivered == reference.deliveries[key][: len(delivered)], key
        assert [version for one in delivered for version in range(one.first, one.last + 1)] == [
            number + 1 for number in range(len(stream))
        ], key
        known = reference.contents[key]
        assert all(known[place] == data for place, data in held.contents[key].items()), key
    return held


def assert_whole(ledger: Ledger, reference: Held) -> None:
    """Assert that a ledger is sound and holds all that the one holds that was never killed, and nothing else."""
    assert_same(assert_sound(ledger, reference), reference)


def assert_same(held: Held, reference: Held) -> None:
    assert held.streams.keys() == reference.streams.keys()
    for key, stream in reference.streams.items():
        assert held.streams[key] == stream, key
        assert held.contents[key] == reference.contents[key], key
        assert held.deliveries[key] == reference.deliveries[key], key


def assert_holds(held: Held, reference: Held, acknowledged: Iterable[bytes]) -> None:
    """Assert that all of these is there, by its fingerprints: in each of its streams, with all its events."""
    wanted = set(acknowledged)
    for key, delivered in reference.deliveries.items():
        missing = {one for one in delivered if one.fingerprint in wanted} - set(held.deliveries.get(key, ()))
        assert not missing, f"{len(missing)} acknowledged deliveries are missing in {key}"


def rows(ledger: Ledger, query: str, *parameters: object) -> list[tuple[Any, ...]]:
    with ledger.connection.cursor(binary=True) as cursor:
        return cursor.execute(query.encode(), parameters).fetchall()
