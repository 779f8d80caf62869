"""Whoever is asked, a ledger at hand or a service over it: the answer is the same, to the byte."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from domain.errors import HeartlineError
from infrastructure.answers import listing as listings
from infrastructure.answers.answers import Answers
from infrastructure.answers.events import Wanted
from infrastructure.answers.listing import AnyListing, Selection
from infrastructure.answers.listings import LISTINGS
from infrastructure.answers.search import Sought
from infrastructure.answers.times import parse_time
from infrastructure.answers.writing import written
from infrastructure.ledger.checkpoint import append_checkpoint
from infrastructure.ledger.errors import CheckpointUnusable
from infrastructure.remote import answers as remote_answers
from tests.infrastructure.cli.sample import KEY
from tests.infrastructure.cli.test_lines import STRANGE
from tests.infrastructure.remote import strange

Question = Callable[[Answers], Any]

MOMENT = parse_time("2026-11-23T23:00:00.000001Z", datetime.now(UTC))

QUESTIONS: dict[str, Question] = {
    "streams": lambda to: to.streams(),
    "streams of a gateway": lambda to: to.streams("sample"),
    "events": lambda to: list(to.events(Wanted())),
    "events of an engine": lambda to: list(to.events(Wanted(engine_key=KEY, gateway="sample"))),
    "events of a gateway": lambda to: list(to.events(Wanted(gateway="other"))),
    "events of types": lambda to: list(to.events(Wanted(types=("TurnCommitted", "PromptSubmitted")))),
    "events of a time": lambda to: list(to.events(Wanted(since=MOMENT, until=MOMENT + 3_600_000_000))),
    "events of the far future": lambda to: list(to.events(Wanted(since=10**18))),
    "some events": lambda to: list(to.events(Wanted(gateway="sample"), limit=7)),
    "events after another": lambda to: list(to.events(Wanted(), after=next(to.events(Wanted())).cursor, limit=9)),
    "an event": lambda to: to.event("11-43"),
    "a state": lambda to: to.state(KEY, "sample"),
    "a state in a turn": lambda to: to.state(KEY, "sample", "40"),
    "a state at a time": lambda to: to.state(KEY, "sample", "2026-11-23T23:00:00Z"),
    "the last context": lambda to: to.context(KEY, "sample"),
    "a context by its call": lambda to: to.context(f"{KEY}#4", "sample"),
    "a context by a call": lambda to: to.context(KEY, "sample", call=4),
    "a submitted context": lambda to: to.context(KEY, "sample", submitted=7),
    "a context of a tick": lambda to: to.context(KEY, "sample", tick=to.context(KEY, "sample", call=4).tick_id),
    "a context by its event": lambda to: to.context("11-103"),
    "a context of strange content": lambda to: to.context(strange.KEY),
    "a summary": lambda to: to.summary(KEY, "sample"),
    "a summary by its number": lambda to: to.summary(KEY, "other", 1),
    "a summary of strange content": lambda to: to.summary(strange.KEY),
    "what replaced an entry": lambda to: to.replacing(KEY, 3, "sample"),
    "what replaced none": lambda to: to.replacing(KEY, 10**17, "sample"),
    "a search": lambda to: to.search(Sought(query='heartbeat "inbox md" -nothing')),
    "a search for nothing on record": lambda to: to.search(Sought(query="nothingofthekind")),
    "a narrowed search": lambda to: to.search(
        Sought(query="in*", type="tool-result", role="toolResult", tool="read", gateway="sample", agent="main", limit=3)
    ),
    "a search of an engine": lambda to: to.search(Sought(query="the", engine_key=KEY, routing_key=KEY, since=MOMENT)),
    "a search of before": lambda to: to.search(Sought(query="the", until=MOMENT)),
    "a ranked search": lambda to: to.search(Sought(query="the inbox", ranked=True, limit=9)),
    "a search behind a hit": lambda to: to.search(
        Sought(query="the", after=to.search(Sought(query="the"))[2].cursor, limit=4)
    ),
    "a search of strange content": lambda to: to.search(Sought(query="p", gateway="strange")),
    "findings": lambda to: to.findings(),
    "findings of a gateway": lambda to: to.findings("other"),
    "findings of nothing": lambda to: to.findings("strange"),
    "verification": lambda to: to.verification(),
    "the ledger": lambda to: to.ledger_id,
    "heads": lambda to: to.heads(),
    "chains": lambda to: to.chains(
        [(11, 3), (11, 10**12), (0, 1), *((head.partition, head.position) for head in to.heads())]
    ),
}

REFUSED: dict[str, Question] = {
    "no such gateway": lambda to: to.streams("nowhere"),
    "events of no engine": lambda to: list(to.events(Wanted(engine_key="nobody"))),
    "events of no gateway": lambda to: list(to.events(Wanted(gateway="nowhere"))),
    "events after no cursor": lambda to: list(to.events(Wanted(), after="nonsense")),
    "no such event": lambda to: to.event("11-99999"),
    "no event id": lambda to: to.event("strange/../%00?#"),
    "an engine of two gateways": lambda to: to.state(KEY),
    "no such engine": lambda to: to.state("глагол-🜂#?&=%"),
    "no time": lambda to: to.state(KEY, "sample", "soon"),
    "no such context": lambda to: to.context(KEY, "sample", call=26),
    "no such tick": lambda to: to.context(KEY, "sample", tick="nobody"),
    "two contexts at once": lambda to: to.context(KEY, "sample", call=1, submitted=1),
    "a context named twice": lambda to: to.context(f"{KEY}#4", "sample", call=1),
    "an event without a context": lambda to: to.context("11-1"),
    "no such compaction": lambda to: to.summary(KEY, "sample", 26),
    "a summary of an engine without any": lambda to: to.summary("agent:main:main", "sample"),
    "a summary of no engine": lambda to: to.summary("nobody"),
    "what replaced an entry of no engine": lambda to: to.replacing("nobody", 1),
    "findings of no gateway": lambda to: to.findings("nowhere"),
    "a search without a word": lambda to: to.search(Sought(query="-nothing")),
    "a search of no engine": lambda to: to.search(Sought(query="x1", engine_key="nobody")),
    "events of no type": lambda to: list(to.events(Wanted(types=("TurnCommited",)))),
    "a search of no gateway": lambda to: to.search(Sought(query="x1", gateway="nowhere")),
    "a search behind no cursor": lambda to: to.search(Sought(query="x1", after="nonsense")),
    "a ranked search behind a cursor": lambda to: to.search(Sought(query="x1", after="nonsense", ranked=True)),
}


def asked_of(listing: AnyListing) -> dict[str, Question]:
    """Give what is asked of any list."""
    session = Selection(session_id="s" if listing.of_sessions else None)
    selections = {
        "all": Selection(),
        "those of a gateway": Selection(gateway="other"),
        "those of a routing key": Selection(routing_key=KEY),
        "those of an engine key": Selection(engine_key=KEY, agent="main"),
        "those of a session": session,
        "those of a time": Selection(since=MOMENT, until=MOMENT + 3_600_000_000),
        "those of the far future": Selection(since=10**18),
    }

    def question(selection: Selection) -> Question:
        return lambda to: to.listed(listing, selection, limit=10_000)

    return {
        **{f"{listing.name}, {name}": question(selection) for name, selection in selections.items()},
        f"{listing.name}, a page": lambda to: to.listed(listing, Selection(), limit=2),
        f"{listing.name}, the next": lambda to: to.listed(
            listing, Selection(), to.listed(listing, Selection(), limit=1).cursor, limit=1
        ),
    }


def refused_of(listing: AnyListing) -> dict[str, Question]:
    """Give what is refused of any list."""
    return {
        f"{listing.name}, no such agent": lambda to: to.listed(listing, Selection(agent="глагол-🜂#?&=%")),
        f"{listing.name}, no such gateway": lambda to: to.listed(listing, Selection(gateway="nowhere")),
        f"{listing.name}, no cursor": lambda to: to.listed(listing, Selection(), "nonsense"),
        f"{listing.name}, a cursor of events": lambda to: to.listed(
            listing, Selection(), next(to.events(Wanted())).cursor
        ),
    }


for each in LISTINGS:
    QUESTIONS |= asked_of(each)
    REFUSED |= refused_of(each)


@pytest.mark.parametrize("question", QUESTIONS.values(), ids=QUESTIONS)
def test_both_answer_the_same(local: Answers, remote: Answers, question: Question) -> None:
    here, there = question(local), question(remote)
    assert there == here
    assert type(there) is type(here)
    assert written(there) == written(here)


@pytest.mark.parametrize("question", REFUSED.values(), ids=REFUSED)
def test_both_refuse_the_same_in_the_same_words(local: Answers, remote: Answers, question: Question) -> None:
    with pytest.raises(HeartlineError) as here:
        question(local)
    with pytest.raises(HeartlineError) as there:
        question(remote)
    assert (there.type, there.value.code, str(there.value)) == (here.type, here.value.code, str(here.value))


def test_pages_are_followed_to_the_end(local: Answers, remote: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(remote_answers, "PAGE", 37)
    for wanted in (Wanted(), Wanted(engine_key=KEY, gateway="other"), Wanted(types=("CompactionStarted",))):
        assert list(remote.events(wanted)) == list(local.events(wanted))
        assert list(remote.events(wanted, limit=3)) == list(local.events(wanted, limit=3))


@pytest.mark.parametrize("listing", LISTINGS, ids=[one.name for one in LISTINGS])
def test_pages_of_a_list_are_followed_to_the_end(
    local: Answers, remote: Answers, monkeypatch: pytest.MonkeyPatch, listing: AnyListing
) -> None:
    every = local.listed(listing, Selection(), limit=10_000)
    monkeypatch.setattr(listings, "MOST_AT_ONCE", 3)
    assert remote.listed(listing, Selection(), limit=10_000) == every
    assert remote.listed(listing, Selection(), limit=4) == local.listed(listing, Selection(), limit=4)
    assert remote.listed(listing, Selection(), limit=4).items == every.items[:4]


def test_content_that_no_decoder_takes_whole_comes_through_as_it_was(remote: Answers) -> None:
    answer = remote.context(strange.KEY)
    assert answer.prompt == "p\ud800"
    assert [entry.text for entry in answer.entries] == [text for _raw, text in STRANGE.values()]
    assert [bytes(entry.message) for entry in answer.entries] == [raw for raw, _text in STRANGE.values()]


def test_a_summary_that_no_decoder_takes_comes_through_with_what_it_replaced(remote: Answers) -> None:
    answer = remote.summary(strange.KEY)
    assert answer.summary is not None
    assert answer.summary.text == "s\udfff"
    assert answer.replaced is not None
    assert [bytes(entry.message) for entry in answer.replaced] == [raw for raw, _text in STRANGE.values()]


def test_a_checkpoint_is_the_same_whoever_is_asked_and_proves_the_same(
    local: Answers, remote: Answers, tmp_path: Path
) -> None:
    taken = append_checkpoint(remote, tmp_path / "checkpoints")
    assert append_checkpoint(local, tmp_path / "checkpoints") == taken
    assert append_checkpoint(local, tmp_path / "others").partitions == taken.partitions
    here, there = (one.verification(tmp_path / "checkpoints") for one in (local, remote))
    assert there == here
    assert there.ok


def test_a_checkpoint_that_saw_something_else_is_contradicted_in_the_same_words(
    local: Answers, remote: Answers, tmp_path: Path
) -> None:
    files = [tmp_path / name for name in ("empty", "cut", "none")]
    files[0].touch()
    append_checkpoint(local, files[1])
    files[1].write_bytes(files[1].read_bytes().replace(b'"position":', b'"position":1', 1))
    for file in files:
        with pytest.raises(CheckpointUnusable) as here:
            local.verification(file)
        with pytest.raises(CheckpointUnusable) as there:
            remote.verification(file)
        assert str(there.value) == str(here.value)


def test_what_is_looked_at_in_the_database_is_told_by_the_service_too(local: Answers, remote: Answers) -> None:
    assert remote.checks()[-len(local.checks()) :] == local.checks()
    assert [check.name for check in remote.checks()][:3] == ["service", "ready", "clock"]
