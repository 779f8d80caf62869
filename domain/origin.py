"""Where an entry came from: who delivered it first, and whether that makes it foreign to a tick (contracts,
"Replay").
"""

from collections.abc import Iterable

from msgspec import Struct


class Sighting(Struct, frozen=True):
    """A delivery of an entry, anywhere in a gateway. Times in µs; `version` and `entry` are of the delivering stream.

    `own_stream` and `same_content` compare it with the entry that is asked about.
    """

    engine_key: str
    session_id: str
    version: int
    occurred_at: int
    recorded_at: int
    partition: int
    position: int
    own_stream: bool
    same_content: bool

    @property
    def order(self) -> tuple[int, int, int, int]:
        """By what the first of several is told, whatever the order in which they were imported."""
        return (self.occurred_at, self.recorded_at, self.partition, self.position)


class Entry(Struct, frozen=True):
    """What is known of where an entry came from: its deliveries, least first, as far as they count for it.

    An entry to which the host gave no id (`named` is false) is taken for the same across streams only where its content
    is equal too, and in a session that delivered it itself it is that session's.
    """

    named: bool
    deliveries: tuple[Sighting, ...]

    def origin(self, session_id: str) -> Sighting | None:
        """Give the delivery by which the entry came to be, as a context of this session has to see it."""
        if not self.named:
            own = next((one for one in self.deliveries if one.session_id == session_id), None)
            if own is not None:
                return own
        return self.deliveries[0] if self.deliveries else None

    def foreign(self, session_id: str) -> bool | None:
        """Say whether the entry was first delivered under another session; None where no delivery is on record."""
        origin = self.origin(session_id)
        return None if origin is None else origin.session_id != session_id


def entry_of(named: bool, sightings: Iterable[Sighting]) -> Entry:
    """Put together what is known of an entry from all its deliveries in the gateway."""
    counted = [one for one in sightings if named or one.own_stream or one.same_content]
    return Entry(named, tuple(sorted(counted, key=lambda one: one.order)))
