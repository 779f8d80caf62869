"""The lifecycle format: one JSON line, one call of an engine."""

import hashlib
from typing import Any

import msgspec

from infrastructure.openclaw import calls
from infrastructure.openclaw.bad_line import BadLine, mismatched, missing, mistyped
from infrastructure.openclaw.lossless import legible, shadow, text_of
from infrastructure.openclaw.shapes import Reader, Text, Value, check_line
from infrastructure.openclaw.times import microseconds


class _Envelope(msgspec.Struct, frozen=True):
    ts: str
    method: str
    params: Value | None = None
    result: Value | None = None
    id: str | None = None
    error: Value | None = None
    instance: str | None = None
    engine_key: str | None = None
    gateway: str | None = None


class _CompactAnswer(msgspec.Struct, frozen=True):
    ok: bool | None = None
    compacted: bool | None = None
    reason: str | None = None
    result: Value | None = None


class _Failure(msgspec.Struct, frozen=True):
    message: Text | None = None


class _Described(msgspec.Struct, frozen=True):
    role: str


class _One(msgspec.Struct, frozen=True):
    message: _Described


class _Many(msgspec.Struct, frozen=True):
    messages: list[_Described]


_ENVELOPE = Reader(_Envelope)
_FAILURE = Reader(_Failure)
_RECLAIMED = Reader(calls.Reclaimed)
_ROLE = msgspec.json.Decoder(_One)
_ROLES = msgspec.json.Decoder(_Many)

_PARAMS: dict[str, Reader[Any]] = {
    "_factory": Reader(calls.Factory),
    "dispose": Reader(calls.Dispose),
    "bootstrap": Reader(calls.Bootstrap),
    "maintain": Reader(calls.Maintain),
    "ingest": Reader(calls.Ingest),
    "ingestBatch": Reader(calls.IngestBatch),
    "afterTurn": Reader(calls.AfterTurn),
    "commitTurn": Reader(calls.CommitTurn),
    "assemble": Reader(calls.Assemble),
    "compact": Reader(calls.Compact),
    "prepareSubagentSpawn": Reader(calls.PrepareSubagentSpawn),
    "onSubagentEnded": Reader(calls.OnSubagentEnded),
}
_RESULTS: dict[str, Reader[Any]] = {
    "bootstrap": Reader(calls.Bootstrapped),
    "maintain": Reader(calls.Maintained),
    "commitTurn": Reader(calls.Committed),
    "assemble": Reader(calls.Assembled),
    "compact": Reader(_CompactAnswer),
}

METHODS = frozenset(_PARAMS)
"""The methods of the format."""

_LONGEST_NAME = 80  # of what a reason quotes


def decode_call(line: bytes) -> calls.Call:
    """Decode one line, given without its line end; BadLine says what is wrong with it.

    A field that is known and has the wrong kind makes the line bad, and so does a message without a role;
    null is as good as absent. Unknown fields are ignored, whatever they hold.
    """
    check_line(line)
    envelope = _ENVELOPE.read(line)
    at = microseconds(envelope.ts)
    if at is None:
        raise BadLine(f"`ts` is not an RFC 3339 time: {_quoted(envelope.ts)}")
    reader = _PARAMS.get(envelope.method)
    if reader is None:
        raise BadLine(f"unknown method {_quoted(envelope.method)}")
    raw = envelope.params or Value(b"{}")
    params: calls.Params = reader.read(raw, "params")
    if isinstance(params, calls.Ingest):
        _check_roles(_ROLE, raw, "params")
    elif getattr(params, "messages", ()):
        _check_roles(_ROLES, raw, "params")
    session_id, session_key = _session(params, envelope.engine_key)
    return calls.Call(
        at=at,
        method=envelope.method,
        session_id=session_id,
        session_key=session_key,
        engine_key=envelope.engine_key or None,
        gateway=envelope.gateway or None,
        delivery_id=envelope.id or hashlib.sha256(line).hexdigest(),
        instance=envelope.instance or None,
        error=_error(envelope.error),
        params=params,
        result=_result(envelope.method, envelope.result),
    )


def _session(params: calls.Params, engine_key: str | None) -> tuple[str | None, str | None]:
    """Say which session a call belongs to, and refuse it if it must say so and doesn't."""
    match params:
        case calls.Factory() | calls.Dispose():
            return params.session_id or None, params.session_key or None
        case calls.PrepareSubagentSpawn():
            if not params.parent_session_key:
                raise missing("params.parentSessionKey")
            if not params.child_session_key:
                raise missing("params.childSessionKey")
            return params.session_id or None, params.parent_session_key
        case calls.OnSubagentEnded():
            if not params.child_session_key:
                raise missing("params.childSessionKey")
            return params.session_id or None, params.child_session_key
    if not params.session_id:
        raise missing("params.sessionId")
    if not params.session_key and not engine_key:
        raise missing("params.sessionKey")
    return params.session_id, params.session_key or None


def _result(method: str, raw: Value | None) -> calls.Result | None:
    reader = _RESULTS.get(method)
    if raw is None or reader is None:
        return None
    answer: calls.Result | _CompactAnswer = reader.read(raw, "result")
    if isinstance(answer, calls.Assembled) and answer.messages:
        _check_roles(_ROLES, raw, "result")
    if not isinstance(answer, _CompactAnswer):
        return answer
    return calls.Compacted(
        ok=answer.ok,
        compacted=answer.compacted,
        reason=answer.reason,
        result=None if answer.result is None else _RECLAIMED.read(answer.result, "result.result"),
    )


def _check_roles(decoder: msgspec.json.Decoder[_One] | msgspec.json.Decoder[_Many], raw: bytes, where: str) -> None:
    try:
        decoder.decode(shadow(raw))
    except msgspec.ValidationError as error:
        raise mismatched(error, where) from None


def _error(raw: Value | None) -> str | None:
    """Give the text of an error: the string itself, an object's message, else the object as it stands."""
    if raw is None:
        return None
    if raw.startswith(b'"'):
        return legible(text_of(raw))
    if not raw.startswith(b"{"):
        raise mistyped("error", "a string or an object", raw)
    message = _FAILURE.read(raw, "error").message
    return legible(raw.decode() if message is None else text_of(message))


def _quoted(name: str) -> str:
    return f"`{name if len(name) <= _LONGEST_NAME else name[:_LONGEST_NAME] + '…'}`"
