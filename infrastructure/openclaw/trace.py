"""The host's cache trace: one JSON line, one stage of a model call; `stream:context` is what was submitted."""

import re

import msgspec

from infrastructure.openclaw.bad_line import BadLine, missing
from infrastructure.openclaw.lossless import elements, legible, text_of
from infrastructure.openclaw.shapes import Count, Reader, Text, Value, Whole, check_line
from infrastructure.openclaw.times import microseconds

SUBMITTED = "stream:context"
PROMPTED = "prompt:before"

_READ_IN_FULL = (SUBMITTED, PROMPTED)
_MOST_POSITIONS = 1_000_000

_CUT = b'"[Truncated]"'
_REDACTED = re.compile(rb"<redacted>|<redacted-jwt>|\[(?:Malformed|Oversized) diagnostic JSON redacted\]")


class Position(msgspec.Struct, frozen=True):
    """One place of a list of messages, as far as the host's trace shows it.

    `raw` is the message's exact bytes in the trace, None where the host cut it away. `truncated` says that the
    host cut something of it, be it all; `redacted` that it wrote something else in place of a text.
    """

    role: str | None
    fingerprint: str | None
    raw: bytes | None
    truncated: bool
    redacted: bool


class Stage(msgspec.Struct, frozen=True, kw_only=True):
    """One stage of a model call. `at` is in microseconds since the Unix epoch.

    Only `stream:context` and `prompt:before` hold positions, prompt and system; in all others these are empty.
    """

    stage: str
    at: int
    run_id: str | None
    session_id: str | None
    session_key: str | None
    seq: int | None
    provider: str | None
    model_id: str | None
    message_count: int | None
    messages_digest: str | None
    system_digest: str | None
    positions: tuple[Position, ...] = ()
    prompt: Text | None = None
    system: Text | None = None


class _Head(msgspec.Struct, frozen=True, rename="camel"):
    ts: str
    stage: str
    run_id: str | None = None
    session_id: str | None = None
    session_key: str | None = None
    seq: Whole | None = None
    provider: str | None = None
    model_id: str | None = None
    message_count: Count | None = None
    messages_digest: str | None = None
    system_digest: str | None = None


class _Content(msgspec.Struct, frozen=True, rename="camel"):
    """Values that the host may cut: any of them can be a mere "[Truncated]"."""

    messages: Value | None = None
    message_roles: Value | None = None
    message_fingerprints: Value | None = None
    prompt: Value | None = None
    system: Value | None = None


_HEAD = Reader(_Head)
_CONTENT = Reader(_Content)
_LIST = msgspec.json.Decoder(list[msgspec.Raw])


def decode_stage(line: bytes) -> Stage:
    """Decode one line of a cache trace, given without its line end; BadLine says what is wrong with it.

    What was submitted, or prompted, must name its session; the host's cuts make no line bad.
    """
    check_line(line)
    head = _HEAD.read(line)
    at = microseconds(head.ts)
    if at is None:
        raise BadLine(f"`ts` is not an RFC 3339 time: `{head.ts[:80]}`")
    full = head.stage in _READ_IN_FULL
    content = _CONTENT.read(line) if full else _Content()
    if full and not head.session_id:
        raise missing("sessionId")
    if full and not head.session_key:
        raise missing("sessionKey")
    return Stage(
        stage=head.stage,
        at=at,
        run_id=head.run_id or None,
        session_id=head.session_id or None,
        session_key=head.session_key or None,
        seq=head.seq,
        provider=head.provider,
        model_id=head.model_id,
        message_count=head.message_count,
        messages_digest=head.messages_digest,
        system_digest=head.system_digest,
        positions=_positions(head.message_count, content) if full else (),
        prompt=_text(content.prompt),
        system=_text(content.system),
    )


def replaced(text: Text) -> bool:
    """Tell whether the host wrote something else instead of this text, be it that it cut it or that it redacted it."""
    return text == _CUT or _REDACTED.fullmatch(text[1:-1]) is not None


def _positions(count: int | None, content: _Content) -> tuple[Position, ...]:
    """Line up messages, roles and fingerprints: the host cuts the ends of long lists, but counts them all."""
    messages = _elements(content.messages)
    roles = _elements(content.message_roles)
    fingerprints = _elements(content.message_fingerprints)
    length = max(count or 0, len(messages), len(roles), len(fingerprints))
    if length > _MOST_POSITIONS:
        raise BadLine(f"`messageCount` is {length}, more than {_MOST_POSITIONS}")
    positions: list[Position] = []
    for index in range(length):
        raw = messages[index] if index < len(messages) else b""
        whole = raw.startswith(b"{")
        positions.append(
            Position(
                role=_string(roles[index]) if index < len(roles) else None,
                fingerprint=_string(fingerprints[index]) if index < len(fingerprints) else None,
                raw=raw if whole else None,
                truncated=not whole or _CUT in raw,
                redacted=_REDACTED.search(raw) is not None,
            )
        )
    return tuple(positions)


def _elements(value: Value | None) -> tuple[bytes, ...]:
    if value is None or not value.startswith(b"["):
        return ()
    try:
        return tuple(map(bytes, _LIST.decode(value)))
    except msgspec.DecodeError:  # it holds lone surrogates
        return elements(value)


def _string(value: bytes) -> str | None:
    return legible(text_of(value)) if value.startswith(b'"') else None


def _text(value: Value | None) -> Text | None:
    return Text(value) if value is not None and value.startswith(b'"') else None
