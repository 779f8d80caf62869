"""Where a reader of what was found has come to, newest first: the place of a hit, and which event stands there."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Annotated

from msgspec import Meta, Struct, json

from infrastructure.answers.cursor import PREFIX_BYTES
from infrastructure.answers.errors import BadCursor
from infrastructure.ledger.ledger import Ledger

Whole = Annotated[int, Meta(ge=-(2**63), le=2**63 - 1)]


class HitPlace(Struct, frozen=True, array_like=True):
    """The place of a hit among all: `at` in µs since the Unix epoch, `place` within its event."""

    at: Whole
    partition: Annotated[int, Meta(ge=0, le=2**31 - 1)]
    position: Annotated[int, Meta(ge=1, le=2**63 - 1)]
    place: Annotated[int, Meta(ge=0, le=2**63 - 1)]


class _Written(Struct, frozen=True, array_like=True):
    ledger: str
    place: HitPlace
    digest: str


def hit_cursor(ledger: Ledger, place: HitPlace, leaf: bytes) -> str:
    """Write the cursor of a hit, whose event has this leaf."""
    written = json.encode(_Written(ledger.ledger_id.hex, place, leaf[:PREFIX_BYTES].hex()))
    return urlsafe_b64encode(written).decode().rstrip("=")


def read_hit_cursor(ledger: Ledger, text: str) -> HitPlace:
    """Read the cursor of a hit.

    Raises:
        BadCursor: it is none, or its ledger or its history is another.
    """
    try:
        written = json.decode(urlsafe_b64decode(text.encode() + b"==="), type=_Written)
    except (ValueError, RecursionError):  # msgspec's errors are ValueErrors
        raise BadCursor("That is no cursor: take one from a line of `heartline search QUERY --json`.") from None
    place = written.place
    if written.ledger != ledger.ledger_id.hex:
        raise BadCursor("The cursor is of another ledger: begin without --after.")
    leaf = ledger.leaves([(place.partition, place.position)]).get((place.partition, place.position), b"")
    if leaf[:PREFIX_BYTES].hex() != written.digest:
        raise BadCursor("The cursor is of another history of this ledger: begin without --after.")
    return place
