"""Whatever happens to a file is found before anything is done with it."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from infrastructure.backup.errors import BackupUnusable
from infrastructure.backup.format import FORMAT, FRAME, MAGIC, START
from infrastructure.backup.reading import check
from infrastructure.composition import restore
from infrastructure.ledger.ledger import Ledger
from infrastructure.settings import Settings
from tests.infrastructure.backup.support import backup_bytes, quiet
from tests.infrastructure.ledger.appends import key_in, told

ALWAYS = settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@pytest.fixture
def whole(ledger: Ledger, tmp_path: Path) -> tuple[Path, bytes]:
    """Give a small backup, and the place of its damaged copies."""
    for partition in (2, 5):
        ledger.append(partition, [told(key_in(partition), b"one", b"two", delivery="d")])
    data = backup_bytes(ledger)
    (tmp_path / "b").write_bytes(data)
    assert check(tmp_path / "b", quiet).totals.events == 4
    return tmp_path / "b", data


def refusal(path: Path, data: bytes) -> str:
    path.write_bytes(data)
    with pytest.raises(BackupUnusable) as refused:
        check(path, quiet)
    said = str(refused.value)
    assert said.startswith(f"{path} ")
    assert "Nothing was restored" in said
    return said


@ALWAYS
@given(data=st.data())
def test_any_changed_bit_is_found(whole: tuple[Path, bytes], data: st.DataObject) -> None:
    path, before = whole
    place = data.draw(st.integers(0, len(before) - 1))
    bits = data.draw(st.integers(1, 255))
    refusal(path, before[:place] + bytes([before[place] ^ bits]) + before[place + 1 :])


@ALWAYS
@given(data=st.data())
def test_any_cut_is_found(whole: tuple[Path, bytes], data: st.DataObject) -> None:
    path, before = whole
    end = data.draw(st.integers(0, len(before) - 1))
    said = refusal(path, before[:end])
    assert ("is empty" if end == 0 else "is cut short") in said


@ALWAYS
@given(data=st.data())
def test_whatever_is_put_in_or_taken_out_is_found(whole: tuple[Path, bytes], data: st.DataObject) -> None:
    path, before = whole
    start = data.draw(st.integers(0, len(before)))
    end = data.draw(st.integers(start, len(before)))
    after = before[:start] + data.draw(st.binary(max_size=80)) + before[end:]
    if after != before:
        refusal(path, after)


@ALWAYS
@given(garbage=st.binary(min_size=1, max_size=200))
def test_garbage_behind_the_end_is_found(whole: tuple[Path, bytes], garbage: bytes) -> None:
    path, before = whole
    assert "goes on after its end" in refusal(path, before + garbage)


def test_zeros_in_the_place_of_a_lost_block_are_found(whole: tuple[Path, bytes]) -> None:
    path, before = whole
    for start in range(0, len(before), 64):
        lost = before[:start] + bytes(len(before[start : start + 64])) + before[start + 64 :]
        refusal(path, lost)


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"x", "is no backup of heartline"),
        (b'{"ts": "2026-11-25T08:00:00Z"}\n' * 9, "is no backup of heartline"),
        (MAGIC.replace(b"\r\n", b"\n") + bytes(50), "is no backup of heartline"),
        (MAGIC[:9], "is cut short"),
        (START.pack(MAGIC, FORMAT + 1) + bytes(50), "is of format 2, and this version of heartline reads 1: upgrade"),
        (START.pack(MAGIC, 0) + bytes(50), "there is no such format"),
        (START.pack(MAGIC, FORMAT) + b"?" * 50, "no frame begins at byte 16"),
        (START.pack(MAGIC, FORMAT) + FRAME.pack(b"E", 0, 5, 5) + b"abcde", "frames are not in order"),
        (START.pack(MAGIC, FORMAT) + FRAME.pack(b"L", 0, 5, 2**32 - 1) + b"abcde", "frames are not in order"),
    ],
)
def test_what_is_no_backup_of_this_version_is_said_to_be_none(tmp_path: Path, data: bytes, words: str) -> None:
    assert words in refusal(tmp_path / "b", data)


@pytest.mark.parametrize("kind", ["nothing", "folder", "pipe"])
def test_what_is_no_file_is_refused_without_waiting_for_it(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "b"
    match kind:
        case "folder":
            path.mkdir()
        case "pipe":
            os.mkfifo(path)
        case _:
            pass
    with pytest.raises(BackupUnusable, match="No such file" if kind == "nothing" else "is no file"):
        check(path, quiet)


def test_nothing_is_made_or_started_for_a_damaged_file(whole: tuple[Path, bytes], tmp_path: Path) -> None:
    path, before = whole
    path.write_bytes(before[:-1])
    home = tmp_path / "home"
    with pytest.raises(BackupUnusable):
        restore(Settings(home=home, database_url=None), path, quiet)
    assert not home.exists()
