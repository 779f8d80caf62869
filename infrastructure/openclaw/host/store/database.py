"""Reading a SQLite database that another process owns: page by page, each of one moment, without disturbing it."""

import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from contextlib import ExitStack, closing, suppress
from pathlib import Path
from typing import ClassVar, TypeVar
from urllib.parse import quote

from domain.errors import HeartlineError
from infrastructure.openclaw.host.store.standing import NoDatabase, Road, Standing
from infrastructure.openclaw.lines import MAX_LINE_BYTES

PATIENCE = 5.0
"""How long a page waits for a host that has locked its database, in seconds."""

MOST_BYTES = MAX_LINE_BYTES + (1 << 20)
"""The most that a row may hold, in bytes: SQLite refuses to read what is longer."""

_KEPT = 0.5
"""How long a connection serves further pages, in seconds: to open one reads the whole schema, some 150 objects."""

_STEPS_AT_ONCE = 100_000
_MOST_STEPS = 300
"""How long one page may compute, in steps of 100,000 instructions of SQLite: a broken tree may have no end."""

_TRIES = 50
_MALFORMED = "malformed database schema"
_HAS_OCTET_LENGTH = (3, 43)

T = TypeVar("T")


class UnreadableStore(HeartlineError):
    """A host's database that can't be read at all."""

    code: ClassVar[str] = "unreadable-store"


class _MovedOn(Exception):
    """The host came in between: the page is to be read again."""


class Database:
    """A database that is read in pages: each is one short transaction.

    Between pages no transaction is open, so that checkpoints proceed.
    """

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        self.path = path
        self.orphaned = False
        """A page has seen the index of a write-ahead log without the log: what was in it is missing."""
        self.schema_damage: str | None = None
        """What SQLite says of a schema that it can read in part only."""
        self._patience = patience
        self._open: _Opened | None = None
        self._copy: tuple[object, Path] | None = None
        self._copies = ExitStack()
        self._killed = False

    def close(self) -> None:
        """Close what is open, and delete the copy if one had to be made."""
        self._let_go()
        self._copies.close()

    def page(self, read: Callable[[sqlite3.Connection], T]) -> T:
        """Call `read` in one transaction and give what it found. It is called again if the host came in between.

        All texts are bytes. Raises UnreadableStore if there is no database to read, and what SQLite raises.
        """
        try:
            for _ in range(_TRIES):
                with suppress(_MovedOn):
                    return self._page(read)
        except NoDatabase as error:
            raise UnreadableStore(f"{self.path} is not a host's store: {error}") from None
        except OSError as error:
            raise UnreadableStore(f"{self.path} can't be read: {error.strerror or error}") from None
        raise UnreadableStore(f"{self.path} can't be read: it changes all the time; try again")

    def _page(self, read: Callable[[sqlite3.Connection], T]) -> T:
        opened = self._opened()
        kept = False
        try:
            found = opened.transaction(read)
            kept = not opened.is_old()
        except sqlite3.Error as error:
            if opened.road is Road.ROLLBACK and opened.standing.journal and _would_write(error):
                self._killed = True  # a journal of a host that was killed: a copy can be rolled back
                raise _MovedOn from None
            if str(error).startswith(_MALFORMED) and self.schema_damage is None:
                self.schema_damage = str(error)
                raise _MovedOn from None
            if not opened.is_of_one_moment():
                raise _MovedOn from None
            raise
        else:
            if not opened.is_of_one_moment():
                kept = False
                raise _MovedOn
            return found
        finally:
            if not kept:
                self._let_go()

    def _opened(self) -> "_Opened":
        if self._open and not (self._open.standing.stands() and self._open.is_of_one_moment()):
            self._let_go()
        if self._open is None:
            standing = Standing(self.path, self._patience)
            try:
                self.orphaned = self.orphaned or standing.orphaned
                road = Road.COPIED if self._killed and standing.road is Road.ROLLBACK else standing.road
                path = self._copied(standing) if road is Road.COPIED else self.path
                self._open = _Opened(standing, road, path, self._patience, recover=self.schema_damage is not None)
            except BaseException:
                standing.close()
                raise
        return self._open

    def _copied(self, standing: Standing) -> Path:
        if self._copy is None or self._copy[0] != standing.marks:
            self._copies.close()
            folder = tempfile.TemporaryDirectory(prefix="heartline-", ignore_cleanup_errors=True)
            self._copy = standing.marks, standing.copy(Path(self._copies.enter_context(folder)))
        return self._copy[1]

    def _let_go(self) -> None:
        if self._open:
            self._open.close()
            self._open = None


class _Opened:
    """A connection, and how the database lay when it was made."""

    def __init__(self, standing: Standing, road: Road, path: Path, patience: float, *, recover: bool) -> None:
        self.standing = standing
        self.road = road
        self._since = time.monotonic()
        address = f"file:{quote(os.fsencode(path.absolute()))}?{road.value}"
        self._connection = sqlite3.connect(
            address, uri=True, timeout=patience, isolation_level=None, check_same_thread=False
        )
        self._connection.text_factory = bytes
        self._connection.setlimit(sqlite3.SQLITE_LIMIT_LENGTH, MOST_BYTES)
        if sqlite3.sqlite_version_info < _HAS_OCTET_LENGTH:
            self._connection.create_function("octet_length", 1, _octet_length, deterministic=True)
        if recover:
            self._connection.execute("pragma writable_schema = on")  # reads past what can't be read; writes nothing
        self._connection.execute("pragma query_only = on")

    def close(self) -> None:
        """Close it, and then give up the lock: in this order, or a log could be deleted in between."""
        with closing(self.standing), suppress(sqlite3.Error):
            self._connection.close()

    def is_old(self) -> bool:
        return time.monotonic() - self._since > _KEPT

    def is_of_one_moment(self) -> bool:
        return self.road in (Road.ROLLBACK, Road.SHARED) or self.standing.holds()

    def transaction(self, read: Callable[[sqlite3.Connection], T]) -> T:
        left = _MOST_STEPS

        def goes_too_far() -> bool:
            nonlocal left
            left -= 1
            return left < 0

        self._connection.set_progress_handler(goes_too_far, _STEPS_AT_ONCE)
        try:
            self._connection.execute("begin")
            found = read(self._connection)
            self._connection.execute("rollback")
        except UnicodeDecodeError as error:  # what SQLite says of a broken file repeats its bytes
            raise sqlite3.DatabaseError(bytes(error.object).decode(errors="replace")) from None
        except MemoryError:  # so SQLite answers where a broken row claims to be larger than its page
            raise sqlite3.DatabaseError("a row needs more memory than there is") from None
        return found


def _octet_length(value: object) -> int | None:
    """Do what SQLite does since 3.43: a host's schema uses it, be it in what is only checked when it writes."""
    if value is None:
        return None
    return len(value if isinstance(value, bytes) else str(value).encode("utf-8", "surrogatepass"))


def _would_write(error: sqlite3.Error) -> bool:
    name: str = getattr(error, "sqlite_errorname", "")  # errors of the module itself have none
    return name.startswith(("SQLITE_READONLY", "SQLITE_CANTOPEN"))
