"""The entries of May's `sessions.json`: what the host remembers of the session that a key points to."""

from collections.abc import Iterator
from pathlib import Path

import msgspec
from msgspec import Struct

from infrastructure.openclaw.bad_line import BadLine, kind_of, malformed
from infrastructure.openclaw.host.tolerant import elements_in, text_in, texts_in, time_in, whole_in
from infrastructure.openclaw.lossless import legible, members, shadow
from infrastructure.openclaw.shapes import Reader, Value, check_line

MAX_BYTES = 256 * 1024 * 1024
"""The most that the map may hold: it is read whole."""

_SIDES = ("preCompaction", "postCompaction")


class Entry(Struct, frozen=True, kw_only=True):
    """One entry. What it lacks, or has of a strange kind, is None; times are in µs since the Unix epoch.

    `others` are the session ids that it names besides: of its usage family and of its compactions' checkpoints.
    """

    session_id: str | None = None
    session_file: str | None = None
    updated_at: int | None = None
    session_started_at: int | None = None
    started_at: int | None = None
    ended_at: int | None = None
    status: str | None = None
    heartbeat_isolated_base_session_key: str | None = None
    spawned_by: str | None = None
    parent_session_key: str | None = None
    forked_from_parent: bool = False
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    context_tokens: int | None = None
    compaction_count: int | None = None
    usage_family_session_ids: tuple[str, ...] = ()
    others: tuple[str, ...] = ()


class _Raw(Struct, frozen=True, rename="camel"):
    session_id: Value | None = None
    session_file: Value | None = None
    updated_at: Value | None = None
    session_started_at: Value | None = None
    started_at: Value | None = None
    ended_at: Value | None = None
    status: Value | None = None
    heartbeat_isolated_base_session_key: Value | None = None
    spawned_by: Value | None = None
    parent_session_key: Value | None = None
    forked_from_parent: Value | None = None
    input_tokens: Value | None = None
    output_tokens: Value | None = None
    total_tokens: Value | None = None
    context_tokens: Value | None = None
    compaction_count: Value | None = None
    usage_family_session_ids: Value | None = None
    compaction_checkpoints: Value | None = None


_RAW = Reader(_Raw)
_OBJECT = msgspec.json.Decoder(dict[str, msgspec.Raw])


def read_entries(path: Path) -> Iterator[tuple[str, Entry | str]]:
    """Read the map: each key with its entry, or with why it can't be read. Of equal keys the last counts.

    Errors: OSError; BadLine if the file is no JSON object, or larger than 256 MiB.
    """
    with path.open("rb") as stream:
        data = stream.read(MAX_BYTES + 1).removeprefix(b"\xef\xbb\xbf")
    if len(data) > MAX_BYTES:
        raise BadLine(f"longer than {MAX_BYTES} bytes")
    check_line(data)
    for key, raw in _members(data).items():
        try:
            yield legible(key), _entry(raw)
        except BadLine as error:
            yield legible(key), error.reason


def _members(data: bytes) -> dict[str, bytes]:
    shadowed = shadow(data)
    try:
        held = _OBJECT.decode(shadowed)
    except msgspec.ValidationError:
        raise BadLine(f"it should be an object, got {kind_of(data.lstrip())}") from None
    except msgspec.DecodeError as error:
        raise malformed(error, len(data)) from None
    if shadowed is not data:  # lone surrogates, which stand in keys as well
        return members(data)
    return {key: bytes(raw) for key, raw in held.items()}


def _entry(raw: bytes) -> Entry:
    read = _RAW.read(raw)
    session_id = text_in(read.session_id)
    family = texts_in(read.usage_family_session_ids)
    others = dict.fromkeys((*family, *_checkpoints(read.compaction_checkpoints)))
    return Entry(
        session_id=session_id,
        session_file=text_in(read.session_file),
        updated_at=time_in(read.updated_at),
        session_started_at=time_in(read.session_started_at),
        started_at=time_in(read.started_at),
        ended_at=time_in(read.ended_at),
        status=text_in(read.status),
        heartbeat_isolated_base_session_key=text_in(read.heartbeat_isolated_base_session_key),
        spawned_by=text_in(read.spawned_by),
        parent_session_key=text_in(read.parent_session_key),
        forked_from_parent=read.forked_from_parent == b"true",
        input_tokens=whole_in(read.input_tokens),
        output_tokens=whole_in(read.output_tokens),
        total_tokens=whole_in(read.total_tokens),
        context_tokens=whole_in(read.context_tokens),
        compaction_count=whole_in(read.compaction_count),
        usage_family_session_ids=family,
        others=tuple(one for one in others if one != session_id),
    )


def _checkpoints(value: bytes | None) -> Iterator[str]:
    for checkpoint in elements_in(value):
        if not checkpoint.startswith(b"{"):
            continue
        own = members(checkpoint)
        for held in (own, *(members(own[side]) for side in _SIDES if own.get(side, b"").startswith(b"{"))):
            if (session_id := text_in(held.get("sessionId"))) is not None:
                yield session_id
