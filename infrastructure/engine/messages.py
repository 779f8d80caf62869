"""Messages and texts as a runtime hands them over: known by their bytes, and entries by the host's rule of identity."""

from collections.abc import Sequence

from domain.entries import Identity, Seen
from infrastructure.engine.errors import BadRequest
from infrastructure.openclaw.bad_line import BadLine
from infrastructure.openclaw.described import described
from infrastructure.openclaw.lossless import text_of
from infrastructure.openclaw.messages import decode_message
from infrastructure.recorder.contents import Contents, Described, Met


def met_messages(messages: Sequence[bytes], contents: Contents) -> Met:
    """Meet the messages of a request; those that the stream holds are not read again.

    A message needs a timestamp: without one, every message of its role that has no id would be the same entry, and
    replace the one before it. For the same reason no two of a request may be the same entry with other bytes.

    Raises:
        BadRequest: one is no message, lacks its timestamp, or is the same entry as another.
    """
    places: dict[Identity, int] = {}

    def describe(place: int, raw: bytes) -> Described:
        try:
            message = decode_message(raw, f"messages[{place}]")
        except BadLine as error:
            raise BadRequest(f"{error.reason}.") from None
        if message.timestamp is None:
            raise BadRequest(f"`messages[{place}].timestamp` is missing: entries are known by it. Give one, in ms.")
        identity = Identity(message.role, message.timestamp, message.d)
        earlier = places.setdefault(identity, place)
        if earlier != place:
            raise BadRequest(
                f"`messages[{place}]` has the role, timestamp and id of `messages[{earlier}]`, so that both would be"
                " one entry: give them ids or other timestamps."
            )
        calls = tuple(reduced for call in message.tool_calls if (reduced := _reduced(call.id)))
        return described(message, raw, calls=calls)

    return contents.meet(messages, describe)


def met_text(text: bytes | None, contents: Contents) -> Seen | None:
    """Meet a text that is no message, if there is one."""
    return None if text is None else contents.text(text, len(text_of(text)))


def _reduced(call_id: str) -> str:
    """Reduce the id of a tool call as that of its result is (contracts, "which entry it is")."""
    return "".join(one for one in call_id if one.isascii() and one.isalnum())
