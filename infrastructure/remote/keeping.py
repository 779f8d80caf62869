"""Taking a backup from a service: it gets its name here only once it is whole."""

from hashlib import sha256
from pathlib import Path
from typing import BinaryIO

from infrastructure.backup.destination import new_file
from infrastructure.backup.errors import BackupNotWritten
from infrastructure.backup.reading import check
from infrastructure.backup.summary import Summary, Told
from infrastructure.remote.service import RemoteService

_DIGEST_BYTES = 32


class _Digesting:
    """Writes on what comes, and knows whether its last bytes are the digest of all before."""

    def __init__(self, out: BinaryIO) -> None:
        self._out = out
        self._sha = sha256()
        self._last = b""

    def write(self, piece: bytes) -> None:
        self._out.write(piece)
        held = self._last + piece
        self._sha.update(held[:-_DIGEST_BYTES])
        self._last = held[-_DIGEST_BYTES:]

    @property
    def whole(self) -> bool:
        return self._sha.digest() == self._last


def take_backup(service: RemoteService, path: Path, told: Told) -> Summary:
    """Write the backup of a service's ledger to a new file.

    Raises:
        FileExists, BackupNotWritten: as `new_file` says, or it broke off.
        HeartlineError: what the service says is wrong.
    """
    with new_file(path) as file:
        taking = _Digesting(file)
        service.download("/v1/backup", taking.write)
        if not taking.whole:
            raise BackupNotWritten(f"{path}: the service broke off before the backup's end. Nothing is left of it.")
    return check(path, told).summary
