"""Files of transcripts: what is read of them, on from a mark and whole."""

import os
from pathlib import Path

import msgspec
import pytest
import zstandard

from infrastructure.openclaw.host.may.appended import Mark
from infrastructure.openclaw.host.may.session_names import SessionFile, session_file, trajectory_session
from infrastructure.openclaw.host.may.transcript_files import TranscriptFile, read_transcript, session_of
from infrastructure.openclaw.host.records import Problem, Record, TranscriptMessage
from tests.infrastructure.openclaw.host.lines import OTHER, SESSION, appended, entry, header, said, written

UUID = "c38eccd7-a37e-4b8c-9c20-c6ab895e0ca6"
THEN = "2026-11-23T08-40-28.155Z"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / f"{SESSION}.jsonl"


def read(path: Path, mark: Mark | None = None) -> tuple[list[Record], TranscriptFile]:
    file = TranscriptFile(path, mark)
    return list(file.records()), file


def ids(records: list[Record]) -> list[str | None]:
    return [record.entry_id for record in records if isinstance(record, TranscriptMessage)]


def active(path: Path) -> list[str | None]:
    return [one.entry_id for one in read(path)[0] if isinstance(one, TranscriptMessage) and one.active]


def reasons(records: list[Record]) -> list[str]:
    return [record.reason for record in records if isinstance(record, Problem)]


@pytest.mark.parametrize(
    ("name", "file"),
    [
        (f"{SESSION}.jsonl", SessionFile(SESSION, "transcript")),
        (f"{SESSION}-topic-a%2Fb.jsonl", SessionFile(SESSION, "transcript")),
        (f"2026-11-23T08-40-28-155Z_{SESSION}.jsonl", SessionFile(SESSION, "transcript")),
        (f"{SESSION}.checkpoint.{UUID}.jsonl", SessionFile(SESSION, "checkpoint")),
        (f"{SESSION}.checkpoint.other.jsonl", SessionFile(f"{SESSION}.checkpoint.other", "transcript")),
        (f"{SESSION}.jsonl.reset.{THEN}", SessionFile(SESSION, "reset")),
        (f"{SESSION}.jsonl.deleted.{THEN}.zst", SessionFile(SESSION, "deleted", compressed=True)),
        (f"{SESSION}.checkpoint.{UUID}.jsonl.deleted.{THEN}", SessionFile(SESSION, "deleted")),
        (f"{SESSION}.jsonl.bak.{THEN}", SessionFile(SESSION, "backup")),
        (f"{SESSION}.jsonl.corrupt-2026-11-23T08-40-28-155Z-0a1b2c3d.jsonl", SessionFile(SESSION, "corrupt")),
        (f"{SESSION}.trajectory.jsonl", None),
        (f"{SESSION}.trajectory-path.json", None),
        ("sessions.json", None),
        ("sessions.json.bak.1795423162000", None),
        (f"{SESSION}.jsonl.lock", None),
        (".jsonl", None),
    ],
)
def test_a_name_says_whose_a_file_is_and_what_it_holds(name: str, file: SessionFile | None) -> None:
    assert session_file(name) == file


def test_a_trajectory_is_known_by_its_name() -> None:
    assert trajectory_session(f"{SESSION}.trajectory.jsonl") == SESSION
    assert trajectory_session(f"{SESSION}.jsonl") is None


def test_each_line_is_told_with_its_place(path: Path) -> None:
    written(path, header(), b"", said(0, parent=-1), entry("custom", 1), said(2))
    records, _ = read(path)
    assert [record.place.number for record in records if isinstance(record, TranscriptMessage)] == [3, 5]
    assert ids(records) == ["e0", "e2"]
    assert [record.place.path for record in records if isinstance(record, TranscriptMessage)] == [str(path)] * 2


def test_reading_goes_on_behind_a_line(path: Path) -> None:
    written(path, header(), said(0, parent=-1), said(1), b"{", said(3, parent=1))
    assert ids(list(read_transcript(path, after_line=2))) == ["e1", "e3"]
    assert list(read_transcript(path, after_line=5)) == []


def test_a_file_that_grew_is_read_on_from_its_mark(path: Path) -> None:
    written(path, header(), said(0, parent=-1))
    records, file = read(path)
    assert ids(records) == ["e0"]
    appended(path, said(1), said(2))
    records, file = read(path, file.mark)
    assert ids(records) == ["e1", "e2"]
    assert file.anew is None
    assert [record.place.number for record in records if isinstance(record, TranscriptMessage)] == [3, 4]
    records, again = read(path, file.mark)
    assert (records, again.mark) == ([], file.mark)


def test_a_mark_is_data_that_can_be_stored(path: Path) -> None:
    mark = read(written(path, header(), said(0, parent=-1)))[1].mark
    assert mark is not None
    assert msgspec.json.decode(msgspec.json.encode(mark), type=Mark) == mark


def test_a_half_written_line_waits_until_it_is_whole(path: Path) -> None:
    line = said(1)
    written(path, header(), said(0, parent=-1), line[:50], end=b"")
    records, file = read(path)
    assert ids(records) == ["e0"]
    assert ["half-written" in reason for reason in reasons(records)] == [True]
    appended(path, line[50:], said(2))
    assert ids(read(path, file.mark)[0]) == ["e1", "e2"]


def test_a_whole_last_line_without_an_end_is_told_and_told_again_from_the_same_place(path: Path) -> None:
    written(path, header(), said(0, parent=-1), end=b"")
    records, file = read(path)
    assert ids(records) == ["e0"]
    appended(path, b"", said(1))
    again, _ = read(path, file.mark)
    assert ids(again) == ["e0", "e1"]
    assert again[:1] == records


@pytest.mark.parametrize("name", ["replaced", "shortened", "written anew", "of the same size"])
def test_a_file_that_is_another_one_now_is_read_from_its_beginning(path: Path, name: str) -> None:
    written(path, header(), said(0, parent=-1), said(1))
    _, file = read(path)
    match name:
        case "replaced":
            written(path.with_suffix(".new"), header(), said(0, parent=-1), said(1), said(2)).replace(path)
        case "shortened":
            written(path, header(), said(0, parent=-1))
        case "written anew":
            written(path, header(), said(0, parent=-1), said(1, text="longer than it was"), said(2))
        case _:
            written(path, header(), said(0, parent=-1), said(1, text="HELLO"))
            os.utime(path, ns=(1, 1))
    records, again = read(path, file.mark)
    assert again.anew is not None
    assert ids(records)[:1] == ["e0"]
    assert again.mark != file.mark


def test_a_first_line_that_was_half_written_is_no_other_file(path: Path) -> None:
    written(path, header()[:30], end=b"")
    _, file = read(path)
    written(path, header(), said(0, parent=-1))
    records, again = read(path, file.mark)
    assert (ids(records), again.anew) == (["e0"], None)


def test_a_checkpoint_holds_the_entries_of_the_session_that_its_name_says(tmp_path: Path) -> None:
    lines = (said(0, parent=-1), said(1))
    transcript, _ = read(written(tmp_path / f"{SESSION}.jsonl", header(), *lines, said(2)))
    checkpoint, _ = read(written(tmp_path / f"{SESSION}.checkpoint.{UUID}.jsonl", header(OTHER), *lines))

    def held(records: list[Record]) -> list[tuple[str, str | None, bytes]]:
        return [(one.session_id, one.entry_id, one.raw) for one in records if isinstance(one, TranscriptMessage)]

    assert held(checkpoint) == held(transcript)[:2]


def test_a_transcript_is_whose_its_first_line_says_and_else_whose_its_name_says(tmp_path: Path) -> None:
    assert session_of(written(tmp_path / "any.jsonl", header(OTHER))) == OTHER
    assert session_of(written(tmp_path / f"{SESSION}.jsonl", said(0))) == SESSION
    assert session_of(tmp_path / f"{OTHER}.jsonl") == OTHER


def test_a_compressed_archive_is_read_and_not_read_again(tmp_path: Path) -> None:
    path = tmp_path / f"{SESSION}.jsonl.deleted.{THEN}.zst"
    plain = b"\n".join((header(), said(0, parent=-1), said(1))) + b"\n"
    path.write_bytes(zstandard.ZstdCompressor().compress(plain))
    records, file = read(path)
    assert ids(records) == ["e0", "e1"]
    assert read(path, file.mark)[0] == []


@pytest.mark.parametrize("kept", [9, 60, -1])
def test_a_compressed_archive_that_is_cut_off_is_a_problem(tmp_path: Path, kept: int) -> None:
    path = tmp_path / f"{SESSION}.jsonl.deleted.{THEN}.zst"
    whole = zstandard.ZstdCompressor().compress(written(tmp_path / "plain", header(), said(0, parent=-1)).read_bytes())
    path.write_bytes(whole * 2)
    assert len(ids(read(path)[0])) == 2
    path.write_bytes(whole[:kept])
    assert any("could not be read" in reason for reason in reasons(read(path)[0]))


def test_what_lies_on_a_branch_that_was_left_is_told_as_such(path: Path) -> None:
    written(path, header(), *(said(number) for number in range(4)), said(4, parent=1), said(5))
    assert ids(read(path)[0]) == ["e0", "e1", "e2", "e3", "e4", "e5"]
    assert active(path) == ["e0", "e1", "e4", "e5"]


def test_branches_are_followed_through_other_branches(path: Path) -> None:
    lines = (said(0, parent=-1), said(1), said(2, parent=0), said(3), said(4, parent=1), said(5))
    written(path, header(), *lines)
    assert active(path) == ["e0", "e1", "e4", "e5"]


def test_a_session_that_went_back_is_on_what_it_went_back_to(path: Path) -> None:
    lines = [said(0, parent=-1), said(1), said(2), entry("leaf", 3, targetId="e0")]
    written(path, header(), *lines)
    assert active(path) == ["e0"]
    appended(path, said(4, parent=0))
    assert active(path) == ["e0", "e4"]


@pytest.mark.parametrize("parent", [-1, 99, 3])
def test_an_entry_that_hangs_on_nothing_begins_anew(path: Path, parent: int) -> None:
    written(path, header(), said(0, parent=-1), said(1), said(2, parent=parent), said(3))
    assert active(path) == ["e2", "e3"]


def test_entries_without_parents_are_one_branch(path: Path) -> None:
    lines = [b'{"type":"message","id":"e%d","message":{"role":"user","timestamp":1}}' % one for one in range(3)]
    written(path, header(), *lines)
    assert active(path) == ["e0", "e1", "e2"]


def test_a_file_that_grew_by_a_branch_leaves_what_was_told(path: Path) -> None:
    written(path, header(), said(0, parent=-1), said(1), said(2))
    _, file = read(path)
    appended(path, said(3, parent=0), said(4), said(5, parent=3))
    records, _ = read(path, file.mark)
    assert [(one.entry_id, one.active) for one in records if isinstance(one, TranscriptMessage)] == [
        ("e3", True),
        ("e4", False),
        ("e5", True),
    ]


def test_a_transcript_that_leaps_endlessly_is_read_without_its_branches(path: Path) -> None:
    written(path, header(), *(said(number, parent=-1) for number in range(10_002)))
    records, _ = read(path)
    assert len(ids(records)) == 10_002
    assert ["leaps too often" in reason for reason in reasons(records)] == [True]


@pytest.mark.parametrize("kind", ["absent", "a folder"])
def test_a_file_that_cannot_be_read_is_a_problem(path: Path, kind: str) -> None:
    if kind == "a folder":
        path.mkdir()
    records, file = read(path)
    assert len(reasons(records)) == 1
    assert file.mark is None
