"""Where entries came from: asked of all deliveries of the gateway, at the moment of the question."""

from collections.abc import Collection, Iterable, Mapping
from uuid import UUID

from msgspec import Struct

from domain.origin import Entry, Sighting, entry_of
from infrastructure.answers.library import Library, Place

IDENTITIES_AT_ONCE = 2_000


class Asked(Struct, frozen=True):
    """An entry whose origin is asked for: its identity's digest, whether its host named it, and the keyed hashes of the
    contents that its stream holds of it.
    """

    identity: bytes
    named: bool
    equalities: frozenset[bytes]


def origins_of(library: Library, place: Place, asked: Mapping[int, Asked]) -> dict[int, Entry]:
    """Give what is known of the origin of some entries of a stream, by their numbers."""
    deliveries = deliveries_of(library, place.gateway, {one.identity for one in asked.values()})
    return {number: known_of(place.stream, one, deliveries.get(one.identity, ())) for number, one in asked.items()}


def deliveries_of(library: Library, gateway: str, identities: Collection[bytes]) -> dict[bytes, list["Delivery"]]:
    """Give all deliveries of some identities (digests) in a gateway, by identity."""
    deliveries: dict[bytes, list[Delivery]] = {}
    ordered = sorted(identities)
    for start in range(0, len(ordered), IDENTITIES_AT_ONCE):
        wanted = {"gateway": gateway, "identities": ordered[start : start + IDENTITIES_AT_ONCE]}
        for identity, *told in library.rows("origins/deliveries", wanted):
            deliveries.setdefault(bytes(identity), []).append(Delivery(*told))
    return deliveries


def known_of(stream: UUID, asked: Asked, deliveries: Iterable["Delivery"]) -> Entry:
    """Put together what is known of an entry of a stream from all deliveries of its identity."""
    return entry_of(asked.named, [found.sighting(stream, asked) for found in deliveries])


class Delivery(Struct, frozen=True):
    """A delivery of an entry, anywhere in a gateway. Times in µs; `equality` is the keyed hash of its content."""

    engine_key: str
    session_id: str
    version: int
    occurred_at: int
    recorded_at: int
    partition: int
    position: int
    stream: UUID
    equality: bytes | None

    def sighting(self, stream: UUID, asked: Asked) -> Sighting:
        """Say what it is to an entry of a stream."""
        return Sighting(
            engine_key=self.engine_key,
            session_id=self.session_id,
            version=self.version,
            occurred_at=self.occurred_at,
            recorded_at=self.recorded_at,
            partition=self.partition,
            position=self.position,
            own_stream=self.stream == stream,
            same_content=self.equality is not None and bytes(self.equality) in asked.equalities,
        )
