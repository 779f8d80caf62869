"""Stores that were broken at random: nothing crashes or hangs, and no event is lost without a word."""

import os
import random
from collections.abc import Callable
from hashlib import sha256
from pathlib import Path

import pytest
import zstandard

from infrastructure.openclaw.host.records import Problem, TranscriptMessage
from infrastructure.openclaw.host.store.database import UnreadableStore
from infrastructure.openclaw.host.store.store import Store
from tests.crash.moments import SEED
from tests.infrastructure.openclaw.host.stores import SCHEMA, Host, cold, message, put_away, records

pytestmark = pytest.mark.crash

CASES = 200 * int(os.environ.get("HEARTLINE_CRASHES") or 1)
CHUNKS = 20
Event = tuple[str, int]

SESSIONS = {"first-session": 30, "second-session": 25, "third-session": 12}
PAGE = 1024


@pytest.fixture(scope="module")
def sound(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The bytes of a store with small pages, so that its trees have some depth."""
    return _made(tmp_path_factory.mktemp("sound") / "store.sqlite", SCHEMA)


@pytest.fixture(scope="module")
def loose(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """The same, but any cell can hold any kind of value."""
    return _made(tmp_path_factory.mktemp("loose") / "store.sqlite", SCHEMA.replace(") strict", ")"))


def _made(path: Path, schema: str) -> bytes:
    with Host(path, journal="delete", schema=f"pragma page_size = {PAGE}; vacuum; {schema}") as host:
        for session, events in SESSIONS.items():
            host.session(session, f"agent:main:{session}")
            for seq in range(events):
                text = f"event {seq} " * (1 if seq % 5 else 300)
                host.event(session, seq, message(seq, text), compressed=seq % 10 == 0)
                host.run_event(session, seq, b'{"type": "session.started"}')
            host.in_use(session, events - 1, *range(0, events, 2))
    return path.read_bytes()


def told(path: Path) -> tuple[set[Event], list[Problem]]:
    """Read everything; give the events of transcripts that were told, and the problems."""
    events: set[Event] = set()
    try:
        with Store.open(path) as store:
            marks = store.marks()
            problems = [*store.problems(), *store.damage(), *marks.problems]
            for listed in (store.windows(), store.outcomes(), store.pending_commits(), store.archived()):
                problems += [found for found in listed if isinstance(found, Problem)]
            for session in marks.sessions:
                for found in store.transcript(session):
                    if isinstance(found, Problem):
                        problems.append(found)
                    elif isinstance(found, TranscriptMessage):
                        events.add((session, found.place.number))
                problems += [found for found in store.trajectory(session) if isinstance(found, Problem)]
            return events, problems
    except UnreadableStore as error:
        return events, [Problem(str(path), "", None, str(error))] if str(path) in str(error) else []


def lost(events: set[Event], problems: list[Problem]) -> set[Event]:
    """Give the events that are neither told nor named by a problem, be it one of their session or of the file."""
    named = {(problem.part, problem.number) for problem in problems}
    if any(problem.number is None for problem in problems):
        return set()
    everything = {(session, seq) for session, count in SESSIONS.items() for seq in range(count)}
    return {event for event in everything - events if event not in named}


def flipped(data: bytearray, chance: random.Random) -> None:
    for _ in range(chance.randint(1, 6)):
        data[chance.randrange(len(data))] ^= 1 << chance.randrange(8)


def written_over(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    length = chance.choice([1, 2, 8, 100, PAGE])
    data[at : at + length] = chance.choice([bytes(length), chance.randbytes(length), b"\xff" * length])[
        : len(data) - at
    ]


def cut(data: bytearray, chance: random.Random) -> None:
    del data[chance.randrange(len(data)) :]


def taken_out(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    del data[at : at + chance.choice([1, 7, PAGE])]


def put_in(data: bytearray, chance: random.Random) -> None:
    at = chance.randrange(len(data))
    data[at:at] = chance.randbytes(chance.choice([1, 7, PAGE]))


def page_instead_of_another(data: bytearray, chance: random.Random) -> None:
    pages = len(data) // PAGE
    one, other = chance.randrange(pages) * PAGE, chance.randrange(pages) * PAGE
    data[one : one + PAGE] = data[other : other + PAGE]


def flipped_in_a_head(data: bytearray, chance: random.Random) -> None:
    """Break what says how a page is built: there a small change does most."""
    page = chance.randrange(len(data) // PAGE) * PAGE
    data[page + chance.randrange(100)] ^= 1 << chance.randrange(8)


FILES: list[Callable[[bytearray, random.Random], None]] = [
    flipped,
    flipped,
    written_over,
    cut,
    taken_out,
    put_in,
    page_instead_of_another,
    flipped_in_a_head,
    flipped_in_a_head,
]


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_a_file_that_was_broken_at_random_loses_nothing_without_a_word(
    sound: bytes, tmp_path: Path, chunk: int
) -> None:
    path = tmp_path / "openclaw-agent.sqlite"
    for case in range(CASES // CHUNKS):
        seed = f"{SEED} file {chunk} {case}"
        chance = random.Random(seed)
        data = bytearray(sound)
        how = chance.choice(FILES)
        how(data, chance)
        path.write_bytes(data)
        events, problems = told(path)
        assert lost(events, problems) == set(), (seed, how.__name__)
        assert [file.name for file in tmp_path.iterdir()] == [path.name], (seed, how.__name__)


CELLS = [
    ("transcript_events", "event_json"),
    ("transcript_events", "event_json"),
    ("transcript_events", "event_zstd"),
    ("transcript_events", "event_utf8_bytes"),
    ("transcript_events", "navigation_json"),
    ("trajectory_runtime_events", "event_json"),
    ("session_nodes", "entry_json"),
    ("session_nodes", "current_session_id"),
    ("session_windows", "created_at"),
    ("session_windows", "session_key"),
    ("session_transcript_active_events", "event_seq"),
    ("session_transcript_index_state", "indexed_seq"),
    ("transcript_rewrite_watermarks", "generation"),
    ("schema_meta", "schema_version"),
    ("schema_meta", "created_at"),
]
KINDS = [None, 0, -1, 1 << 62, 1.5, float("inf"), "", "null", "[]", "{}", b"", b"\x00", b"\xff\xfe", "\x00", "9" * 400]


def mutated(cell: object, chance: random.Random) -> object:
    """Give something else for a cell: of another kind, or its bytes broken, as a text or as a blob."""
    if cell is None or not isinstance(cell, str | bytes) or chance.random() < 0.2:
        return chance.choice(KINDS)
    data = bytearray(cell.encode() if isinstance(cell, str) else cell)
    for _ in range(chance.randint(1, 4)):
        at = chance.randrange(len(data) + 1)
        match chance.randrange(5):
            case 0 if at < len(data):
                data[at] ^= 1 << chance.randrange(8)
            case 1:
                del data[at:]
            case 2:
                del data[at : at + chance.randint(1, 30)]
            case 3:
                data[at:at] = chance.choice([b'"', b"{", b"}", b"\\ud800", b"\x00", b"[" * 600, b"1e999", b"null"])
            case _:
                data[at:at] = data[: chance.randint(0, len(data))]
    return bytes(data)


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_cells_that_were_broken_at_random_lose_nothing_without_a_word(loose: bytes, tmp_path: Path, chunk: int) -> None:
    path = tmp_path / "openclaw-agent.sqlite"
    for case in range(CASES // CHUNKS):
        seed = f"{SEED} cells {chunk} {case}"
        chance = random.Random(seed)
        path.write_bytes(loose)
        with Host(path, journal="memory") as host:
            host.connection.text_factory = bytes
            host.run("pragma synchronous = off")
            host.run("pragma ignore_check_constraints = on")
            for _ in range(chance.randint(1, 5)):
                table, column = chance.choice(CELLS)
                rows = host.run(f"select rowid, {column} from {table} where {column} is not null order by rowid")
                if not rows:
                    continue
                row, cell = chance.choice(rows)
                changed = mutated(cell, chance)
                kept = "cast(? as text)" if isinstance(changed, bytes) and chance.random() < 0.8 else "?"
                host.run(f"update or ignore {table} set {column} = {kept} where rowid = ?", changed, row)
        events, problems = told(path)
        kinds = {problem.part for problem in problems if "unknown kind" in problem.reason}  # each is told once
        assert {event for event in lost(events, problems) if event[0] not in kinds} == set(), seed


@pytest.mark.parametrize("chunk", range(CHUNKS))
def test_archives_that_were_broken_at_random_lose_nothing_without_a_word(tmp_path: Path, chunk: int) -> None:
    """Broken on the disk, so that the digest tells; or by whoever wrote it, so that each line has to."""
    events = [message(seq, f"event {seq} " * 20) for seq in range(12)]
    sound = cold(events, [*range(0, 12, 2)])
    for case in range(CASES // CHUNKS):
        seed = f"{SEED} archives {chunk} {case}"
        chance = random.Random(seed)
        written = chance.random() < 0.7
        data = bytearray(zstandard.decompress(sound) if written else sound)
        flipped(data, chance)
        chance.choice([flipped, written_over, cut, taken_out, put_in])(data, chance)
        archive = zstandard.compress(data) if written else bytes(data)
        path = tmp_path / f"{case}.sqlite"
        with Host(path, journal="memory") as host:
            host.run("pragma synchronous = off")
            put_away(host, archive, "sqlite", len(events))
            if not written:
                host.run("update session_transcript_cold_archives set archive_sha256 = ?", sha256(sound).hexdigest())
        found = records(path, "a")
        told_of = {one.place.number for one in found if isinstance(one, TranscriptMessage)}
        assert told_of >= set(range(12)) or any(isinstance(one, Problem) for one in found), seed
        path.unlink()
