"""By what a host's installation is known again: in May's form and in the current one, copied, pruned or grown."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from hashlib import sha256
from itertools import islice
from pathlib import Path

import msgspec

from infrastructure.openclaw.gateways import source_of
from infrastructure.openclaw.host.layout import Found, Layout
from infrastructure.openclaw.host.looking import Looking
from infrastructure.openclaw.host.packed import Damaged, opened
from infrastructure.openclaw.lines import read_lines
from infrastructure.openclaw.times import microseconds

Ask = Callable[[Path, str], Sequence[Sequence[object]]]
"""Asks a host's SQLite file without disturbing it: the rows of a query; none where it can't be answered."""

DEVICE = "SELECT device_id FROM device_identities WHERE identity_key = 'primary'"
OLDEST = "SELECT created_at, session_id FROM session_windows ORDER BY created_at, session_id LIMIT 1"

_MOST_BYTES = 128 * 1024
_MOST_LINES = 1_000
_MOST_TRANSCRIPTS = 20_000
_TRANSCRIPT = re.compile(r".+(?<!\.trajectory)\.jsonl(?:\.(?:reset|deleted|migrated)\b.*)?", re.DOTALL)


class _Header(msgspec.Struct):
    type: str
    id: str
    timestamp: str


_HEADER = msgspec.json.Decoder(_Header)


def identity(layout: Layout, ask: Ask) -> bytes | None:
    """Give what an installation is known by, as 32 bytes; None if nothing of it says."""
    return next(iter(identities(layout, ask)), None)


def identities(layout: Layout, ask: Ask) -> tuple[bytes, ...]:
    """Give everything that an installation can be known by, the best first.

    1. Its device id, the digest of a public key. May keeps it in `identity/device.json`; the current release takes it
       over into its shared database, unchanged, before the gateway starts.
    2. Its oldest session: ids are drawn at random, and a migration keeps them. It is lost once that session is deleted,
       so it serves where the folder is only a part of a state folder.
    3. The first line of a lifecycle recording that names a session, by which recordings are known (`gateways`).

    Whoever names a gateway should look all of them up: a recording may have been imported before its host was.
    """
    found: list[bytes] = []
    device = _device(layout, ask)
    if device is not None:
        found.append(sha256(b"openclaw device " + device.encode()).digest())
    oldest = min(_oldest(layout, ask), default=None)
    if oldest is not None:
        found.append(sha256(b"openclaw session " + oldest[1].encode(errors="surrogatepass")).digest())
    for recording in layout.of("lifecycle"):
        named = _first_line(recording)
        if named is not None:
            found.append(sha256(named).digest())
    return tuple(dict.fromkeys(found))


def _device(layout: Layout, ask: Ask) -> str | None:
    for kept in layout.of("state"):
        for row in ask(Path(kept.path), DEVICE):
            if isinstance(row[0], str) and row[0]:
                return row[0]
    for kept in layout.of("identity"):
        try:
            with Path(kept.path).open("rb") as stream:
                read = json.loads(stream.read(_MOST_BYTES))
        except (OSError, ValueError, RecursionError):
            continue
        if isinstance(read, dict) and isinstance(named := read.get("deviceId"), str) and named:
            return named
    return None


def _oldest(layout: Layout, ask: Ask) -> Iterator[tuple[int, str]]:
    """Give the sessions that may be the oldest: their times in ms, and their ids."""
    for store in layout.of("store"):
        for row in ask(Path(store.path), OLDEST):
            if _is_session(row):
                yield int(str(row[0])), str(row[1])
    looking = Looking()
    for folder in layout.of("sessions"):
        transcripts = [name for name in looking.names(Path(folder.path)) if _TRANSCRIPT.fullmatch(name)]
        for name in transcripts[:_MOST_TRANSCRIPTS]:
            path = Path(folder.path) / name
            if looking.file_at(path) is not None and (begun := _begun(path)) is not None:
                yield begun


def _begun(transcript: Path) -> tuple[int, str] | None:
    try:
        with opened(transcript) as stream:
            header = _HEADER.decode(stream.readline(_MOST_BYTES))
    except (OSError, Damaged, msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    at = microseconds(header.timestamp)
    return None if header.type != "session" or at is None else (at // 1_000, header.id)


def _is_session(row: Sequence[object]) -> bool:
    return len(row) == 2 and isinstance(row[0], int) and isinstance(row[1], str)


def _first_line(recording: Found) -> bytes | None:
    try:
        with opened(Path(recording.path)) as stream:
            for line in islice(read_lines(stream), _MOST_LINES):
                if source_of(line.content) is not None:
                    return line.content
    except (OSError, Damaged):
        pass
    return None
