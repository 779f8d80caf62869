"""Where a running server is reached."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Address:
    """A running server: its Unix socket, its superuser and its data folder.

    There is no password: whoever may enter `socket_directory` (mode 0700) may log in as anyone.
    """

    socket_directory: Path
    port: int
    superuser: str
    data_directory: Path

    def conninfo(self, *, user: str, dbname: str) -> str:
        """A libpq connection string of quoted key/value pairs, for `psycopg.connect` or `psql`."""
        pairs = {"host": str(self.socket_directory), "port": str(self.port), "user": user, "dbname": dbname}
        return " ".join(f"{key}={_quoted(value)}" for key, value in pairs.items())


def _quoted(value: str) -> str:
    escaped = value.replace("\\", "\\\\").replace("'", "\\'")
    return f"'{escaped}'"
