"""One entry of a session's transcript: a line of May's files (version 3), or an event of the store (version 4)."""

from collections.abc import Sequence

import msgspec

from infrastructure.openclaw.bad_line import BadLine, missing
from infrastructure.openclaw.host.records import Place, Problem, TranscriptCompaction, TranscriptMessage
from infrastructure.openclaw.lossless import members, text_of
from infrastructure.openclaw.messages import decode_message
from infrastructure.openclaw.shapes import Reader, Text, Value, Whole, check_line
from infrastructure.openclaw.times import microseconds

VERSIONS = (3, 4)
"""The versions of transcripts that are known: of May's release, and of the current one."""

WORDLESS = frozenset(
    {
        "session",
        "model_change",
        "thinking_level_change",
        "active_tools_change",
        "custom",
        "label",
        "session_info",
        "leaf",
    }
)
"""The kinds of entries that hold nothing a model was told. A `leaf` says where the session went back to."""

_UNKNOWN_KIND = "entries of an unknown kind: "
_MOST_KINDS = 100
_MORE_KINDS = f"entries of more than {_MOST_KINDS} unknown kinds"
_LONGEST_KIND = 80


class _Kind(msgspec.Struct, frozen=True):
    type: str
    version: Value | None = None


class _Entry(msgspec.Struct, frozen=True, rename="camel"):
    id: str | None = None
    parent_id: str | None = None
    timestamp: Value | None = None


class _Message(_Entry, frozen=True, rename="camel"):
    message: Value | None = None


class _Host(msgspec.Struct, frozen=True, rename="camel"):
    run_id: str | None = None


class _Kept(msgspec.Struct, frozen=True):
    """What the current host keeps within a message for itself."""

    openclaw: _Host | None = msgspec.field(default=None, name="__openclaw")


class _CustomMessage(_Entry, frozen=True, rename="camel"):
    custom_type: Text | None = None
    content: Value | None = None


class _BranchSummary(_Entry, frozen=True, rename="camel"):
    from_id: Text | None = None
    summary: Text | None = None


class _Compaction(_Entry, frozen=True, rename="camel"):
    summary: Text | None = None
    first_kept_entry_id: str | None = None
    tokens_before: Whole | None = None


_KIND = Reader(_Kind)
_MESSAGE = Reader(_Message)
_KEPT = Reader(_Kept)
_CUSTOM_MESSAGE = Reader(_CustomMessage)
_BRANCH_SUMMARY = Reader(_BranchSummary)
_COMPACTION = Reader(_Compaction)


class UnknownKinds:
    """Which unknown kinds of entries of one transcript were told already, so that each is told once."""

    def __init__(self) -> None:
        self._told: set[str] = set()

    def tells(self, problem: Problem) -> Problem | None:
        """Give the problem if it is to be told; None for a kind that was told before. Others are always told."""
        if not problem.reason.startswith(_UNKNOWN_KIND):
            return problem
        if problem.reason in self._told or len(self._told) > _MOST_KINDS:
            return None
        self._told.add(problem.reason)
        if len(self._told) > _MOST_KINDS:
            return Problem(problem.path, problem.part, problem.number, _MORE_KINDS)
        return problem


def entry_of(place: Place, session_id: str, event: bytes) -> TranscriptMessage | TranscriptCompaction | Problem | None:
    """Read one entry, given as the exact bytes of its JSON object, of the session's transcript.

    None is an entry that holds nothing a model was told (WORDLESS). An entry that can't be read, or whose kind is not
    known, is a Problem; see UnknownKinds for those. The first entry is a Problem only if its version is unknown: the
    others are read then as far as they are alike.

    A `custom_message` (what the host tells the model beside the user's words) becomes the message of role `custom` that
    the host makes of it for an engine, member by member; only its timestamp is that of the entry, which is some
    milliseconds after the one that was delivered. A `branch_summary` becomes one of role `branchSummary`.
    """
    try:
        check_line(event)
        kind = _KIND.read(event)
        match kind.type:
            case "message":
                return _message(place, session_id, event)
            case "custom_message":
                return _custom_message(place, session_id, event)
            case "branch_summary":
                return _branch_summary(place, session_id, event)
            case "compaction":
                return _compaction(place, session_id, event)
            case "session" if kind.version not in (b"3", b"4"):
                return _problem(place, _unknown_version(kind.version))
            case known if known in WORDLESS:
                return None
            case unknown:
                return _problem(place, f"{_UNKNOWN_KIND}`{unknown[:_LONGEST_KIND]}`")
    except BadLine as error:
        return _problem(place, error.reason)


def _problem(place: Place, reason: str) -> Problem:
    return Problem(place.path, place.part, place.number, reason)


def _unknown_version(version: bytes | None) -> str:
    named = "names no version" if version is None else f"is of version {version[:20].decode(errors='replace')}"
    return f"the transcript {named}; known are {' and '.join(map(str, VERSIONS))}, so what is like them is read"


def _message(place: Place, session_id: str, event: bytes) -> TranscriptMessage:
    entry = _MESSAGE.read(event)
    if entry.message is None:
        raise missing("message")
    said = decode_message(entry.message)
    at = _time(entry)
    if at is None and said.timestamp is not None:
        at = said.timestamp * 1000
    if at is None:
        raise missing("timestamp")
    return TranscriptMessage(
        place=place,
        session_id=session_id,
        at=at,
        raw=bytes(entry.message),
        entry_id=entry.id,
        parent_id=entry.parent_id,
        run_id=_run_id(entry.message),
    )


def _run_id(message: bytes) -> str | None:
    if b'"__openclaw"' not in message:
        return None
    try:
        kept = _KEPT.read(message).openclaw
    except BadLine:  # of a strange kind: nothing rests on it
        return None
    return kept.run_id if kept is not None else None


def _custom_message(place: Place, session_id: str, event: bytes) -> TranscriptMessage:
    entry = _CUSTOM_MESSAGE.read(event)
    if entry.content is None:
        raise missing("content")
    own = members(event)
    said = [(key, own[key]) for key in ("customType", "content", "display", "details") if key in own]
    return _made(place, session_id, entry, b"custom", said)


def _branch_summary(place: Place, session_id: str, event: bytes) -> TranscriptMessage:
    entry = _BRANCH_SUMMARY.read(event)
    if entry.summary is None:
        raise missing("summary")
    own = members(event)
    said = [(key, own[key]) for key in ("summary", "fromId") if key in own]
    return _made(place, session_id, entry, b"branchSummary", said)


def _made(
    place: Place, session_id: str, entry: _Entry, role: bytes, said: Sequence[tuple[str, bytes]]
) -> TranscriptMessage:
    """Make the message that the host makes of an entry that isn't one."""
    at = _required_time(entry)
    content = b"".join(b'"%b":%b,' % (key.encode(), value) for key, value in said)
    return TranscriptMessage(
        place=place,
        session_id=session_id,
        at=at,
        raw=b'{"role":"%b",%b"timestamp":%d}' % (role, content, at // 1000),
        entry_id=entry.id,
        parent_id=entry.parent_id,
    )


def _compaction(place: Place, session_id: str, event: bytes) -> TranscriptCompaction:
    entry = _COMPACTION.read(event)
    return TranscriptCompaction(
        place=place,
        session_id=session_id,
        at=_required_time(entry),
        summary=None if entry.summary is None else bytes(entry.summary),
        first_kept=entry.first_kept_entry_id,
        tokens_before=entry.tokens_before,
        entry_id=entry.id,
        parent_id=entry.parent_id,
    )


def _required_time(entry: _Entry) -> int:
    at = _time(entry)
    if at is None:
        raise missing("timestamp") if entry.timestamp is None else BadLine("`timestamp` is not an RFC 3339 time")
    return at


def _time(entry: _Entry) -> int | None:
    if entry.timestamp is None or not entry.timestamp.startswith(b'"'):
        return None
    return microseconds(text_of(entry.timestamp))
