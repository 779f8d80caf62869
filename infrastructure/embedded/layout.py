"""The files of the embedded Postgres: everything lies in `<home>/postgres`."""

import os
from dataclasses import dataclass
from pathlib import Path

from infrastructure.embedded.errors import FolderUnusableError, naming_folder

LOG_BYTES = 8 * 1024 * 1024
"""The log is cut at this size whenever somebody starts; one older file of at most this size is kept."""


@dataclass(frozen=True)
class Layout:
    """The paths below one Heartline home; nothing is made before `make` is called."""

    home: Path
    root: Path

    @classmethod
    def below(cls, home: Path) -> "Layout":
        """The layout of `home`, its links resolved, so that two names of one folder share one server."""
        try:
            resolved = home.expanduser().resolve()
            root = (resolved / "postgres").resolve()
        except (OSError, RuntimeError, ValueError) as error:
            raise FolderUnusableError(
                f"HEARTLINE_HOME {str(home)!r} names no folder ({error}); set it to another"
            ) from error
        if "\n" in str(root):
            raise FolderUnusableError(
                f"HEARTLINE_HOME {str(home)!r} holds a line break, which breaks Postgres' own pid file; "
                "set it to another folder"
            )
        return cls(home=resolved, root=root)

    @property
    def data(self) -> Path:
        """The data folder of the cluster."""
        return self.root / "data"

    @property
    def log(self) -> Path:
        """What the server has to say; the older part is beside it, as `postgres.log.1`."""
        return self.root / "postgres.log"

    @property
    def start_lock(self) -> Path:
        """Held exclusively by whoever starts or stops the server, while doing so."""
        return self.root / "start.lock"

    @property
    def users_lock(self) -> Path:
        """Shared by every process that uses the server, for as long as it does."""
        return self.root / "users.lock"

    @property
    def server_lock(self) -> Path:
        """Held by the server's own processes: free means that not one of them is left."""
        return self.root / "server.lock"

    def make(self) -> bool:
        """Make the home and the private folder in it (mode 0700); say whether the home is new.

        Raises `FolderUnusableError`. Folders that exist keep their modes.
        """
        with naming_folder(self.home):
            new = not self.home.exists()
            self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with naming_folder(self.root):
            self.root.mkdir(mode=0o700, exist_ok=True)
        return new

    def trim_log(self) -> None:
        """Bound the log: past `LOG_BYTES`, move its tail to `postgres.log.1` and empty it in place.

        The server writes in append mode, so that emptying is safe while it runs.
        """
        with naming_folder(self.root):
            if not self.log.exists() or self.log.stat().st_size <= LOG_BYTES:
                return
            with self.log.open("r+b") as log:
                log.seek(-LOG_BYTES, os.SEEK_END)
                (self.root / "postgres.log.1").write_bytes(log.read(LOG_BYTES))
                log.truncate(0)
