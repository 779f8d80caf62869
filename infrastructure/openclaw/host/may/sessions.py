"""May's folder of sessions: which session each key points to, and which sessions only their files are left of."""

from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath, PureWindowsPath

from msgspec import Struct

from infrastructure.openclaw.bad_line import BadLine
from infrastructure.openclaw.host.may.session_entries import Entry, read_entries
from infrastructure.openclaw.host.may.session_names import SessionFile, session_file, trajectory_session
from infrastructure.openclaw.host.may.ticks import begins_as_tick, key_in_trajectory
from infrastructure.openclaw.host.may.transcript_files import header_of, session_of
from infrastructure.openclaw.host.records import Counters, Place, Problem, SessionWindow
from infrastructure.openclaw.lossless import legible

MAP = "sessions.json"
"""The file that maps keys to entries."""

_MOST_FILES = 1_000_000


class Held(Struct, frozen=True):
    """One file of a session, and what it holds of it."""

    path: Path
    file: SessionFile


class SessionFolder:
    """A folder `agents/<agent>/sessions`. Its map and its names are read when it is made; it must be a folder."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._problems: list[Problem] = []
        self._entries: dict[str, Entry] = {}
        self._files: dict[str, list[Held]] = {}
        self._trajectories: dict[str, Path] = {}
        self._names: set[str] = set()
        self._look()
        self._read_map()

    @property
    def agent(self) -> str | None:
        """The agent whose sessions these are, if the folder lies where the host puts it."""
        parts = self._path.absolute().parts
        return legible(parts[-2]) if len(parts) > 3 and parts[-1] == "sessions" and parts[-3] == "agents" else None

    @property
    def files(self) -> Mapping[str, tuple[Held, ...]]:
        """The files of each session id: archives and checkpoints by name, and the transcript itself last."""
        return {session_id: tuple(held) for session_id, held in self._files.items()}

    @property
    def trajectories(self) -> Mapping[str, Path]:
        """The trajectory of each session id that has one."""
        return self._trajectories

    def windows(self) -> Iterator[SessionWindow | Problem]:
        """Tell each key's current session, then every other session that a file is left of, and what is wrong.

        The key of a session that no key points to (an earlier tick, or what came before a reset) is what says it:
        an entry that counts it in its usage family or among its compaction's checkpoints, or its trajectory. Else,
        if nobody but the heartbeat spoke in its transcript (every user's message is the literal poll text), it is
        a tick: `reason` is `heartbeat`, and its key is that of the only entry that remembers its base
        (`heartbeatIsolatedBaseSessionKey`). Where several entries or none do, its key stays unknown, as is that of
        whatever begins otherwise.
        """
        yield from self._problems
        told: set[str] = set()
        taken: set[str | None] = set()
        for number, (key, entry) in enumerate(self._entries.items(), start=1):
            if entry.session_id:
                window = self._current(number, key, entry)
                told.add(window.session_id)
                taken.add(window.transcript)
                yield window
            else:
                yield Problem(self._map, "", number, f"the entry of `{key[:200]}` names no session")
        claims = self._claims()
        for session_id in sorted(self._files.keys() - told):
            if any(legible(str(held.path)) not in taken for held in self._files[session_id]):
                yield self._left(session_id, claims)

    @property
    def _map(self) -> str:
        return legible(str(self._path / MAP))

    def _look(self) -> None:
        try:
            names = sorted(path.name for path, _ in zip(self._path.iterdir(), range(_MOST_FILES), strict=False))
        except OSError as error:
            self._problems.append(Problem(legible(str(self._path)), "", None, f"it could not be listed: {error}"))
            return
        if len(names) == _MOST_FILES:
            reason = f"more than {_MOST_FILES} files: the others were not looked at"
            self._problems.append(Problem(legible(str(self._path)), "", None, reason))
        for name in names:
            if (session_id := trajectory_session(name)) is not None:
                self._trajectories[session_id] = self._path / name
            elif (file := session_file(name)) is not None:
                path = self._path / name
                self._names.add(name)
                self._files.setdefault(session_of(path), []).append(Held(path, file))
        for held in self._files.values():
            held.sort(key=lambda one: one.file.kind == "transcript")

    def _read_map(self) -> None:
        path = self._path / MAP
        if not path.exists():
            if self._files:
                reason = "there is none: which key points to which session is unknown"
                self._problems.append(Problem(self._map, "", None, reason))
            return
        try:
            for number, (key, entry) in enumerate(read_entries(path), start=1):
                if isinstance(entry, Entry):
                    self._entries[key] = entry
                else:
                    self._problems.append(Problem(self._map, "", number, f"the entry of `{key[:200]}`: {entry}"))
        except (OSError, BadLine) as error:
            self._problems.append(Problem(self._map, "", None, f"it could not be read: {error}"))

    def _current(self, number: int, key: str, entry: Entry) -> SessionWindow:
        session_id = entry.session_id or ""
        named = _file_name(entry.session_file)
        path = self._path / named if named is not None and named in self._names else self._transcript(session_id)
        header = header_of(path) if path is not None else None
        family = [one for one in entry.usage_family_session_ids if one != session_id]
        forked = entry.forked_from_parent or (header is not None and header.parent_session is not None)
        return SessionWindow(
            place=Place(self._map, "", number),
            session_id=session_id,
            session_key=key,
            agent=self.agent or agent_of(key),
            current=True,
            created_at=entry.session_started_at or (header.created_at if header is not None else None),
            updated_at=entry.updated_at,
            started_at=entry.started_at,
            ended_at=entry.ended_at,
            status=entry.status,
            reason="fork" if forked else None,
            previous=_parent(header.parent_session if header is not None else None) or (family[-1] if family else None),
            base=entry.heartbeat_isolated_base_session_key,
            transcript=None if path is None else legible(str(path)),
            parent_key=entry.spawned_by or entry.parent_session_key,
            counters=Counters(
                input_tokens=entry.input_tokens,
                output_tokens=entry.output_tokens,
                total_tokens=entry.total_tokens,
                context_tokens=entry.context_tokens,
                compactions=entry.compaction_count,
            ),
        )

    def _left(self, session_id: str, claims: Mapping[str, str]) -> SessionWindow:
        held = self._files[session_id][-1]
        header = header_of(held.path)
        key = claims.get(session_id) or self._told_by_trajectory(session_id)
        tick = begins_as_tick(held.path, held.file.compressed)
        if key is None and tick:
            bases = [one for one, entry in self._entries.items() if entry.heartbeat_isolated_base_session_key]
            key = bases[0] if len(bases) == 1 else None
        entry = self._entries.get(key) if key is not None else None
        parent = _parent(header.parent_session if header is not None else None)
        return SessionWindow(
            place=Place(legible(str(held.path)), "", 1),
            session_id=session_id,
            session_key=key,
            agent=self.agent or agent_of(key),
            current=False,
            created_at=header.created_at if header is not None else None,
            reason="fork" if parent else "heartbeat" if tick else None,
            previous=parent,
            base=entry.heartbeat_isolated_base_session_key if entry is not None else None,
            transcript=legible(str(held.path)),
        )

    def _claims(self) -> dict[str, str]:
        """Say which sessions the entries name besides the one that they point to, and by which key."""
        claims: dict[str, str] = {}
        for key, entry in self._entries.items():
            for session_id in entry.others:
                claims.setdefault(session_id, key)
        return claims

    def _told_by_trajectory(self, session_id: str) -> str | None:
        path = self._trajectories.get(session_id)
        return None if path is None else key_in_trajectory(path, session_id)

    def _transcript(self, session_id: str) -> Path | None:
        held = self._files.get(session_id)
        return held[-1].path if held and held[-1].file.kind == "transcript" else None


def agent_of(key: str | None) -> str | None:
    """Say which agent a key names; None if it names none (`global`)."""
    parts = (key or "").split(":", 2)
    return parts[1] or None if len(parts) == 3 and parts[0] == "agent" else None


def _file_name(path: str | None) -> str | None:
    """Give the last part of a path, whichever system wrote it: the folder may be a copy from another machine."""
    if not path:
        return None
    name = PureWindowsPath(path).name if "\\" in path and "/" not in path else PurePosixPath(path).name
    return name or None


def _parent(path: str | None) -> str | None:
    named = session_file(_file_name(path) or "")
    return None if named is None else named.session_id
