"""One message of a context: what its identity and its display need, read from its exact bytes."""

import math
import re
from collections.abc import Iterable, Iterator, Sequence

import msgspec

from infrastructure.openclaw.bad_line import BadLine, kind_of, mistyped
from infrastructure.openclaw.calls import Usage
from infrastructure.openclaw.lossless import (
    MAX_WHOLE,
    MIN_WHOLE,
    elements,
    has_escapes,
    legible,
    members,
    plain_numbers,
    text_of,
)
from infrastructure.openclaw.shapes import Reader, check_line
from infrastructure.openclaw.times import microseconds


class ToolCall(msgspec.Struct, frozen=True):
    """A tool that an assistant's message calls; either text is "" where the host left it out."""

    name: str
    id: str


class Message(msgspec.Struct, frozen=True):
    """What the bytes of a message say; all texts are legible.

    `timestamp` is in milliseconds since the Unix epoch: a fraction is cut off, RFC 3339 text is converted, and
    what is neither, or doesn't fit 64 bits, is None. `d` is the discriminator of the entry's identity.
    `characters` is what tokens are estimated from: the text and the JSON of tool calls' arguments. What the host
    adds for its own use (`partialArgs`, `details`, signatures) isn't counted, nor are images and thoughts.
    """

    role: str
    timestamp: int | None
    d: str
    characters: int
    tool_calls: tuple[ToolCall, ...]
    tool_name: str | None
    stop_reason: str | None
    error_message: str | None
    usage: Usage | None
    host_context: bool


class _Part(msgspec.Struct, frozen=True):
    type: str | None = None
    text: str | None = None
    id: str | None = None
    name: str | None = None
    arguments: msgspec.Raw = msgspec.Raw()


class _Head(msgspec.Struct, frozen=True, rename="camel"):
    role: str
    timestamp: int | float | str | None = None
    content: str | list[_Part] | None = None
    summary: str | None = None
    idempotency_key: str | None = None
    response_id: str | None = None
    tool_call_id: str | None = None
    tool_name: str | None = None
    stop_reason: str | None = None
    error_message: str | None = None
    runtime_context_carrier: bool | None = None
    usage: Usage | None = None


class _Role(msgspec.Struct, frozen=True):
    role: str


_HEAD = msgspec.json.Decoder(_Head)
_ROLE = Reader(_Role)
_USAGE = Reader(Usage)

_DISCRIMINATOR = {"user": "idempotencyKey", "assistant": "responseId", "toolResult": "toolCallId"}
_NOT_ALPHANUMERIC = re.compile(r"[^A-Za-z0-9]")


def decode_message(raw: bytes, where: str = "message") -> Message:
    """Read one message, given as its exact bytes, that stands at the path `where` of a line.

    It must be an object with a role. What identity rests on (the timestamp, and the role's own id) must be of
    the right kind if it is there; anything else of a strange kind counts as absent.
    """
    head = _head(raw, where)
    text, tool_calls, arguments = _body(head)
    d = ""
    match head.role:
        case "user":
            d = head.idempotency_key or ""
        case "assistant":
            d = head.response_id or ""
        case "toolResult":
            d = _NOT_ALPHANUMERIC.sub("", head.tool_call_id or "")
    message = Message(
        role=head.role,
        timestamp=_milliseconds(head.timestamp),
        d=d,
        characters=len(text) + arguments,
        tool_calls=tool_calls,
        tool_name=head.tool_name,
        stop_reason=head.stop_reason,
        error_message=head.error_message,
        usage=head.usage,
        host_context=head.runtime_context_carrier is True,
    )
    return _legible(message) if has_escapes(raw) else message


def decode_messages(raws: Iterable[bytes], where: str = "messages") -> list[Message]:
    """Read the messages of the list that stands at the path `where` of a line."""
    messages: list[Message] = []
    for raw in raws:
        try:
            messages.append(decode_message(raw, ""))
        except BadLine:
            decode_message(raw, f"{where}[{len(messages)}]")  # again, to name its place
            raise
    return messages


def message_text(raw: bytes) -> str:
    """Give the text of a message: of its text parts, of its content, or a summary's.

    Lone surrogates and NULs are kept. What isn't readable as a message has no text.
    """
    try:
        return _body(_head(raw, ""))[0]
    except BadLine:
        return ""


def occurrence_discriminators(messages: Sequence[Message | None]) -> list[str]:
    """Give the discriminator of each entry of a submitted context; None, and "", is a message cut away.

    May's host numbers the ids of a tool call that occurs repeatedly in one context: `call1`, then `call12`. So a
    tool result whose discriminator is that of an earlier one with the same timestamp, and digits behind it, is
    another occurrence of the same entry. But not within one run of tool results: those are calls that ran side
    by side, and no entry occurs twice without its call in between.
    """
    given: list[str] = []
    before: dict[int | None, set[str]] = {}
    running: list[Message] = []
    for message in messages:
        if message is None or message.role != "toolResult":
            for result in running:
                before.setdefault(result.timestamp, set()).add(result.d)
            running.clear()
            given.append("" if message is None else message.d)
            continue
        earlier = set[str]() if message.timestamp is None else before.get(message.timestamp, set())
        d = _first_form(message.d, earlier)
        if d == message.d:
            running.append(message)
        given.append(d)
    return given


def _first_form(d: str, earlier: set[str]) -> str:
    if d in earlier:
        return d
    stem = len(d.rstrip("0123456789"))
    return next((d[:end] for end in range(len(d) - 1, max(stem, 1) - 1, -1) if d[:end] in earlier), d)


def _head(raw: bytes, where: str) -> _Head:
    try:
        return _HEAD.decode(raw)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return _unusual_head(raw, where)


def _unusual_head(raw: bytes, where: str) -> _Head:
    """Read a message that holds lone surrogates, or something of a strange kind, member by member."""
    check_line(raw)
    role = _ROLE.read(raw, where).role
    own = members(raw)
    if key := _DISCRIMINATOR.get(role):
        value = own.get(key, b"null")
        if kind_of(value) not in ("a string", "null"):
            raise mistyped(f"{where}.{key}".removeprefix("."), "a string", value)
    return _Head(
        role=role,
        timestamp=_unusual_time(own.get("timestamp", b"null"), f"{where}.timestamp".removeprefix(".")),
        content=_unusual_content(own.get("content", b"null")),
        summary=_string(own, "summary"),
        idempotency_key=_string(own, "idempotencyKey"),
        response_id=_string(own, "responseId"),
        tool_call_id=_string(own, "toolCallId"),
        tool_name=_string(own, "toolName"),
        stop_reason=_string(own, "stopReason"),
        error_message=_string(own, "errorMessage"),
        runtime_context_carrier=own.get("runtimeContextCarrier") == b"true",
        usage=_unusual_usage(own.get("usage", b"null")),
    )


def _string(own: dict[str, bytes], key: str) -> str | None:
    value = own.get(key, b"null")
    return text_of(value) if value.startswith(b'"') else None


def _unusual_time(value: bytes, path: str) -> int | float | str | None:
    match kind_of(value):
        case "null":
            return None
        case "a string":
            return text_of(value)
        case "a number":
            plain = plain_numbers(value)
            return int(plain) if plain.removeprefix(b"-").isdigit() else float(plain)
        case _:
            raise mistyped(path, "a time", value)


def _unusual_content(value: bytes) -> str | list[_Part] | None:
    match kind_of(value):
        case "a string":
            return text_of(value)
        case "a list":
            return [_unusual_part(members(part)) for part in elements(value) if part.startswith(b"{")]
        case _:
            return None


def _unusual_part(own: dict[str, bytes]) -> _Part:
    return _Part(
        type=_string(own, "type"),
        text=_string(own, "text"),
        id=_string(own, "id"),
        name=_string(own, "name"),
        arguments=msgspec.Raw(own.get("arguments", b"")),
    )


def _unusual_usage(value: bytes) -> Usage | None:
    try:
        return _USAGE.read(value)
    except BadLine:
        return None


def _body(head: _Head) -> tuple[str, tuple[ToolCall, ...], int]:
    """Give the text of a message, its tool calls, and how many characters their arguments have."""
    content = head.content
    if content is None:
        return head.summary or "", (), 0
    if isinstance(content, str):
        return content, (), 0
    calls = [part for part in content if part.type == "toolCall"]
    return (
        "".join(_texts(content)),
        tuple(ToolCall(name=part.name or "", id=part.id or "") for part in calls),
        sum(len(bytes(part.arguments).decode()) for part in calls),
    )


def _texts(parts: list[_Part]) -> Iterator[str]:
    for part in parts:
        if part.type in ("text", None) and part.text is not None:
            yield part.text


def _milliseconds(time: float | str | None) -> int | None:
    if isinstance(time, str):
        at = microseconds(time)
        return None if at is None else at // 1000
    if time is None:
        return None
    try:
        whole = math.floor(time)
    except (OverflowError, ValueError):  # infinite, or no number
        return None
    return whole if MIN_WHOLE < whole < MAX_WHOLE else None  # the bounds themselves stand for what is beyond


def _legible(message: Message) -> Message:
    def held(text: str | None) -> str | None:
        return None if text is None else legible(text)

    return msgspec.structs.replace(
        message,
        role=legible(message.role),
        d=legible(message.d),
        tool_calls=tuple(ToolCall(legible(call.name), legible(call.id)) for call in message.tool_calls),
        tool_name=held(message.tool_name),
        stop_reason=held(message.stop_reason),
        error_message=held(message.error_message),
    )
