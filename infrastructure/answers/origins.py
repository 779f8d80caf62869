"""Where entries came from: asked of all deliveries of the gateway, at the moment of the question."""

from collections.abc import Mapping
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
    deliveries: dict[bytes, list[_Delivery]] = {}
    identities = sorted({one.identity for one in asked.values()})
    for start in range(0, len(identities), IDENTITIES_AT_ONCE):
        wanted = {"gateway": place.gateway, "identities": identities[start : start + IDENTITIES_AT_ONCE]}
        for (
            identity,
            engine_key,
            session_id,
            version,
            occurred,
            recorded,
            partition,
            position,
            stream,
            equality,
        ) in library.rows("origins/deliveries", wanted):
            found = _Delivery(
                engine_key, session_id, version, occurred, recorded, partition, position, stream, equality
            )
            deliveries.setdefault(bytes(identity), []).append(found)
    return {
        number: entry_of(one.named, [found.sighting(place, one) for found in deliveries.get(one.identity, [])])
        for number, one in asked.items()
    }


class _Delivery(Struct, frozen=True):
    engine_key: str
    session_id: str
    version: int
    occurred_at: int
    recorded_at: int
    partition: int
    position: int
    stream: UUID
    equality: bytes | None

    def sighting(self, place: Place, asked: Asked) -> Sighting:
        return Sighting(
            engine_key=self.engine_key,
            session_id=self.session_id,
            version=self.version,
            occurred_at=self.occurred_at,
            recorded_at=self.recorded_at,
            partition=self.partition,
            position=self.position,
            own_stream=self.stream == place.stream,
            same_content=self.equality is not None and bytes(self.equality) in asked.equalities,
        )
