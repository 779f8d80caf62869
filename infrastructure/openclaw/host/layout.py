"""Which sources lie below a path: in a host's state folder, in any folder with some of its files, or one file."""

import re
import stat
from collections.abc import Iterable
from pathlib import Path
from typing import ClassVar, Literal

from msgspec import Struct

from domain.errors import WrongUsage
from infrastructure.openclaw.host.looking import Looking
from infrastructure.openclaw.host.places import STATE_FOLDERS
from infrastructure.openclaw.host.records import Problem
from infrastructure.openclaw.host.rotation import in_order
from infrastructure.openclaw.host.sniffing import sniffed
from infrastructure.openclaw.lossless import legible

Kind = Literal[
    "store",
    "sessions",
    "transcript",
    "trajectory",
    "trace",
    "lifecycle",
    "configuration",
    "gateway-log",
    "identity",
    "state",
]
"""What a source is. `sessions` is May's folder of them; `identity` and `state` name the installation."""

STORE = "openclaw-agent.sqlite"
TRACE = "cache-trace.jsonl"
LIFECYCLE = "lifecycle.ndjson"
CONFIGURATIONS = ("openclaw.json", "clawdbot.json", "moldbot.json", "moltbot.json")

MOST_AGENTS = 1_000
MOST_NEIGHBOURS = 200

_LOG = re.compile(r"(?P<stem>(?:openclaw|gateway)[\w.-]*?)(?:\.\d{1,6})?\.log(?:[.-][\w.-]+)?", re.ASCII)
_TRANSCRIPT = re.compile(r".+\.jsonl(?:\.(?:reset|deleted|migrated|bak)\b.*)?", re.DOTALL)
_TRAJECTORY = re.compile(r".+\.trajectory\.jsonl(?:\.(?:reset|deleted)\.[\w.-]*(?<!\.zst))?", re.DOTALL)


class NothingRecognised(WrongUsage):
    """There is nothing of a host's at a path; the message says what was looked for."""

    code: ClassVar[str] = "nothing-recognised"


class Found(Struct, frozen=True, order=True):
    """A source: what it is, where it lies, and whose it is where that shows from its place (legible).

    `path` is as the file system has it, which need not be UTF-8 (then with surrogate escapes).
    """

    kind: Kind
    path: str
    agent: str | None = None


class Layout(Struct, frozen=True):
    """What was found below `root`, and what could not be looked at.

    Traces and logs stand in the order in which they were written.
    """

    root: str
    found: tuple[Found, ...]
    problems: tuple[Problem, ...] = ()

    def of(self, *kinds: Kind) -> tuple[Found, ...]:
        """Give the sources of some kinds."""
        return tuple(one for one in self.found if one.kind in kinds)


def recognise(path: str | Path) -> Layout:
    """Say which sources lie at a path. It opens no file but one that is given itself, or whose name says too little.

    Raises:
        NothingRecognised: none; it says what was looked for.
        WrongUsage: the path can't be read.
    """
    root = Path(path)
    try:
        mode = root.stat().st_mode
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else str(error)
        raise WrongUsage(f"{legible(str(path))} can't be read: {reason}.") from None
    recogniser = _Recogniser()
    if stat.S_ISDIR(mode):
        recogniser.folder(root)
    elif stat.S_ISREG(mode):
        recogniser.given(root)
    if not recogniser.found:
        raise NothingRecognised(_nothing_at(root, recogniser.looking.problems, _neighbours(root)))
    return recogniser.layout(root)


def with_paths(
    layout: Layout, *, sessions: Iterable[Path] = (), traces: Iterable[Path] = (), logs: Iterable[Path] = ()
) -> Layout:
    """Add what lies elsewhere: at places that a configuration names, or the host's own rules (`log_folders`).

    `sessions` are May's folders of them. A trace comes with its rotated ones; so does a log, and a folder of logs
    with all of them. What is not there is passed over, and what was found before stays where it stands.
    """
    recogniser = _Recogniser(layout)
    for path in sessions:
        recogniser.sessions(path)
    for path in traces:
        recogniser.rotated("trace", path.parent, path.name)
    for path in logs:
        if path.is_dir():
            recogniser.logs(path)
        else:
            recogniser.rotated("gateway-log", path.parent, path.name)
    return recogniser.layout(Path(layout.root))


class _Recogniser:
    """Collects what is found. Unless it `opens` files, it goes by names alone."""

    def __init__(self, layout: Layout | None = None, *, opens: bool = True) -> None:
        self.looking = Looking()
        self.found: list[Found] = []
        self._opens = opens
        self._seen: set[tuple[int, int]] = set()
        if layout is not None:
            self.looking.problems.extend(layout.problems)
            for one in layout.found:
                self._add(one.kind, Path(one.path), one.agent)

    def layout(self, root: Path) -> Layout:
        return Layout(str(root), tuple(self.found), tuple(self.looking.problems))

    def folder(self, root: Path) -> None:
        """Look for a state folder, or for parts of one directly inside."""
        names = self.looking.names(root)
        if "agents" in names:
            self._agents(root / "agents")
        if root.name == "agents":
            self._agents(root)
        self._agent(root, _agent_at(root))
        if STORE in names:
            self._add("store", root / STORE, _agent_at(root.parent))
        self._sessions(root, _agent_at(root.parent), certain=False)
        self._plain(root, names)
        self._plain(root / "logs", self.looking.names(root / "logs"))
        configured = next((name for name in CONFIGURATIONS if name in names), None)
        if configured is not None:
            self._add("configuration", root / configured)
        self._add("identity", root / "identity" / "device.json")
        self._add("state", root / "state" / "openclaw.sqlite")

    def given(self, path: Path) -> None:
        """Recognise a file that was named itself: by its name, or by how it begins."""
        name, agent = path.name, _agent_at(path.parent.parent)
        if name == "sessions.json":
            self.sessions(path.parent)
        elif name in CONFIGURATIONS:
            self._add("configuration", path)
        elif (kind := sniffed(path)) is not None:
            self._add(kind, path, agent)

    def sessions(self, folder: Path) -> None:
        """Add a folder of sessions, if it is one."""
        self._sessions(folder, _agent_at(folder.parent), certain=True)

    def logs(self, folder: Path) -> None:
        """Add the gateway's logs of a folder."""
        self._logs(folder, self.looking.names(folder))

    def rotated(self, kind: Literal["trace", "gateway-log"], folder: Path, base: str) -> None:
        """Add a log and its rotated ones."""
        for name in in_order(self.looking.names(folder), base):
            self._add(kind, folder / name)

    def _agents(self, folder: Path) -> None:
        names = self.looking.names(folder)
        if len(names) > MOST_AGENTS:
            self.looking.tell(folder, f"holds more than {MOST_AGENTS} agents: the others were not looked at")
        for name in names[:MOST_AGENTS]:
            self._agent(folder / name, legible(name))

    def _agent(self, folder: Path, agent: str | None) -> None:
        self._add("store", folder / "agent" / STORE, agent)
        self._sessions(folder / "sessions", agent, certain=True)

    def _sessions(self, folder: Path, agent: str | None, *, certain: bool) -> None:
        """Add a folder of sessions; one that is not called so must hold their map, or a transcript."""
        names = self.looking.names(folder)
        transcripts = [name for name in names if _TRANSCRIPT.fullmatch(name) and not _TRAJECTORY.fullmatch(name)]
        if "sessions.json" in names or (transcripts and (certain or self._hold_transcripts(folder, transcripts))):
            self._add("sessions", folder, agent)
        for name in names:
            if _TRAJECTORY.fullmatch(name):
                self._add("trajectory", folder / name, agent)

    def _hold_transcripts(self, folder: Path, names: list[str]) -> bool:
        some = [folder / name for name in names if name.endswith(".jsonl") and not in_order([name], TRACE)][:20]
        return self._opens and any(
            self.looking.file_at(path) is not None and sniffed(path) == "transcript" for path in some
        )

    def _plain(self, folder: Path, names: list[str]) -> None:
        """Add what lies as a file in a folder: traces, recordings, logs."""
        for name in in_order(names, TRACE):
            self._add("trace", folder / name)
        for name in names:
            if name == LIFECYCLE or name.endswith(f".{LIFECYCLE}"):
                self._add("lifecycle", folder / name)
        self._logs(folder, names)

    def _logs(self, folder: Path, names: list[str]) -> None:
        bases = {f"{found['stem']}.log" for name in names if (found := _LOG.fullmatch(name))}
        for base in sorted(bases):
            for name in in_order(names, base):
                self._add("gateway-log", folder / name)

    def _add(self, kind: Kind, path: Path, agent: str | None = None) -> None:
        """Add a source that is there, once, whatever its paths."""
        found = self.looking.folder_at(path) if kind == "sessions" else self.looking.file_at(path)
        if found is None or (found.st_dev, found.st_ino) in self._seen:
            return
        self._seen.add((found.st_dev, found.st_ino))
        self.found.append(Found(kind, str(path), agent))


def _agent_at(folder: Path) -> str | None:
    """Name the agent whose folder this is, where it lies in a state folder."""
    return legible(folder.name) if folder.absolute().parent.name == "agents" else None


def _neighbours(root: Path) -> list[str]:
    """Name folders in this one in which something is: a person may have meant one of them."""
    looking = Looking()
    inside = [name for name in looking.names(root) if not name.startswith(".") or name in STATE_FOLDERS]
    meant: list[str] = []
    for name in inside[:MOST_NEIGHBOURS]:
        recogniser = _Recogniser(opens=False)
        if (root / name).is_dir():
            recogniser.folder(root / name)
        if recogniser.found:
            meant.append(legible(name))
    return meant


def _nothing_at(root: Path, problems: list[Problem], meant: list[str]) -> str:
    said = f"{legible(str(root))}: nothing of a host's is recognised here. "
    if meant:
        more = f" and {len(meant) - 5} more" if len(meant) > 5 else ""
        said += f"But in {', '.join(meant[:5])}{more}: name one of these. "
    if problems:
        said += f"({problems[0].path} {problems[0].reason}.) "
    return (
        f"{said}Looked for agents/*/agent/{STORE}, agents/*/sessions, logs/{TRACE}, {CONFIGURATIONS[0]} and "
        f"logs/gateway.log, for these directly inside, for {LIFECYCLE}, and, if it is a file, for one of these or a "
        "transcript. Give the folder where the host keeps its state: OPENCLAW_STATE_DIR, else ~/.openclaw."
    )
