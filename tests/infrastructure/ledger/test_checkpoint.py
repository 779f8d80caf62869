import json
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from infrastructure.ledger.checkpoint import Checkpoint, append_checkpoint
from infrastructure.ledger.errors import CheckpointContradicted, CheckpointUnusable
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.verify import verify
from tests.databases import Databases
from tests.infrastructure.ledger.appends import told
from tests.infrastructure.ledger.tampering import KEY, OTHER, P, deleted, places, tamper


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "checkpoints.ndjson"


@pytest.fixture
def ledger(ledger: Ledger) -> Ledger:
    """Append to partition 3: 1 2 | 3 | 4 5."""
    ledger.append(P, [told(KEY, b"1", b"2")])
    ledger.append(P, [told(OTHER, b"3")])
    ledger.append(P, [told(KEY, b"4", b"5")])
    return ledger


def grow(ledger: Ledger) -> None:
    ledger.append(P, [told(KEY, b"more", b"and more")])


def lines(file: Path) -> list[bytes]:
    return file.read_bytes().splitlines(keepends=True)


def test_a_checkpoint_is_a_line_with_every_partitions_head_and_the_digest_of_the_one_before(
    ledger: Ledger, file: Path
) -> None:
    first = append_checkpoint(ledger, file)
    grow(ledger)
    second = append_checkpoint(ledger, file)
    written = [json.loads(line) for line in lines(file)]
    assert [list(line) for line in written] == [["ledger_id", "at", "partitions", "previous", "digest"]] * 2
    assert [line["previous"] for line in written] == [None, first.digest]
    assert [line["digest"] for line in written] == [first.digest, second.digest]
    assert written[1]["partitions"] == [
        {"partition": head.partition, "position": head.position, "chain": head.chain.hex()} for head in ledger.heads()
    ]
    assert written[0]["ledger_id"] == str(ledger.ledger_id)


def test_where_nothing_was_appended_the_last_checkpoint_stands(ledger: Ledger, file: Path) -> None:
    first = append_checkpoint(ledger, file)
    assert append_checkpoint(ledger, file) == first
    assert len(lines(file)) == 1


def test_what_grew_since_the_checkpoint_proves(ledger: Ledger, file: Path) -> None:
    append_checkpoint(ledger, file)
    assert verify(ledger, checkpoint=file).ok
    grow(ledger)
    assert verify(ledger, checkpoint=file).ok
    append_checkpoint(ledger, file)
    assert verify(ledger, checkpoint=file).ok


@pytest.mark.parametrize("kept", [3, 2, 0])
def test_a_tail_that_was_cut_is_found_with_a_checkpoint(ledger: Ledger, file: Path, kept: int) -> None:
    seen = append_checkpoint(ledger, file)
    tamper(ledger, deleted(f"position > {kept}"))
    assert verify(ledger).ok
    verified = verify(ledger, checkpoint=file)
    assert not verified.ok
    assert places(verified) == [f"3-{kept + 1}"]
    assert verified.broken[0].reason == f"cut off after position {kept}: the checkpoint of {seen.at} saw 5"


@pytest.mark.parametrize("kept", [3, 0])
def test_a_tail_that_was_cut_and_written_anew_is_found_with_a_checkpoint(ledger: Ledger, file: Path, kept: int) -> None:
    seen = append_checkpoint(ledger, file)
    tamper(ledger, deleted(f"position > {kept}"))
    ledger.append(P, [told(OTHER, b"another history"), told(OTHER, b"x", b"y", b"z", b"and longer")])
    assert verify(ledger).ok
    verified = verify(ledger, checkpoint=file)
    assert places(verified) == ["3-5"]
    assert verified.broken[0].reason == f"rewritten: the checkpoint of {seen.at} saw another chain at position 5"


@pytest.mark.parametrize("anew", [False, True], ids=["cut", "written-anew"])
def test_no_later_checkpoint_covers_for_a_cut(ledger: Ledger, file: Path, anew: bool) -> None:
    append_checkpoint(ledger, file)
    before = file.read_bytes()
    tamper(ledger, deleted("position > 2"))
    if anew:
        for _ in range(9):
            grow(ledger)
    with pytest.raises(CheckpointContradicted, match="cut off or rewritten: at 3-5"):
        append_checkpoint(ledger, file)
    assert file.read_bytes() == before


def test_what_came_after_the_last_checkpoint_is_not_proved(ledger: Ledger, file: Path) -> None:
    append_checkpoint(ledger, file)
    grow(ledger)
    tamper(ledger, deleted("position > 5"))
    assert verify(ledger, checkpoint=file).ok


@pytest.mark.parametrize("rest", [b"{", b'{"ledger_id":"', b"\0\0\0"])
def test_a_line_that_a_crash_cut_short_is_no_checkpoint(ledger: Ledger, file: Path, rest: bytes) -> None:
    append_checkpoint(ledger, file)
    with file.open("ab") as opened:
        opened.write(rest)
    assert verify(ledger, checkpoint=file).ok
    grow(ledger)
    append_checkpoint(ledger, file)
    assert len(lines(file)) == 2
    assert verify(ledger, checkpoint=file).ok


def without(number: int) -> Callable[[list[bytes]], list[bytes]]:
    return lambda written: written[:number] + written[number + 1 :]


def replaced(old: bytes, new: bytes, number: int = -1) -> Callable[[list[bytes]], list[bytes]]:
    def damage(written: list[bytes]) -> list[bytes]:
        assert old in written[number]
        written[number] = written[number].replace(old, new, 1)
        return written

    return damage


DAMAGES = [
    (without(0), "line 1: does not follow the line before"),
    (without(1), "line 2: does not follow the line before"),
    (lambda written: written[::-1], "line 1: does not follow"),
    (lambda written: [*written, written[-1]], "line 4: does not follow"),
    (replaced(b'"position":9', b'"position":5'), "line 3: was changed"),
    (replaced(b'"at":"2', b'"at":"1', 1), "line 2: was changed"),
    (replaced(b'"digest":"', b'"digest": "'), "line 3: was changed"),
    (replaced(b"{", b"[", 1), "line 2: is no checkpoint"),
    (replaced(b'"at"', b'"to"', 0), "line 1: is no checkpoint"),
    (lambda written: [*written, b"\n"], "line 4: is no checkpoint"),
    (lambda written: [*written, b"\xff\n"], "line 4: is no checkpoint"),
    (lambda _written: [], "holds no checkpoint yet"),
    (lambda written: [written[0][:-1]], "holds no checkpoint yet"),
]


@pytest.mark.parametrize(("damage", "reason"), DAMAGES, ids=[reason for _damage, reason in DAMAGES])
def test_a_damaged_file_says_where_and_how(
    ledger: Ledger, file: Path, damage: Callable[[list[bytes]], list[bytes]], reason: str
) -> None:
    append_checkpoint(ledger, file)
    for _ in range(2):
        grow(ledger)
        append_checkpoint(ledger, file)
    file.write_bytes(b"".join(damage(lines(file))))
    with pytest.raises(CheckpointUnusable, match=reason):
        verify(ledger, checkpoint=file)


def test_a_file_that_is_not_there_can_not_be_read_nor_written(ledger: Ledger, tmp_path: Path) -> None:
    with pytest.raises(CheckpointUnusable, match="can't be read"):
        verify(ledger, checkpoint=tmp_path / "none")
    with pytest.raises(CheckpointUnusable, match="no checkpoint can be written"):
        append_checkpoint(ledger, tmp_path)


def test_a_file_of_another_ledger_is_refused(ledger: Ledger, databases: Databases, file: Path) -> None:
    with Ledger.open(databases.make(partitions=2)) as other:
        append_checkpoint(other, file)
        with pytest.raises(CheckpointUnusable, match=f"is of ledger {other.ledger_id}, and this one is"):
            verify(ledger, checkpoint=file)
    with pytest.raises(CheckpointUnusable, match="last line: is of ledger"):
        append_checkpoint(ledger, file)


def test_writers_of_one_file_wait_for_each_other(ledger: Ledger, database: str, file: Path) -> None:
    def append_and_check(number: int) -> None:
        with Ledger.open(database) as own:
            for _ in range(10):
                own.append(number, [told(KEY, b"x")])
                append_checkpoint(own, file)

    with ThreadPoolExecutor(4) as threads:
        list(threads.map(append_and_check, range(4)))
    append_checkpoint(ledger, file)
    written = [json.loads(line) for line in lines(file)]
    assert [one["previous"] for one in written] == [None, *(one["digest"] for one in written[:-1])]
    assert [one["position"] for one in written[-1]["partitions"][:4]] == [10, 10, 10, 15]


def test_the_last_line_is_found_however_long_the_file_is(ledger: Ledger, file: Path) -> None:
    written: list[Checkpoint] = []
    while not written or file.stat().st_size < 100_000:
        grow(ledger)
        written.append(append_checkpoint(ledger, file))
    assert append_checkpoint(ledger, file) == written[-1]
    assert len(lines(file)) == len(written)
