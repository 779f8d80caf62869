"""What one file is, by how it begins: for a file that a person named, whatever it is called."""

import re
from pathlib import Path
from typing import BinaryIO, Literal

import msgspec

from infrastructure.openclaw.host.packed import Damaged, opened

Sniffed = Literal["store", "transcript", "trajectory", "trace", "lifecycle", "gateway-log"]

_SQLITE = b"SQLite format 3\x00"
_MOST_READ = 1024 * 1024
_CONSOLE = re.compile(rb"\[(?:gateway|context-engine|heartbeat)[^\]\n]{0,80}\]")


class _First(msgspec.Struct):
    """The members of a first line that tell what its file is."""

    type: msgspec.Raw = msgspec.Raw()
    version: msgspec.Raw = msgspec.Raw()
    stage: msgspec.Raw = msgspec.Raw()
    method: msgspec.Raw = msgspec.Raw()
    params: msgspec.Raw = msgspec.Raw()
    meta: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="_meta")
    schema: msgspec.Raw = msgspec.field(default=msgspec.Raw(), name="traceSchema")


_DECODER = msgspec.json.Decoder(_First)


def sniffed(path: Path) -> Sniffed | None:
    """Say what a regular file is; None if it can't be read, or is nothing that is known."""
    try:
        with opened(path) as stream:
            return _kind(stream)
    except (OSError, Damaged):
        return None


def _kind(stream: BinaryIO) -> Sniffed | None:
    start = stream.readline(_MOST_READ)
    while start.isspace():
        start = stream.readline(_MOST_READ)
    if start.startswith(_SQLITE):
        return "store"
    if _CONSOLE.search(start[:4096]) and not start.startswith(b"{"):
        return "gateway-log"
    try:
        first = _DECODER.decode(start.removeprefix(b"\xef\xbb\xbf"))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if bytes(first.schema):
        return "trajectory"
    if bytes(first.type) == b'"session"':
        return "transcript"
    if bytes(first.stage).startswith(b'"') and not bytes(first.method):
        return "trace"
    if bytes(first.method).startswith(b'"') and bytes(first.params).startswith(b"{"):
        return "lifecycle"
    return "gateway-log" if bytes(first.meta).startswith(b"{") else None
