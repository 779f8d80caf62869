"""What a file tells of the session that it is of, where the host's map does not: a tick's, or its key."""

import io
from collections.abc import Iterator
from pathlib import Path

import msgspec
import zstandard

from infrastructure.openclaw.bad_line import BadLine
from infrastructure.openclaw.host.may.appended import Unpacked
from infrastructure.openclaw.host.records import Place, TranscriptMessage
from infrastructure.openclaw.host.transcripts import entry_of
from infrastructure.openclaw.lines import Line, read_lines
from infrastructure.openclaw.messages import decode_message, message_text
from infrastructure.openclaw.shapes import Reader

POLL = "[OpenClaw heartbeat poll]"
"""What stands for the prompt in a tick's user message."""

_LOOKED_AT = 1024 * 1024
_LOOKED_AT_LINES = 20


class _Event(msgspec.Struct, frozen=True, rename="camel"):
    session_id: str | None = None
    session_key: str | None = None


_EVENT = Reader(_Event)


def begins_as_tick(path: Path, compressed: bool = False) -> bool:
    """Tell whether the user of a transcript is the heartbeat alone, as far as its first MiB says.

    An old session of a key whose heartbeats are not isolated may begin with a poll as well, but people speak in it.
    """
    polled = False
    for line in _first_lines(path, compressed):
        entry = entry_of(Place("", "", line.number), "", line.content or b"")
        if isinstance(entry, TranscriptMessage) and decode_message(entry.raw).role == "user":
            if message_text(entry.raw).strip() != POLL:
                return False
            polled = True
    return polled


def key_in_trajectory(path: Path, session_id: str) -> str | None:
    """Give the key that a trajectory's first events name for the session."""
    for line in _first_lines(path):
        if line.number > _LOOKED_AT_LINES:
            break
        try:
            event = _EVENT.read(line.content or b"")
        except BadLine:  # whoever reads the trajectory tells it
            continue
        if event.session_id == session_id and event.session_key:
            return event.session_key
    return None


def _first_lines(path: Path, compressed: bool = False) -> Iterator[Line]:
    """Give the lines of the first MiB of a file, the last of them maybe cut; none if it can't be read."""
    try:
        with path.open("rb") as stream:
            start = io.BufferedReader(Unpacked(stream)).read(_LOOKED_AT) if compressed else stream.read(_LOOKED_AT)
    except (OSError, zstandard.ZstdError):
        return
    yield from (line for line in read_lines(io.BytesIO(start)) if line.content is not None)
