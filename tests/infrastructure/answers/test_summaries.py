"""What summaries replaced: told exactly, whoever made them, and found back from each entry."""

import json
from pathlib import Path
from typing import Any

import pytest

from domain.entries import TEXTS
from infrastructure.answers.errors import UnknownCompaction
from infrastructure.answers.library import Library
from infrastructure.answers.local import LocalAnswers
from infrastructure.answers.summaries import SummaryAnswer
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from projections.ranges import MOST_RANGES
from tests.infrastructure.engine.runtime import GATEWAY, KEY, Runtime, exchange, message
from tests.shared import RECORDINGS, needs_recordings

MAIN = "agent:main:main"


def answers_of(ledger: Ledger) -> LocalAnswers:
    return LocalAnswers(Library(ledger))


def entries(answer: SummaryAnswer) -> list[int]:
    assert answer.replaced is not None
    assert [one.index for one in answer.replaced] == list(range(len(answer.replaced)))
    assert answer.replaced_tokens == sum(one.tokens for one in answer.replaced)
    return [one.entry for one in answer.replaced]


class Observed:
    """An engine that is only observed: what it is asked, and what it answers."""

    def __init__(self, ledger: Ledger, folder: Path) -> None:
        self._ledger, self._folder = ledger, folder
        self._lines: list[str] = []

    def call(self, method: str, result: Any = None, **params: Any) -> None:
        at = f"2026-11-23T08:{len(self._lines) // 60:02d}:{len(self._lines) % 60:02d}Z"
        named = {"sessionKey": MAIN, "sessionId": "s", **params}
        self._lines.append(json.dumps({"ts": at, "method": method, "params": named, "result": result}))

    def assemble(self, *messages: dict[str, Any], tokens: int = 100) -> None:
        self.call("assemble", {"messages": list(messages), "estimatedTokens": tokens}, messages=[])

    def compact(self, summary: str | None = "what it was", *, compacted: bool = True, ok: bool = True) -> None:
        result = {"summary": summary, "tokensBefore": 100, "tokensAfter": 10} if summary is not None else {}
        self.call("compact", {"ok": ok, "compacted": compacted, "result": result}, force=True)

    def answers(self) -> LocalAnswers:
        (self._folder / "lines").write_text("\n".join(self._lines))
        Importer(self._ledger, gateway="g").import_recording(str(self._folder / "lines"), lambda _bytes: None)
        return answers_of(self._ledger)


@pytest.fixture
def observed(ledger: Ledger, tmp_path: Path) -> Observed:
    return Observed(ledger, tmp_path)


def said(number: int, text: str = "") -> dict[str, Any]:
    return message("user", text or f"words {number}", number, idempotencyKey=f"{number}:user")


def erase(ledger: Ledger, entry: int) -> None:
    ledger.connection.execute("set role none")
    query = "update heartline.content set bytes = null, salt = null, equality = null where entry = %s"
    ledger.connection.execute(query, (entry,))


def test_the_summary_stands_beside_what_it_replaced_in_the_order_and_form_of_the_context(observed: Observed) -> None:
    observed.assemble(said(1), said(2), said(3))
    observed.assemble(said(3), said(1), said(2, "rewritten"), said(1), tokens=100)
    observed.compact()
    observed.assemble(said(3), tokens=40)
    answer = observed.answers().summary(MAIN)
    assert answer.summary is not None
    assert (answer.summary.text, answer.summary.tokens, answer.summary.evidence) == ("what it was", 3, "recorded")
    assert entries(answer) == [1, 2]
    assert answer.replaced is not None
    assert [(one.revision, one.role, one.text) for one in answer.replaced] == [
        (1, "user", "words 1"),
        (2, "user", "rewritten"),
    ]
    compaction = answer.compaction
    assert (compaction.actual_reclaim, compaction.actual_share, compaction.claimed_reclaim) == (60, 0.6, 90)
    assert (compaction.replaced, compaction.replaced_entries) == ([(1, 2)], 2)
    assert answer.absent == []


def test_without_a_number_the_last_compaction_is_meant(observed: Observed) -> None:
    for number in (1, 2):
        observed.assemble(said(number))
        observed.compact(f"summary {number}")
    observed.assemble(said(3))
    answers = observed.answers()
    for number, asked in ((2, None), (1, 1), (2, 2)):
        answer = answers.summary(MAIN, number=asked)
        assert (answer.compaction.number, answer.compactions) == (number, 2)
        assert answer.summary is not None
        assert answer.summary.text == f"summary {number}"
        assert entries(answer) == [number]


def test_a_compaction_that_is_not_on_record_is_refused_with_how_many_there_are(observed: Observed) -> None:
    observed.assemble(said(1))
    observed.compact()
    answers = observed.answers()
    for number in (2, 10**30):
        with pytest.raises(UnknownCompaction, match=f"no compaction {number}: it has 1"):
            answers.summary(MAIN, number=number)


def test_an_engine_that_never_compacted_has_no_summary(observed: Observed) -> None:
    observed.assemble(said(1))
    with pytest.raises(UnknownCompaction, match=f"No compaction of {MAIN} is on record"):
        observed.answers().summary(MAIN)


def test_what_is_not_on_record_is_named(observed: Observed) -> None:
    observed.compact(None)
    observed.assemble(said(1))
    observed.compact()
    answers = observed.answers()
    first, second = (answers.summary(MAIN, number=number) for number in (1, 2))
    assert (first.summary, first.replaced, first.replaced_tokens) == (None, None, None)
    assert first.absent == ["summary", "context before the compaction"]
    assert (second.replaced, second.absent) == (None, ["context after the compaction"])


def test_a_compaction_without_success_replaced_nothing_and_misses_nothing(observed: Observed) -> None:
    observed.assemble(said(1))
    observed.compact(None, compacted=False)
    observed.compact(None, ok=False)
    observed.assemble()
    answers = observed.answers()
    for number, outcome in ((1, "nothing"), (2, "failed")):
        answer = answers.summary(MAIN, number=number)
        assert (answer.compaction.outcome, answer.summary, answer.replaced, answer.absent) == (outcome, None, [], [])
    assert answers.replacing(MAIN, 1) == []


def test_erased_texts_are_told_of_as_erased(observed: Observed, ledger: Ledger) -> None:
    observed.assemble(said(1), said(2))
    observed.compact()
    observed.assemble(said(3))
    answers = observed.answers()
    erase(ledger, 2)
    erase(ledger, TEXTS)
    answer = answers.summary(MAIN)
    assert answer.summary is not None
    assert (answer.summary.text, answer.summary.tokens, answer.summary.evidence) == (None, None, "redacted")
    assert answer.replaced is not None
    assert [(one.text, one.evidence, bytes(one.message) == b"null") for one in answer.replaced] == [
        ("words 1", "recorded", False),
        (None, "redacted", True),
    ]
    assert answer.absent == [
        "text of the summary, which was erased or never kept",
        "texts of 1 entries that were erased or never kept",
    ]


def test_what_is_scattered_too_much_for_the_read_model_is_told_exactly_all_the_same(observed: Observed) -> None:
    every = [said(number) for number in range(1, 3 * MOST_RANGES)]
    observed.assemble(*every)
    observed.compact()
    observed.assemble(*every[::2])
    answers = observed.answers()
    answer = answers.summary(MAIN)
    assert (answer.compaction.replaced, answer.compaction.replaced_entries) == (None, None)
    assert entries(answer) == list(range(2, 3 * MOST_RANGES, 2))
    assert [one.number for one in answers.replacing(MAIN, 100)] == [1]
    assert answers.replacing(MAIN, 101) == []


def test_an_entry_that_came_back_is_found_with_each_summary_that_replaced_it(observed: Observed) -> None:
    for _again in range(2):
        observed.assemble(said(1), said(2))
        observed.compact()
        observed.assemble(said(2))
    answers = observed.answers()
    assert [one.number for one in answers.replacing(MAIN, 1)] == [1, 2]
    assert answers.replacing(MAIN, 2) == answers.replacing(MAIN, 3) == answers.replacing(MAIN, 10**30) == []


def test_a_summary_of_our_own_replaces_what_no_context_held_and_the_summary_before(opened: Runtime) -> None:
    opened.turns(1, 3)
    first = opened.ask("compact", trigger="manual", target_tokens=20)
    opened.turns(4, 5)
    opened.ask("record", messages=exchange(6))
    second = opened.ask("compact", trigger="manual", force=True, target_tokens=1)
    answers = answers_of(opened.ledger)
    one, other = (answers.summary(KEY, GATEWAY, number) for number in (1, 2))
    assert one.replaced is not None
    assert other.replaced is not None
    assert len(entries(one)) == first.replaced_entries > 0
    assert entries(other)[0] == first.summary_entry
    assert [each.role for each in other.replaced[:2]] == ["summary", "user"]
    assert len(entries(other)) == second.replaced_entries + 1
    assert other.compaction.replaced_entries == len(other.replaced)
    assert not set(entries(one)) & set(entries(other))
    assert [each.number for each in answers.replacing(KEY, first.summary_entry, GATEWAY)] == [2]
    assert other.absent == []


@needs_recordings
def test_of_a_delegating_engine_the_summary_and_what_it_replaced_are_told(ledger: Ledger) -> None:
    folder = RECORDINGS / "latest-main-delegate"
    Importer(ledger, gateway="g").import_recording(str(folder / "lifecycle.ndjson"), lambda _bytes: None)
    answers = answers_of(ledger)
    answer = answers.summary(MAIN)
    assert answer.summary is not None
    assert answer.summary.text is not None
    assert answer.summary.text.startswith("## Latest user request context")
    assert entries(answer) == [1, 2, 3, 4, 5, 6, 11, 12, 22]
    assert (answer.replaced_tokens, answer.summary.tokens, answer.compactions) == (2_382, 1_323, 5)
    assert [[one.number for one in answers.replacing(MAIN, entry)] for entry in (11, 13)] == [[5], []]
