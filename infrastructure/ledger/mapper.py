"""The library's mapper for the events of the domain: `EventStore(EventMapper(), recorder)` gives them back."""

from eventsourcing.domain import DomainEventProtocol
from eventsourcing.persistence import JSONTranscoder, Mapper, StoredEvent
from msgspec import Struct

from domain.events import Event, decode, encode
from infrastructure.ledger.recorders import OriginatorId


class StreamEvent(Struct, frozen=True):
    """An event of the domain at its place: an engine key, or an id of the library, and a version."""

    originator_id: OriginatorId
    originator_version: int
    event: Event


class EventMapper(Mapper[OriginatorId]):
    """Writes and reads payloads as the rest of Heartline does.

    Events that record entries need their content beside them, which the library's contracts have no place for: those
    are appended through `Ledger.append`, and read through this.
    """

    def __init__(self) -> None:
        super().__init__(JSONTranscoder())

    def to_stored_event(self, domain_event: DomainEventProtocol[OriginatorId]) -> StoredEvent:
        """Write an event."""
        if not isinstance(domain_event, StreamEvent):
            raise TypeError(f"{type(domain_event).__name__} is no StreamEvent.")
        return StoredEvent(
            originator_id=domain_event.originator_id,
            originator_version=domain_event.originator_version,
            topic=type(domain_event.event).__name__,
            state=encode(domain_event.event),
        )

    def to_domain_event(self, stored_event: StoredEvent) -> StreamEvent:
        """Read an event, of any schema that was ever written."""
        return StreamEvent(stored_event.originator_id, stored_event.originator_version, decode(stored_event.state))
