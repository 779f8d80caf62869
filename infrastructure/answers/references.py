"""How people name a context: by its engine key, by `ENGINE_KEY#CALL`, or by an event id."""

import re

from msgspec import Struct

from domain.events import Basis, ContextAssembled, PromptSubmitted, decode
from infrastructure.answers.errors import UnknownContext, UnknownStream
from infrastructure.answers.events import EVENT_ID
from infrastructure.answers.library import Library, Place

_CALL = re.compile(r"[0-9]{1,18}")


class Referred(Struct, frozen=True):
    """A stream and, where the reference said so, a context of it."""

    place: Place
    basis: Basis = "assembled"
    number: int | None = None


def referred(library: Library, reference: str, gateway: str | None) -> Referred:
    """Find what a reference means. A key that stands in the ledger as it is comes first: keys may hold a `#`.

    Raises:
        UnknownStream: no stream, or more than one, is meant.
        UnknownContext: the event records no context.
    """
    event_id = EVENT_ID.fullmatch(reference)
    if event_id is not None:
        return _of_event(library, int(event_id[1]), int(event_id[2]))
    key, mark, call = reference.rpartition("#")
    if mark and _CALL.fullmatch(call) and not library.streams(gateway, reference):
        return Referred(library.place(key, gateway), "assembled", int(call))
    return Referred(library.place(reference, gateway))


def _of_event(library: Library, partition: int, position: int) -> Referred:
    row = library.ledger.event(partition, position)
    if row is None:
        raise UnknownStream(f"There is no event {partition}-{position}: `heartline events` lists what there is.")
    place = library.place(row.engine_key, row.gateway)
    match decode(row.payload):
        case ContextAssembled(call=number):
            return Referred(place, "assembled", number)
        case PromptSubmitted(number=number):
            return Referred(place, "submitted", number)
        case other:
            name = type(other).__name__
            raise UnknownContext(f"Event {partition}-{position} is a {name}, which records no context.")
