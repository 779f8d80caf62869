"""One entry of a transcript."""

import json
from typing import Any

import pytest

from infrastructure.openclaw.host.records import Place, Problem, TranscriptCompaction, TranscriptMessage
from infrastructure.openclaw.host.transcripts import WORDLESS, UnknownKinds, entry_of
from tests.infrastructure.openclaw.host.lines import BEGAN, SESSION, encoded, entry, header, said, time

PLACE = Place("/a.jsonl", "", 7)


def told(event: bytes) -> TranscriptMessage | TranscriptCompaction | Problem | None:
    return entry_of(PLACE, SESSION, event)


def message(event: bytes) -> TranscriptMessage:
    record = told(event)
    assert isinstance(record, TranscriptMessage)
    return record


def reason(event: bytes) -> str:
    record = told(event)
    assert isinstance(record, Problem)
    assert (record.path, record.part, record.number) == (PLACE.path, PLACE.part, PLACE.number)
    return record.reason


def test_a_message_is_kept_byte_for_byte() -> None:
    raw = b'{"role": "user",  "content":"a\\ud800\\u0000\xc3\xa9", "timestamp":1.795423162e12}'
    line = b'{"type":"message","id":"a","parentId":"b","timestamp":"%b","message":%b}' % (time(3).encode(), raw)
    expected = TranscriptMessage(
        place=PLACE, session_id=SESSION, at=(BEGAN + 3) * 1000, raw=raw, entry_id="a", parent_id="b"
    )
    assert told(line) == expected


def test_ids_that_a_ledger_cannot_hold_are_legible() -> None:
    assert message(said(1).replace(b'"e1"', rb'"\u0000\ud800"')).entry_id == r"\u0000\ud800"


def test_a_run_is_known_where_the_host_keeps_it_within_the_message() -> None:
    own = {"role": "assistant", "content": [], "timestamp": BEGAN, "__openclaw": {"runId": "r"}}
    assert message(entry("message", 1, message=own)).run_id == "r"
    assert message(entry("message", 1, message=own | {"__openclaw": [1]})).run_id is None
    assert message(said(1)).run_id is None


def test_a_custom_message_becomes_what_an_engine_is_given() -> None:
    given: dict[str, Any] = {
        "customType": "openclaw.runtime-context",
        "content": "é\n",
        "display": False,
        "details": {"b": 1, "a": []},
    }
    record = message(entry("custom_message", 4, **given))
    assert record.raw == encoded({"role": "custom"} | given | {"timestamp": BEGAN + 4})
    assert record.at == (BEGAN + 4) * 1000


def test_what_a_custom_message_lacks_its_message_lacks_too() -> None:
    assert json.loads(message(entry("custom_message", 4, customType="t", content=[])).raw) == {
        "role": "custom",
        "customType": "t",
        "content": [],
        "timestamp": BEGAN + 4,
    }


def test_a_summary_of_a_branch_that_was_left_is_a_message() -> None:
    record = message(entry("branch_summary", 4, fromId="e2", summary="tried", details={}))
    assert json.loads(record.raw) == {
        "role": "branchSummary",
        "summary": "tried",
        "fromId": "e2",
        "timestamp": BEGAN + 4,
    }


def test_a_compaction_is_told_with_the_bytes_of_its_summary() -> None:
    line = entry("compaction", 5, summary="a\nb", firstKeptEntryId="e2", tokensBefore=31505, fromHook=False)
    assert told(line) == TranscriptCompaction(
        place=PLACE,
        session_id=SESSION,
        at=(BEGAN + 5) * 1000,
        summary=rb'"a\nb"',
        first_kept="e2",
        tokens_before=31505,
        entry_id="e5",
        parent_id="e4",
    )


@pytest.mark.parametrize("kind", sorted(WORDLESS - {"session"}))
def test_what_tells_a_model_nothing_is_passed_over(kind: str) -> None:
    assert told(entry(kind, 2)) is None


def test_the_first_entry_is_a_problem_only_in_an_unknown_version() -> None:
    assert told(header()) is None
    assert told(header(version=4)) is None
    assert "version 5" in reason(header(version=5))
    assert "no version" in reason(header(version=None))


def test_a_message_without_a_time_of_its_own_entry_has_the_one_within() -> None:
    assert message(said(2).replace(time(2).encode(), b"yesterday")).at == (BEGAN + 2) * 1000


@pytest.mark.parametrize(
    ("line", "says"),
    [
        (b"{", "not JSON"),
        (b"[]", "an object"),
        (b"{}", "`type` is missing"),
        (b'{"type":"message"}\xff', "not UTF-8"),
        (b'{"type":' + b"[" * 600 + b"]" * 600 + b"}", "nested deeper"),
        (entry("message", 1), "`message` is missing"),
        (entry("message", 1, message={"content": "a"}), "`message.role` is missing"),
        (entry("message", 1, message=[]), "an object"),
        (entry("message", 1, message={"role": "user"}, timestamp="soon"), "`timestamp` is missing"),
        (entry("custom_message", 1), "`content` is missing"),
        (entry("custom_message", 1, content="a", timestamp=7), "`timestamp` is not an RFC 3339 time"),
        (entry("branch_summary", 1), "`summary` is missing"),
        (entry("compaction", 1, summary=["a"]), "`summary` should be a string"),
        (entry("dream", 1), "an unknown kind: `dream`"),
    ],
)
def test_an_entry_that_cannot_be_read_is_a_problem_that_says_why(line: bytes, says: str) -> None:
    assert says in reason(line)


def test_an_unknown_kind_is_told_once_and_other_problems_each_time() -> None:
    unknown = UnknownKinds()

    def tell(line: bytes) -> str | None:
        record = told(line)
        assert isinstance(record, Problem)
        problem = unknown.tells(record)
        return problem.reason if problem else None

    assert tell(entry("dream", 1)) is not None
    assert tell(entry("dream", 2)) is None
    assert tell(entry("nap", 3)) is not None
    assert tell(b"{") == tell(b"{")
    rest = [tell(entry(f"kind {number}", number)) for number in range(200)]
    assert len([one for one in rest if one]) == 99
    assert "more than 100" in str([one for one in rest if one][-1])
