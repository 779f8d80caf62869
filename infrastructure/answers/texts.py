"""Content as people read it."""

from msgspec import Raw, Struct

from infrastructure.ledger.ledger import Held
from infrastructure.openclaw.lossless import text_of
from infrastructure.openclaw.messages import decode_message, message_text


class Told(Struct, frozen=True):
    """What the bytes of a message or of a text say; `message` is the bytes themselves, as JSON. Where they were erased,
    `text` is None and `message` null.

    `calls` names the tools that the message calls.
    """

    text: str | None
    message: Raw
    evidence: str
    host_context: bool = False
    calls: tuple[str, ...] = ()


ERASED = Told(None, Raw(b"null"), "redacted")


def told(held: Held) -> Told:
    """Read content."""
    if held.data is None:
        return ERASED
    data = bytes(held.data)
    if data.startswith(b'"'):
        return Told(text_of(data), Raw(data), "recorded")
    message = decode_message(data)
    calls = tuple(call.name for call in message.tool_calls)
    return Told(message_text(data), Raw(data), "recorded", message.host_context, calls)
