"""Reading a backup: checked as a whole before anything is done with it, and again while it is."""

import os
import stat
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

import msgspec
from msgspec import Struct

from infrastructure.backup.errors import BackupUnusable
from infrastructure.backup.format import (
    CONTENTS,
    DIGEST_BYTES,
    FORMAT,
    FRAME,
    MAGIC,
    START,
    TOTALS,
    Contents,
    Kind,
    Totals,
)
from infrastructure.backup.summary import Summary, Told, summary_of

_BLOCK = 2**20
_KINDS = {kind.value: kind for kind in Kind}
_ONES_BYTES = 2**20
"""What a frame takes at most that stands by itself: 4096 heads are some 200 kB."""


class Checked(Struct, frozen=True):
    """A file that is a whole backup."""

    path: Path
    size: int
    digest: bytes
    contents: Contents
    totals: Totals

    @property
    def summary(self) -> Summary:
        """What is told of it."""
        return summary_of(str(self.path), self.size, self.digest, self.contents, self.totals)


class _Frame(Struct, frozen=True):
    kind: Kind
    partition: int
    size: int
    stored: int


class _Reading:
    """Goes through a file from its start, and digests what it passes."""

    def __init__(self, path: Path, file: BinaryIO, size: int, stage: str, told: Told) -> None:
        self._path = path
        self._file = file
        self._size = size
        self._stage = stage
        self._told = told
        self._sha = sha256()
        self._passed = 0

    def start(self) -> None:
        """Pass the magic and the format."""
        magic, number = START.unpack(self.take(min(START.size, self._size)).ljust(START.size, b"\0"))
        if not self._size or not magic.startswith(MAGIC[: self._size]):
            raise unusable(self._path, "is empty" if not self._size else "is no backup of heartline")
        if self._size < START.size:
            raise self._cut()
        if number > FORMAT:
            raise unusable(
                self._path, f"is of format {number}, and this version of heartline reads {FORMAT}: upgrade it"
            )
        if number < FORMAT:
            raise unusable(self._path, "is damaged: there is no such format")

    def frame(self) -> _Frame:
        """Pass the head of a frame."""
        at = self._passed
        letter, partition, size, stored = FRAME.unpack(self.take(FRAME.size))
        kind = _KINDS.get(letter)
        if kind is None:
            raise unusable(self._path, f"is damaged: no frame begins at byte {at}")
        return _Frame(kind, partition, size, stored)

    def take(self, count: int) -> bytes:
        """Pass some bytes, and give them."""
        if count > self._size - self._passed:  # before so much is asked for: a damaged length may be anything
            raise self._cut()
        data = self._file.read(count)
        if len(data) < count:
            raise self._cut()
        self._passed += count
        self._sha.update(data)
        self._told(self._stage, count, self._size)
        return data

    def skip(self, count: int) -> None:
        """Pass some bytes, however many."""
        if count > self._size - self._passed:
            raise self._cut()
        while count:
            count -= len(self.take(min(count, _BLOCK)))

    def end(self) -> bytes:
        """Pass the digest, and give it; nothing may come after it."""
        expected = self._sha.digest()
        if self.take(DIGEST_BYTES) != expected:
            raise unusable(self._path, "is damaged: its digest is not that of what is in it")
        if self._passed != self._size or self._file.read(1):
            raise unusable(self._path, "goes on after its end: something was added to it")
        return expected

    def _cut(self) -> BackupUnusable:
        return unusable(self._path, f"is cut short or damaged: it ends in the middle, after {self._size} bytes")


def unusable(path: Path, what: str) -> BackupUnusable:
    """Say what is wrong with a file."""
    return BackupUnusable(f"{path} {what}. Nothing was restored; take another copy of the backup.")


def check(path: Path, told: Told) -> Checked:
    """Go through a whole file, without believing anything in it before its digest was right.

    Raises:
        BackupUnusable: it can't be read, is no backup, is damaged, or is of a later version.
    """
    with _opened(path) as (file, size):
        reading = _Reading(path, file, size, "checking", told)
        reading.start()
        frame = reading.frame()
        first = reading.take(_bounded(path, frame, Kind.LEDGER))
        first_size = frame.size
        while (frame := reading.frame()).kind is not Kind.TOTALS:
            reading.skip(frame.stored)
        last = reading.take(_bounded(path, frame, Kind.TOTALS))
        digest = reading.end()
    try:
        contents = CONTENTS.decode(_inflated(path, first, first_size))
        totals = TOTALS.decode(_inflated(path, last, frame.size))
    except msgspec.DecodeError as error:
        raise unusable(path, f"is not what a backup is ({error})") from error
    if len(totals.heads) != contents.partitions:
        raise unusable(path, f"has {len(totals.heads)} heads for {contents.partitions} partitions")
    return Checked(path, size, digest, contents, totals)


def frames(checked: Checked, told: Told) -> Iterator[tuple[Kind, int, bytes]]:
    """Give (kind, partition, content) of every frame of rows, of a file that was checked; and check it once more.

    Raises:
        BackupUnusable: it was changed since, which may only show after the last frame.
    """
    path = checked.path
    with _opened(path) as (file, size):
        reading = _Reading(path, file, size, "writing", told)
        reading.start()
        while (frame := reading.frame()).kind is not Kind.TOTALS:
            stored = reading.take(frame.stored)
            if frame.kind is not Kind.LEDGER:
                yield frame.kind, frame.partition, _inflated(path, stored, frame.size)
        reading.skip(frame.stored)
        digest = reading.end()
    if digest != checked.digest:
        raise unusable(path, "was changed while it was read")


@contextmanager
def _opened(path: Path) -> Iterator[tuple[BinaryIO, int]]:
    """Lend a file for reading, and its size in bytes."""
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            raise unusable(path, "is no file: a backup is checked as a whole first, and then read again")
        with path.open("rb") as file:
            yield file, os.fstat(file.fileno()).st_size
    except OSError as error:
        raise unusable(path, f"can't be read ({error.strerror or error})") from error


def _bounded(path: Path, frame: _Frame, kind: Kind) -> int:
    if frame.kind is not kind or frame.stored > _ONES_BYTES or frame.size > _ONES_BYTES:
        raise unusable(path, "is damaged: its frames are not in order")
    return frame.stored


def _inflated(path: Path, stored: bytes, size: int) -> bytes:
    """Decompress, and never to more than was said."""
    inflating = zlib.decompressobj()
    try:
        content = inflating.decompress(stored, size + 1)
    except zlib.error as error:
        raise unusable(path, f"is not what a backup is ({error})") from error
    if len(content) != size or not inflating.eof or inflating.unused_data:
        raise unusable(path, "is not what a backup is (a frame has another size than it says)")
    return content
