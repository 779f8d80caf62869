"""The current release's store of one agent, `openclaw-agent.sqlite`: sessions, transcripts, trajectories, outcomes."""

import hashlib
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec
from msgspec.structs import replace

from infrastructure.openclaw.host.records import PendingCommit, Place, Problem, Record, SessionWindow, TickOutcome
from infrastructure.openclaw.host.store.archived import archived_transcripts
from infrastructure.openclaw.host.store.cells import legible_text, microseconds_of, whole
from infrastructure.openclaw.host.store.damage import hidden_events
from infrastructure.openclaw.host.store.database import PATIENCE, Database, UnreadableStore
from infrastructure.openclaw.host.store.events import FAILURES, TRAJECTORY, pages_of_events, what_failed
from infrastructure.openclaw.host.store.listing import listed_rows
from infrastructure.openclaw.host.store.tables import Row, Tables
from infrastructure.openclaw.host.store.transcript_rows import transcript_records
from infrastructure.openclaw.host.store.windows import session_windows

KNOWN_SCHEMAS = frozenset({23})
"""The schema versions that stores were recorded of. Others are read as far as they have the same tables."""


class Mark(msgspec.Struct, frozen=True):
    """Up to where a session is written: the numbers of its last events, -1 for none.

    `generation` is another one whenever the host has rewritten the transcript instead of adding to it: it is to be read
    again from its start then. None if the store does not say.
    """

    transcript: int = -1
    trajectory: int = -1
    generation: str | None = None


class Marks(msgspec.Struct, frozen=True):
    """The marks of all sessions of a store, by session id, and what could not be read for them."""

    sessions: Mapping[str, Mark]
    problems: tuple[Problem, ...]


class Store:
    """A store that is read while its host may write to it; nothing in its folder is changed or made.

    Everything is read in short transactions, in bounded memory: at most a page of 4 MiB and one row, which may have
    64 MiB. A record that can't be read is a Problem, with its place, and the others go on. The places are the store's
    path, the session's id and the number of the event, also for what was moved into an archive.
    """

    def __init__(self, path: Path, patience: float = PATIENCE) -> None:
        """Open the store at `path`. Raises UnreadableStore if it is none, or nothing of it can be read.

        `patience` is how long a page waits for a host that has it locked, in seconds.
        """
        self.path = path
        self._database = Database(path, patience)
        self._problems: list[Problem] = []
        try:
            self._tables = Tables(self._database)
            self._meta = self._read_meta()
        except sqlite3.Error as error:
            self._database.close()
            raise UnreadableStore(f"{path} can't be read: {what_failed(error)}") from None
        except BaseException:
            self._database.close()
            raise
        if not any(self._tables.has(name) for name in ("session", "event", "run")):
            self._database.close()
            raise UnreadableStore(f"{path} is not a host's store: it has neither sessions nor transcripts")

    @classmethod
    def open(cls, path: Path) -> Self:
        """Open the store at `path`; see there."""
        return cls(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close what is open."""
        self._database.close()

    @property
    def schema_version(self) -> int | None:
        """Which schema the store says that it has."""
        return whole(self._meta[0])

    @property
    def agent(self) -> str | None:
        """The id of the agent whose store it is."""
        return legible_text(self._meta[1])

    @property
    def app_version(self) -> str | None:
        """The release that wrote to the store last."""
        return legible_text(self._meta[2])

    @property
    def identity(self) -> bytes:
        """What the store is known by wherever it lies: 32 bytes that stay the same for its life.

        Made of the agent's id and the millisecond in which the store was made: the host writes both once and keeps them
        when it migrates the schema. Not of the path, which changes; not of sessions, which the host deletes in time;
        not of the file, which is another one after a backup was restored or pages were freed. Two installations of one
        image in which a store was made already can't be told apart so: `--gateway` does. A store that says neither is
        known by the first session that it made.
        """
        known = [self._meta[1], self._meta[3]]
        if None in known:
            with suppress(*FAILURES):
                known = [*known, *(cell for row in self._tables.rows("oldest_session") for cell in row)]
        return hashlib.sha256(repr(known).encode()).digest()

    def problems(self) -> Iterator[Problem]:
        """Tell what is wrong with the store as a whole: its schema, the files beside it."""
        path = str(self.path)
        yield from self._problems
        if self.schema_version not in KNOWN_SCHEMAS:
            known = ", ".join(map(str, sorted(KNOWN_SCHEMAS)))
            named = "does not name its schema" if self.schema_version is None else f"has schema {self.schema_version}"
            yield Problem(path, "", None, f"the store {named}; known is {known}: what is like it is read")
        if self._database.schema_damage is not None:
            yield Problem(path, "", None, f"its schema is read in part only: {self._database.schema_damage}")
        if self._database.orphaned:
            reason = "its write-ahead log (-wal) is missing, and with it what the host wrote last: copy it as well"
            yield Problem(path, "", None, reason)
        yield from self._tables.problems()

    def damage(self) -> Iterator[Problem]:
        """Look for rows that a broken file hides: reads all rows once, in short transactions. None if it is sound."""
        yield from hidden_events(self._tables)

    def windows(self) -> Iterator[SessionWindow | Problem]:
        """Give every session, whether something points to it or not, with what the entry of its key says.

        `previous` is the session that it goes on from, be it by a reset, a fork or a rewind: `reason` says which.
        """
        yield from session_windows(self._tables, self.agent)

    def marks(self) -> Marks:
        """Give up to where each session is written, without reading any event: also where no window is left."""
        problems: list[Problem] = []
        marks: dict[str, Mark] = {}

        def take(kind: str, what: str, query: str) -> Iterator[tuple[Mark, str, Row]]:
            if self._tables.has(kind):
                for found in listed_rows(self._tables, what, query):
                    if isinstance(found, Problem):
                        problems.append(found)
                    else:
                        yield marks.get(found[0], Mark()), *found

        for mark, name, row in take("event", "transcripts", "event_marks"):
            marks[name] = replace(mark, transcript=_number(row[1]))
        for mark, name, row in take("run", "trajectories", "run_marks"):
            marks[name] = replace(mark, trajectory=_number(row[1]))
        for mark, name, row in take("cold", "archived transcripts", "cold_marks"):
            marks[name] = replace(
                mark, transcript=max(mark.transcript, _number(row[1])), generation=legible_text(row[2])
            )
        for mark, name, row in take("rewrite", "generations of transcripts", "generation_marks"):
            marks[name] = replace(mark, generation=legible_text(row[1]))
        for mark, name, _ in take("session", "sessions", "window_marks"):
            marks[name] = mark
        return Marks(marks, tuple(problems))

    def transcript(self, session_id: str, after_seq: int = -1) -> Iterator[Record]:
        """Read a session's messages and compactions behind event `after_seq`, in order.

        `active` is False for what the host says lies on a branch that was left. Where it has not worked that out (yet),
        everything counts as active.
        """
        yield from transcript_records(self._tables, session_id, after_seq)

    def trajectory(self, session_id: str, after_seq: int = -1) -> Iterator[tuple[Place, bytes] | Problem]:
        """Read a session's trajectory events behind event `after_seq`, in order: the exact bytes of their JSON."""
        if not self._tables.has("run"):
            return
        for found in pages_of_events(self._tables, TRAJECTORY, session_id, after_seq, lambda page, rows: None):
            if isinstance(found, Problem):
                yield found
                continue
            for seq, event in found.rows:
                if isinstance(event, bytes) and isinstance(seq, int):
                    yield Place(str(self.path), session_id, seq), event
                else:
                    yield Problem(str(self.path), session_id, whole(seq), "the event holds no text")

    def archived(self, known: frozenset[str] = frozenset()) -> Iterator[Record]:
        """Read the transcripts of sessions that were deleted or reset and that the store still holds.

        `known` are the names of archives, the `part` of their places, that need not be read again: they don't change.
        """
        yield from archived_transcripts(self._tables, known)

    def outcomes(self) -> Iterator[TickOutcome | Problem]:
        """Give what ticks reported; the host keeps the last of each session key. Source and reason are the wake's."""
        if not self._tables.has("outcome"):
            return
        for found in listed_rows(self._tables, "outcomes of ticks", "outcomes"):
            if isinstance(found, Problem):
                yield found
                continue
            key, (_, run_key, outcome, summary, source, reason, at) = found
            said, time = legible_text(outcome), microseconds_of(at)
            if said is None or time is None:
                yield Problem(str(self.path), key, None, "the outcome of a tick says no outcome, or no time")
                continue
            yield TickOutcome(
                place=Place(str(self.path), key, 0),
                session_key=key,
                run_session_key=legible_text(run_key),
                outcome=said,
                at=time,
                summary=legible_text(summary),
                source=legible_text(source),
                reason=legible_text(reason),
            )

    def pending_commits(self) -> Iterator[PendingCommit | Problem]:
        """Give the commits that the host's outbox holds: no engine has taken them yet."""
        if not self._tables.has("pending"):
            return
        for found in listed_rows(self._tables, "pending commits", "pending_commits"):
            if isinstance(found, Problem):
                yield found
                continue
            key, (_, engine, session, attempts, error, created_at) = found
            held, time = legible_text(session), microseconds_of(created_at)
            if held is None or time is None:
                yield Problem(str(self.path), key, None, "a pending commit says no session, or no time")
                continue
            yield PendingCommit(
                place=Place(str(self.path), key, 0),
                advancement_key=key,
                engine=legible_text(engine),
                session_id=held,
                attempts=whole(attempts) or 0,
                at=time,
                error=legible_text(error),
            )

    def _read_meta(self) -> Row:
        nothing: Row = (None, None, None, None)
        if not self._tables.has("meta"):
            return nothing
        try:
            rows = self._tables.rows("meta")
        except FAILURES as error:
            self._problems.append(Problem(str(self.path), "", None, f"whose it is can't be read: {what_failed(error)}"))
            return nothing
        return rows[0] if rows else nothing


def _number(cell: object) -> int:
    return cell if isinstance(cell, int) else -1
