"""A store is read while its host writes, or after it was killed: everything is seen, and nothing beside it changes."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

from infrastructure.openclaw.host.records import TranscriptMessage
from infrastructure.openclaw.host.store import tables
from infrastructure.openclaw.host.store.database import UnreadableStore
from infrastructure.openclaw.host.store.store import Store
from tests.infrastructure.openclaw.host.stores import AT, message

ROOT = Path(__file__).parents[4]
INSERT = "insert into transcript_events values (?, ?, ?, ?, null, null, null)"
TRUNCATE = "pragma wal_checkpoint(truncate)"


class Writer:
    """A host in a process of its own."""

    def __init__(self, path: Path, journal: str = "wal") -> None:
        module = "tests.infrastructure.openclaw.host.writing"
        self.process = subprocess.Popen(
            [sys.executable, "-m", module, str(path), journal],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        self._heard()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def run(self, statement: str, *parameters: object) -> object:
        assert self.process.stdin
        print(json.dumps([statement, *parameters]), file=self.process.stdin, flush=True)
        return json.loads(self._heard())

    def event(self, seq: int, text: str = "hello") -> None:
        assert self.run(INSERT, "a", seq, message(seq % 1000, text).decode(), AT) == []

    def kill(self) -> None:
        """End it as a power cut does: nothing is tidied up."""
        self.process.kill()
        self._end()

    def end(self) -> None:
        """End it as a host ends: the last connection is closed."""
        assert self.process.stdin
        self.process.stdin.close()
        self._end()

    def _end(self) -> None:
        self.process.wait()
        for stream in (self.process.stdin, self.process.stdout):
            assert stream
            if not stream.closed:
                stream.close()

    def _heard(self) -> str:
        assert self.process.stdout
        return self.process.stdout.readline()


@pytest.fixture
def path(tmp_path: Path) -> Iterator[Path]:
    folder = tmp_path / "agent"
    folder.mkdir()
    (folder / "beside.txt").write_text("not of the store")
    yield folder / "openclaw-agent.sqlite"
    folder.chmod(0o755)


def lying(path: Path) -> dict[str, tuple[int, int, bytes]]:
    """Say what lies in a store's folder: each file with its inode, the time of its last change, and its bytes."""
    found = sorted(path.parent.iterdir())
    return {file.name: (file.stat().st_ino, file.stat().st_mtime_ns, file.read_bytes()) for file in found}


def seen(path: Path) -> list[int]:
    with Store.open(path) as store:
        list(store.windows())
        store.marks()
        assert list(store.damage()) == []
        return [found.place.number for found in store.transcript("a") if isinstance(found, TranscriptMessage)]


def in_a_log(path: Path, events: int = 4) -> Writer:
    """Begin a host whose log holds what its file does not."""
    host = Writer(path)
    host.event(0)
    host.run(TRUNCATE)
    for seq in range(1, events):
        host.event(seq)
    return host


def test_nothing_changes_beside_a_host_that_has_its_store_open(path: Path) -> None:
    with in_a_log(path) as host:
        before = lying(path)
        assert seen(path) == [0, 1, 2, 3]
        assert lying(path) == before
        assert {"openclaw-agent.sqlite-wal", "openclaw-agent.sqlite-shm"} < set(before)
        host.run(TRUNCATE)
        before = lying(path)
        assert seen(path) == [0, 1, 2, 3]
        assert lying(path) == before


def test_checkpoints_proceed_while_a_long_transcript_is_read_and_all_that_was_committed_before_is_seen(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 5)
    with Writer(path) as host:
        for seq in range(100):
            host.event(seq)
        folder = set(lying(path))
        beside = lying(path)["beside.txt"]
        numbers: list[int] = []
        with Store.open(path) as store:
            for found in store.transcript("a"):
                assert isinstance(found, TranscriptMessage)
                numbers.append(found.place.number)
                if len(numbers) % 5 == 0 and len(numbers) < 200:
                    host.event(1000 + len(numbers))
                    assert host.run(TRUNCATE) == [[0, 0, 0]]  # not busy, and the log is empty
        assert numbers[:100] == list(range(100))
        assert len(numbers) > 120
        assert set(lying(path)) == folder
        assert lying(path)["beside.txt"] == beside


def test_every_row_that_is_committed_is_seen_at_once(path: Path) -> None:
    with Writer(path) as host:
        for seq in range(60):
            host.event(seq)
            if seq % 7 == 0:
                host.run("pragma wal_checkpoint(passive)")
            if seq % 17 == 0:
                host.run(TRUNCATE)
            assert seen(path) == list(range(seq + 1))


def test_what_is_not_committed_is_not_seen(path: Path) -> None:
    with in_a_log(path) as host:
        host.run("begin immediate")
        host.event(9)
        assert seen(path) == [0, 1, 2, 3]


def killed(path: Path) -> list[int]:
    in_a_log(path).kill()
    return [0, 1, 2, 3]


def killed_and_copied_without_the_index(path: Path) -> list[int]:
    in_a_log(path).kill()
    Path(f"{path}-shm").unlink()
    return [0, 1, 2, 3]


def killed_with_an_empty_log(path: Path) -> list[int]:
    host = in_a_log(path)
    host.run(TRUNCATE)
    host.kill()
    Path(f"{path}-shm").unlink()
    return [0, 1, 2, 3]


def ended(path: Path) -> list[int]:
    in_a_log(path).end()
    return [0, 1, 2, 3]


def copied_without_the_log(path: Path) -> list[int]:
    in_a_log(path).kill()
    Path(f"{path}-shm").unlink()
    Path(f"{path}-wal").unlink()
    return [0]


def copied_while_it_lived(path: Path) -> list[int]:
    living = path.parent.parent / "living.sqlite"
    with in_a_log(living):
        for ending in ("", "-wal", "-shm"):
            shutil.copyfile(f"{living}{ending}", f"{path}{ending}")
    return [0, 1, 2, 3]


def without_a_log(path: Path) -> list[int]:
    with Writer(path, "delete") as host:
        host.event(0)
        host.event(1)
    return [0, 1]


def killed_while_it_wrote_without_a_log(path: Path) -> list[int]:
    host = Writer(path, "delete")
    host.event(0)
    host.run("pragma cache_size = 1")
    host.run("begin")
    for seq in range(1, 50):
        host.event(seq, "x" * 9000)
    host.kill()
    assert Path(f"{path}-journal").stat().st_size > 0
    return [0]


ENDS = [
    killed,
    killed_and_copied_without_the_index,
    killed_with_an_empty_log,
    ended,
    copied_without_the_log,
    copied_while_it_lived,
    without_a_log,
    killed_while_it_wrote_without_a_log,
]


@pytest.mark.parametrize("mode", [0o755, 0o555], ids=["writable", "read-only"])
@pytest.mark.parametrize("end", ENDS)
def test_a_store_is_read_as_it_was_left_and_nothing_changes_beside_it(
    path: Path, end: Callable[[Path], list[int]], mode: int
) -> None:
    committed = end(path)
    path.parent.chmod(mode)  # nothing to a superuser, who sees that nothing is written all the same
    before = lying(path)
    assert seen(path) == committed
    assert lying(path) == before


def test_a_log_that_is_missing_while_its_index_is_there_is_a_problem(path: Path) -> None:
    in_a_log(path).kill()
    Path(f"{path}-wal").unlink()
    with Store.open(path) as store:
        (problem,) = store.problems()
    assert "-wal" in problem.reason
    assert seen(path) == [0]


def test_a_host_that_begins_writing_while_its_store_is_read_is_noticed(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    in_a_log(path, 8).end()
    assert set(lying(path)) == {"beside.txt", path.name}
    with Store.open(path) as store:
        reading = store.transcript("a")
        numbers = [next(reading), next(reading)]
        with Writer(path) as host:
            host.event(8)
            host.run("update transcript_events set event_json = replace(event_json, 'hello', 'changed')")
            assert host.run(TRUNCATE) == [[0, 0, 0]]
            numbers += reading
            told = [found.place.number for found in numbers if isinstance(found, TranscriptMessage)]
            assert told == list(range(9))
            assert [b"changed" in found.raw for found in numbers if isinstance(found, TranscriptMessage)] == [
                False,
                False,
                *[True] * 7,
            ]


def test_a_host_that_ends_while_its_store_is_read_leaves_a_store_that_is_read_on(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "MOST_ROWS", 2)
    host = in_a_log(path, 8)
    with Store.open(path) as store:
        reading = store.transcript("a")
        next(reading)
        host.end()
        assert len(list(reading)) == 7
    assert seen(path) == list(range(8))
    host = Writer(path)  # the next one tidies up
    host.run(TRUNCATE)
    host.end()
    assert set(lying(path)) == {"beside.txt", path.name}


def test_a_store_that_its_host_keeps_locked_is_refused_by_name(path: Path) -> None:
    with Writer(path, "delete") as host:
        host.event(0)
        host.run("begin exclusive")
        with pytest.raises(UnreadableStore, match="locked"):
            Store(path, patience=0.05)
        host.run("commit")
        assert seen(path) == [0]
