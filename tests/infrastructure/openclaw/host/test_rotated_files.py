"""Lines of files that grow, are rotated and compressed."""

import gzip
import random
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard

from infrastructure.openclaw.host.records import Problem
from infrastructure.openclaw.host.rotated_files import Mark, Marks, Piece, read_growing
from infrastructure.openclaw.host.traces import read_traces
from tests.infrastructure.openclaw.host.mutations import mutated

Pack = Callable[[bytes], bytes]


def told(path: Path, marks: Marks | None = None, limit: int = 1_000_000) -> list[tuple[int | None, bytes | str]]:
    pieces = read_growing(path, marks or Marks(), limit=limit)
    return [(one.number, one.content if isinstance(one, Piece) else one.reason) for one in pieces]


def line(number: int) -> bytes:
    return b'{"n":%d}' % number


def lines(first: int, last: int) -> bytes:
    return b"".join(line(number) + b"\n" for number in range(first, last + 1))


@pytest.mark.parametrize("pack", [bytes, gzip.compress, zstandard.compress])
def test_reading_goes_on_where_it_stood_whatever_was_appended(tmp_path: Path, pack: Pack) -> None:
    path, marks = tmp_path / "t.jsonl", Marks()
    for last in (1, 1, 5, 6):
        path.write_bytes(pack(lines(1, last)))
        seen = len(told(path))
        new = told(path, marks)
        assert seen == last
        assert all(content == line(number or 0) for number, content in new)
    assert [mark.line for mark in marks.all()] == [6]
    assert told(path, Marks(marks.all())) == []


def test_a_half_written_line_is_told_and_read_once_it_is_whole(tmp_path: Path) -> None:
    path, marks = tmp_path / "t.jsonl", Marks()
    path.write_bytes(b'{"n":')
    assert told(path, marks) == [(1, "half-written")]
    path.write_bytes(lines(1, 1) + b'{"n"')
    assert told(path, marks) == [(1, line(1)), (2, "half-written")]
    path.write_bytes(lines(1, 1) + line(2))
    assert told(path, marks) == [(2, line(2))]
    assert told(path, marks) == []
    path.write_bytes(lines(1, 2) + b"\r\n \n" + lines(3, 3))
    assert told(path, marks) == [(5, line(3))]


def test_a_rotated_and_packed_file_is_known_again_and_nothing_is_read_twice(tmp_path: Path) -> None:
    marks = Marks()
    current, first, packed = tmp_path / "t.jsonl", tmp_path / "t.jsonl.1", tmp_path / "t.jsonl.1.gz"
    current.write_bytes(lines(1, 3))

    def read(*paths: Path) -> list[bytes | str]:
        found = read_traces(paths, marks)
        return [one.content if isinstance(one, Piece) else one.reason for one in found]

    assert read(current) == [line(1), line(2), line(3)]
    current.write_bytes(lines(1, 4))
    current.rename(first)
    current.write_bytes(lines(10, 11))
    assert read(first, current) == [line(4), line(10), line(11)]
    packed.write_bytes(gzip.compress(first.read_bytes()))
    assert read(packed, first, current, tmp_path / "missing") == []


def test_a_file_that_was_cut_is_told_and_read_again(tmp_path: Path) -> None:
    path, marks = tmp_path / "t.jsonl", Marks()
    path.write_bytes(lines(1, 3))
    told(path, marks)
    path.write_bytes(lines(1, 2))
    found = told(path, marks)
    assert found[0] == (None, "is shorter than it was: it is read from its beginning")
    assert found[1:] == [(1, line(1)), (2, line(2))]
    path.write_bytes(lines(7, 7))
    assert told(path, marks) == [(1, line(7))]


def test_lines_that_are_too_long_are_told_in_bounded_memory(tmp_path: Path) -> None:
    path, marks = tmp_path / "t.jsonl", Marks()
    path.write_bytes(b"x" * 500 + b"\n" + line(2) + b"\r\n" + b"y" * 11 + b"\n" + b"z" * 400)
    expected = [(1, "longer than 10 bytes"), (2, line(2)), (3, "longer than 10 bytes"), (4, "longer than 10 bytes")]
    assert told(path, marks, limit=10) == expected
    assert told(path, marks, limit=10) == expected[3:]
    path.write_bytes(path.read_bytes() + b"\n" + line(5) + b"\n")
    assert told(path, marks, limit=10) == [*expected[3:], (5, line(5))]


@pytest.mark.parametrize("pack", [gzip.compress, zstandard.compress])
def test_a_damaged_file_is_told_and_what_stands_before_is_read(tmp_path: Path, pack: Pack) -> None:
    path = tmp_path / "t.jsonl.gz"
    given = b"".join(random.Random(n).randbytes(3_000).hex().encode() + b"\n" for n in range(200))
    path.write_bytes(pack(given)[:-20_000])
    *found, last = told(path)
    assert found
    assert found == [(n, content) for n, content in enumerate(given.split(b"\n"), 1)][: len(found)]
    assert "can't be unpacked any further" in str(last[1])


def test_frames_that_follow_each_other_are_one_file(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl.zst"
    path.write_bytes(zstandard.compress(lines(1, 2)) + zstandard.compress(lines(3, 3)))
    assert told(path) == [(n, line(n)) for n in (1, 2, 3)]


def test_what_can_not_be_read_is_told(tmp_path: Path) -> None:
    assert told(tmp_path / "missing") == []
    assert told(tmp_path)[0][1] == "can't be read: Is a directory"
    (tmp_path / "empty").touch()
    assert told(tmp_path / "empty") == []


def test_a_byte_order_mark_belongs_to_no_line(tmp_path: Path) -> None:
    (tmp_path / "t").write_bytes(b"\xef\xbb\xbf" + lines(1, 2))
    assert told(tmp_path / "t") == [(1, line(1)), (2, line(2))]


def test_a_mark_is_kept_of_every_file_that_was_read() -> None:
    kept = (Mark(b"a", 1, 1), Mark(b"b", 2, 2))
    marks = Marks(kept)
    marks.set(Mark(b"a", 5, 3))
    assert marks.all() == (Mark(b"a", 5, 3), kept[1])


@pytest.mark.crash
def test_of_broken_files_every_line_is_read_or_told(tmp_path: Path) -> None:
    path = tmp_path / "t.jsonl"
    for chance, data in mutated(lines(1, 200), "growing files"):
        packed = chance.random() < 0.3
        path.write_bytes(gzip.compress(data) if packed else data)
        marks = Marks()
        found = list(read_growing(path, marks, limit=10_000))
        numbers = {one.number for one in found}
        plain = data.removeprefix(b"\xef\xbb\xbf").split(b"\n")
        for number, content in enumerate(plain, 1):
            assert number in numbers or not content or content.isspace()
        whole = [one for one in found if isinstance(one, Piece)]
        assert all(one.content == plain[one.number - 1].removesuffix(b"\r") for one in whole)
        if not any(isinstance(one, Problem) for one in found):
            assert list(read_growing(path, marks, limit=10_000)) == []


@pytest.mark.crash
def test_of_broken_compressed_files_the_damage_is_told(tmp_path: Path) -> None:
    given = b"".join(random.Random(n).randbytes(30).hex().encode() + b"\n" for n in range(300))
    path = tmp_path / "t.jsonl.gz"
    for pack in (gzip.compress, zstandard.ZstdCompressor(write_checksum=True).compress):
        whole = pack(given)
        for _, data in mutated(whole, f"packed files {whole[:2].hex()}"):
            path.write_bytes(data)
            found = list(read_growing(path, Marks(), limit=10_000))
            if data.startswith(
                whole[:4]
            ):  # else it is no compressed file: its lines are, as they are, for others to refuse
                lost = given.count(b"\n") > sum(isinstance(one, Piece) for one in found)
                assert not lost or any(isinstance(one, Problem) for one in found)
