"""What is recorded beside a message of the host: who it is, and what it says of itself."""

from domain.entries import Billed, Identity
from infrastructure.openclaw.calls import Usage
from infrastructure.openclaw.messages import Message, message_text
from infrastructure.recorder.contents import Described

SUMMARY_FORM = "The conversation history before this point was compacted into the following summary:\n\n<summary>\n"
"""How both releases tell a model a summary: as a user's message that begins so. An engine is handed it before that, as
a message whose role is `compactionSummary`.
"""

_FORM_HINT = b"compacted into the following summary"


def described(
    message: Message,
    raw: bytes,
    *,
    discriminator: str | None = None,
    truncated: bool = False,
    calls: tuple[str, ...] = (),
) -> Described:
    """Describe a message, given as read and as its exact bytes; `discriminator` stands for its own if there is one."""
    return Described(
        Identity(message.role, message.timestamp, message.d if discriminator is None else discriminator),
        message.characters,
        truncated,
        calls=calls,
        tools=_tools(message),
        billed=billed(message.usage) if message.role == "assistant" else None,
        summary=message.role == "user" and _FORM_HINT in raw and message_text(raw).startswith(SUMMARY_FORM),
    )


def _tools(message: Message) -> tuple[str, ...]:
    match message.role:
        case "assistant":
            return tuple([call.name for call in message.tool_calls if call.name])
        case "toolResult" if message.tool_name:
            return (message.tool_name,)
        case _:
            return ()


def billed(usage: Usage | None) -> Billed | None:
    """Give what was billed; where all is zero, the host knew nothing (it writes so after a compaction)."""
    if usage is None:
        return None
    counts = [max(count or 0, 0) for count in (usage.input, usage.output, usage.cache_read, usage.cache_write)]
    return Billed(*counts) if any(counts) else None
