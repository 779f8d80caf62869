"""That the type beside an event is the one in its payload."""

from typing import get_args

import msgspec

from domain.events import Event

OURS = frozenset(one.__name__ for one in get_args(Event))
"""The types of the domain; events of others (the library's) are not looked into."""


class _Typed(msgspec.Struct, frozen=True):
    type: str | None = None


_TYPED = msgspec.json.Decoder(_Typed)


def wrong_type(kind: str, payload: bytes) -> str | None:
    """Say what is wrong with the type of an event; None if nothing is."""
    try:
        written = _TYPED.decode(payload).type
    except ValueError:
        written = None
    if written == kind or (kind not in OURS and written not in OURS):
        return None
    return f"its type is {kind!r} and its payload's is {written!r}"
