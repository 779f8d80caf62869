"""Content as people read it."""

from msgspec import Raw, Struct

from infrastructure.ledger.ledger import Held
from infrastructure.openclaw.lossless import text_of
from infrastructure.openclaw.messages import decode_message, message_text


class Told(Struct, frozen=True):
    """What the bytes of a message or of a text say; `message` is the bytes themselves, as JSON. Where they were erased
    or never kept, `text` is None and `message` null.

    `evidence` is `redacted` then, and where they are not the original, since its secrets were masked. `calls` names
    the tools that the message calls.
    """

    text: str | None
    message: Raw
    evidence: str
    host_context: bool = False
    calls: tuple[str, ...] = ()


NOT_KEPT = Told(None, Raw(b"null"), "redacted")


def told(held: Held) -> Told:
    """Read content."""
    if held.data is None:
        return NOT_KEPT
    data = bytes(held.data)
    evidence = "redacted" if held.redacted else "recorded"
    if data.startswith(b'"'):
        return Told(text_of(data), Raw(data), evidence)
    message = decode_message(data)
    calls = tuple(call.name for call in message.tool_calls)
    return Told(message_text(data), Raw(data), evidence, message.host_context, calls)
