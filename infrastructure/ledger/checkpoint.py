"""Checkpoints: what the partitions' heads were, in a file outside Postgres, each line bound to the one before.

A line is `{ledger_id, at, partitions: [{partition, position, chain}], previous, digest}`; `digest` is SHA-256 over a
domain tag and the line without it, `previous` the digest of the line before (null on the first).

A checkpoint is only written if the ledger still holds what the last one saw. So the last one stands for all before it,
and none covers for a cut that came before it.
"""

import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from hashlib import sha256
from io import BytesIO
from pathlib import Path
from typing import BinaryIO, Protocol
from uuid import UUID

import msgspec
from filelock import FileLock, Timeout
from msgspec import Struct

from infrastructure.ledger.errors import CheckpointContradicted, CheckpointUnusable
from infrastructure.ledger.ledger import Head

TAG = b"heartline.checkpoint.1"
"""The domain tag of checkpoints; another form of them would get another tag."""

LOCK_SECONDS = 10
"""How long a writer waits for another one of the same file."""

_BLOCK = 65_536


class Place(Struct, frozen=True):
    """The end of a partition's log: its last position, and the chain that stands there, in hexadecimal."""

    partition: int
    position: int
    chain: str


class Witnessed(Protocol):
    """What a checkpoint is taken of: a ledger here, or one that a service tells of."""

    @property
    def ledger_id(self) -> UUID:
        """What names it among all ledgers."""
        ...

    def heads(self) -> list[Head]:
        """Give the end of every partition's log."""
        ...

    def chains(self, places: Iterable[tuple[int, int]]) -> list[tuple[int, int, bytes | None]]:
        """Give the chains at some (partition, position); None where there is no such event, or none stands on it."""
        ...


class _Body(Struct, frozen=True):
    ledger_id: UUID
    at: str
    partitions: tuple[Place, ...]
    previous: str | None


class Checkpoint(_Body, frozen=True):
    """What all partitions of a ledger were at a time."""

    digest: str


_BODY = msgspec.json.Encoder()
_LINE = msgspec.json.Decoder(Checkpoint)


def _digest(body: bytes) -> str:
    return sha256(TAG + body).hexdigest()


def _ending(digest: str) -> bytes:
    return f',"digest":"{digest}"}}'.encode()


def append_checkpoint(ledger: Witnessed, path: Path) -> Checkpoint:
    """Append a checkpoint to a file (which is made if it isn't there), durably; give it, or the last one if nothing was
    appended since.

    Raises:
        CheckpointContradicted: the ledger no longer holds what the last checkpoint saw; nothing is written.
        CheckpointUnusable: the file can't be written, is damaged at its end, or is of another ledger.
    """
    try:
        with FileLock(f"{path}.lock", timeout=LOCK_SECONDS), path.open("a+b") as file:
            return _append(ledger, path, file)
    except Timeout as error:
        raise CheckpointUnusable(f"{path}: another process keeps writing to it; try again.") from error
    except OSError as error:
        raise CheckpointUnusable(f"{path}: no checkpoint can be written ({error.strerror or error}).") from error


def last_checkpoint(path: Path, ledger_id: UUID, partitions: int) -> Checkpoint:
    """Check a whole file of checkpoints and give the last one. A line that a crash cut short was none.

    Raises:
        CheckpointUnusable: it can't be read, holds none, is damaged, or is of another ledger.
    """
    last: Checkpoint | None = None
    try:
        with path.open("rb") as file:
            for number, line in enumerate(_lines(file), 1):
                last = _next(f"{path}, line {number}", line, last, ledger_id, partitions)
    except OSError as error:
        raise CheckpointUnusable(f"{path}: can't be read ({error.strerror or error}).") from error
    if last is None:
        raise CheckpointUnusable(f"{path}: holds no checkpoint yet.")
    return last


def checkpoint_among(lines: bytes, ledger_id: UUID, partitions: int) -> Checkpoint:
    """Check some lines of a file of checkpoints, its last ones or all, and give the last.

    Raises:
        CheckpointUnusable: there is none among them, one is damaged or does not follow, or they are of another ledger.
    """
    last: Checkpoint | None = None
    for number, line in enumerate(_lines(BytesIO(lines)), 1):
        where = f"The checkpoint's line {number}"
        before = last or _read(where, line, ledger_id).previous
        last = _next(where, line, before, ledger_id, partitions)
    if last is None:
        raise CheckpointUnusable("That holds no whole line of a file of checkpoints.")
    return last


def written_line(checkpoint: Checkpoint) -> bytes:
    """Write a checkpoint as the line that it is in its file."""
    body = _BODY.encode(_Body(checkpoint.ledger_id, checkpoint.at, checkpoint.partitions, checkpoint.previous))
    return body[:-1] + _ending(checkpoint.digest) + b"\n"


def _lines(file: BinaryIO) -> Iterator[bytes]:
    return (line[:-1] for line in file if line.endswith(b"\n"))


def _next(where: str, line: bytes, last: Checkpoint | str | None, ledger_id: UUID, partitions: int) -> Checkpoint:
    """Read a line behind `last`, of which only the digest may be at hand."""
    found = _read(where, line, ledger_id)
    if found.previous != (last.digest if isinstance(last, Checkpoint) else last):
        raise CheckpointUnusable(f"{where}: does not follow the line before: lines were taken out or put in.")
    if [one.partition for one in found.partitions] != list(range(partitions)):
        raise CheckpointUnusable(f"{where}: is of a ledger with other partitions than 0 to {partitions - 1}.")
    known = last.partitions if isinstance(last, Checkpoint) else ()
    for before, one in zip(known, found.partitions, strict=False):
        if one.position < before.position:
            raise CheckpointUnusable(f"{where}: partition {one.partition} goes back from {before.position}.")
    return found


def _read(where: str, line: bytes, ledger_id: UUID) -> Checkpoint:
    try:
        found = _LINE.decode(line)
    except ValueError as error:
        raise CheckpointUnusable(f"{where}: is no checkpoint ({error}): the file is damaged.") from error
    ending = _ending(found.digest)
    if not line.endswith(ending) or _digest(line[: -len(ending)] + b"}") != found.digest:
        raise CheckpointUnusable(f"{where}: was changed: its digest is not that of the line.")
    if found.ledger_id != ledger_id:
        raise CheckpointUnusable(f"{where}: is of ledger {found.ledger_id}, and this one is {ledger_id}.")
    return found


def _append(ledger: Witnessed, path: Path, file: BinaryIO) -> Checkpoint:
    end, line = _last_line(file)
    last = None if line is None else _read(f"{path}, last line", line, ledger.ledger_id)
    if last:
        _still_holds(ledger, last, path)
    places = tuple(Place(head.partition, head.position, head.chain.hex()) for head in ledger.heads())
    if last and last.partitions == places:
        return last
    at = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    body = _Body(ledger.ledger_id, at, places, last.digest if last else None)
    taken = Checkpoint(body.ledger_id, at, places, body.previous, _digest(_BODY.encode(body)))
    file.truncate(end)
    file.write(written_line(taken))
    file.flush()
    os.fsync(file.fileno())
    return taken


def _last_line(file: BinaryIO) -> tuple[int, bytes | None]:
    """Give where the last whole line ends (what a crash left after it is none), and that line."""
    start = file.seek(0, os.SEEK_END)
    held = b""
    while start and held.count(b"\n") < 2:
        size = min(_BLOCK, start)
        start = file.seek(start - size)
        held = file.read(size) + held
    whole, newline, _rest = held.rpartition(b"\n")
    return start + len(whole) + len(newline), whole.rpartition(b"\n")[2] if newline else None


def _still_holds(ledger: Witnessed, last: Checkpoint, path: Path) -> None:
    wanted = {(one.partition, one.position): one.chain for one in last.partitions if one.position}
    for partition, position, chain in ledger.chains(wanted):
        if chain is None or chain.hex() != wanted[partition, position]:
            raise CheckpointContradicted(
                f"The ledger was cut off or rewritten: at {partition}-{position} it does not hold what the checkpoint"
                f" of {last.at} saw. Run `heartline verify --checkpoint {path}`. If you restored an older state on"
                " purpose, put that file aside and begin another."
            )
