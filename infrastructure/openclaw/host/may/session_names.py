"""What the names of the files in a folder of May's sessions say."""

import re
from typing import Literal

from msgspec import Struct

from infrastructure.openclaw.lossless import legible

Kind = Literal["transcript", "checkpoint", "reset", "deleted", "backup", "corrupt"]
"""What a file holds of its session: the transcript itself; its copy from before a compaction; what it was until the
session was reset or deleted, or something rewrote it; or what it was before the host mended it."""

_TIME = r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d(?:[.-]\d{3})?Z"
_UUID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_ARCHIVED = re.compile(rf"(?P<stem>.+)\.jsonl\.(?P<kind>reset|deleted|bak)\.{_TIME}(?P<compressed>\.zst)?", re.DOTALL)
_CORRUPT = re.compile(rf"(?P<stem>.+)\.jsonl\.corrupt-{_TIME}-[0-9a-f]{{8}}\.jsonl", re.DOTALL)
_TRANSCRIPT = re.compile(r"(?P<stem>.+)\.jsonl", re.DOTALL)
_CHECKPOINT = re.compile(rf"(?P<stem>.+)\.checkpoint\.{_UUID}", re.DOTALL)
_FORK = re.compile(rf"{_TIME}_(?P<stem>{_UUID})")
_TOPIC = re.compile(r"(?P<stem>.+?)-topic-.+", re.DOTALL)
_TRAJECTORY = ".trajectory"


class SessionFile(Struct, frozen=True):
    """What a file's name says: whose it is, what it holds, and whether it is compressed (zstd)."""

    session_id: str
    kind: Kind
    compressed: bool = False


def session_file(name: str) -> SessionFile | None:
    """Say what the file of this name, without its folder, holds of which session; None if it is no transcript.

    The host names transcripts `<session id>.jsonl` (`<session id>-topic-<topic>.jsonl` for a thread,
    `<time>_<session id>.jsonl` for a fork), checkpoints `<session id>.checkpoint.<uuid>.jsonl`, and archives
    `<transcript or checkpoint>.reset.<time>`, `.deleted.` or `.bak.`, which later releases compress (`.zst`).
    """
    compressed = False
    kind: Kind = "transcript"
    if found := _ARCHIVED.fullmatch(name):
        kind = "reset" if found["kind"] == "reset" else "deleted" if found["kind"] == "deleted" else "backup"
        compressed = found["compressed"] is not None
    elif found := _CORRUPT.fullmatch(name):
        kind = "corrupt"
    else:
        found = _TRANSCRIPT.fullmatch(name)
    if found is None or found["stem"].endswith(_TRAJECTORY):
        return None
    stem = found["stem"]
    if checkpoint := _CHECKPOINT.fullmatch(stem):
        stem = checkpoint["stem"]
        kind = "checkpoint" if kind == "transcript" else kind
    if inner := _FORK.fullmatch(stem) or _TOPIC.fullmatch(stem):
        stem = inner["stem"]
    return SessionFile(legible(stem), kind, compressed)


def trajectory_session(name: str) -> str | None:
    """Say whose trajectory the file of this name holds; None if it holds none.

    It is the session id as far as file names can hold it: the events name it in full.
    """
    found = _TRANSCRIPT.fullmatch(name)
    if found is None or not found["stem"].endswith(_TRAJECTORY):
        return None
    return legible(found["stem"].removesuffix(_TRAJECTORY)) or None
