"""The life of a tick whose context engine is Heartline."""

import json

import pytest

from domain.assembly import ContextTooLarge
from domain.decider import IllegalTransition
from domain.entries import Billed
from domain.events import ContextAssembled, EntriesRecorded, Event, TickDispatched, TickSkipped, decode
from domain.sizes import Sizes
from infrastructure.answers.audits import findings
from infrastructure.answers.contexts import context_answer
from infrastructure.answers.library import Library
from infrastructure.answers.streams import state_answer
from infrastructure.engine.answers import Assembled
from infrastructure.engine.errors import BadRequest
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.verify import verify
from tests.infrastructure.engine.runtime import (
    GATEWAY,
    KEY,
    NOW,
    ROUTING_KEY,
    SESSION,
    Runtime,
    calling,
    exchange,
    message,
    numbers,
    result,
    texts,
)

TICK = f"{ROUTING_KEY}@{SESSION}"


def as_answered(ledger: Ledger, assembled: Assembled) -> None:
    """What people are told of a context is what the runtime was."""
    library = Library(ledger)
    library.refresh()
    told = context_answer(library, library.place(KEY, GATEWAY), "assembled", assembled.call, None)
    assert told.digest == assembled.digest
    assert [one.entry for one in told.entries] == numbers(assembled)
    assert [bytes(one.message) for one in told.entries] == [bytes(one) for one in assembled.messages]
    assert (told.tokens, told.budget) == (assembled.tokens, assembled.budget)
    assert [one.origin.foreign for one in told.entries] == [False] * len(told.entries)


def test_the_whole_life_of_an_isolated_tick(runtime: Runtime) -> None:
    ask = runtime.ask
    assert ask("dispatch", session_id=SESSION, engine_key=KEY).tick_id == TICK
    opened = ask("open")
    assert (opened.phase, opened.routing_key, opened.kind) == ("idle", ROUTING_KEY, "heartbeat-run")

    runtime.turns(1, 3)
    first = ask("assemble", budget=100, prompt="poll", model="local-8k")
    assert (first.phase, first.call, first.attempt, first.epoch) == ("in-turn", 4, 1, opened.epoch)
    assert numbers(first) == [1, 2, 3, 4, 5, 6]
    as_answered(runtime.ledger, first)

    ask("record", messages=[message("user", "poll", 100), calling(101, "call_1"), result(102, "call_1", "x" * 400)])
    with pytest.raises(ContextTooLarge):
        ask("assemble", budget=100)
    mid = ask("assemble", budget=160)
    assert numbers(mid) == [3, 4, 5, 6, 7, 8, 9]
    assert (mid.turn_id, mid.attempt) == (first.turn_id, 1)
    assert (mid.omitted.turns, mid.omitted.entries) == (1, 2)
    as_answered(runtime.ledger, mid)

    assert ask("overflow", tokens=170, budget=160).phase == "overflowed"
    compacted = ask("compact", trigger="overflow", target_tokens=150)
    assert (compacted.compacted, compacted.phase) == (True, "idle")
    assert (compacted.replaced_turns, compacted.replaced_entries, compacted.kept_from) == (3, 6, 7)
    assert compacted.tokens_after <= 150 < compacted.tokens_before

    retry = ask("assemble", budget=160)
    assert (retry.turn_id, retry.attempt) == (first.turn_id, 2)
    assert retry.epoch == compacted.epoch != opened.epoch
    assert numbers(retry) == [compacted.summary_entry, 7, 8, 9]
    assert texts(retry)[0] == json.loads(bytes(compacted.summary))
    as_answered(runtime.ledger, retry)

    committed = ask("commit", advancement_key="poll", messages=[message("assistant", "HEARTBEAT_OK", 103)])
    assert (committed.status, committed.turn_id, committed.phase) == ("committed", first.turn_id, "idle")
    assert ask("maintain").changed is False
    assert ask("settle", tick_id=TICK, outcome="ok-token").tick_id == TICK
    assert ask("dispose", reason="the tick is over").phase == "closed"

    checked = verify(runtime.ledger)
    assert (checked.ok, checked.broken) == (True, [])
    library = Library(runtime.ledger)
    library.refresh()
    assert findings(library) == []
    state = state_answer(library, library.place(KEY, GATEWAY))
    assert (state.turns, state.overflows, state.compactions, state.anomalies) == (4, 1, 1, 0)
    tick = state_answer(library, library.place(ROUTING_KEY, GATEWAY))
    assert (tick.ticks, tick.tick_id) == (1, None)


def test_a_tick_that_is_not_isolated_lies_in_the_stream_of_its_routing_key(runtime: Runtime) -> None:
    tick = runtime.ask("dispatch", session_id="s")
    assert (tick.tick_id, tick.tick_engine_key) == (f"{ROUTING_KEY}@s@{NOW // 1000}", ROUTING_KEY)
    assembled = runtime.ask("assemble", engine_key=ROUTING_KEY, budget=10)
    assert (assembled.engine_key, assembled.phase) == (ROUTING_KEY, "in-turn")
    assert runtime.ask("settle", tick_id=tick.tick_id, outcome="sent").engine_key == ROUTING_KEY


def test_a_skipped_tick_opens_the_routing_keys_stream_and_says_why(runtime: Runtime) -> None:
    assert runtime.ask("skip", tick_id="t1", reason="quiet-hours").version == 2
    assert runtime.ask("skip", tick_id="t2", reason="lanes-busy").version == 3


def events(ledger: Ledger, engine_key: str) -> list[Event]:
    return [decode(row.payload) for row in ledger.stream(GATEWAY, engine_key)]


def test_what_a_tick_was_due_for_is_recorded_whether_it_ran_or_not(runtime: Runtime) -> None:
    runtime.ask("dispatch", session_id="s", source="exec", reason="a command ended")
    runtime.ask("skip", tick_id="t2", reason="lanes-busy", source="interval")
    dispatched, skipped = events(runtime.ledger, ROUTING_KEY)[1:]
    assert isinstance(dispatched, TickDispatched)
    assert isinstance(skipped, TickSkipped)
    assert (dispatched.source, dispatched.reason) == ("exec", "a command ended")
    assert (skipped.source, skipped.reason) == ("interval", "lanes-busy")
    with pytest.raises(BadRequest, match="source"):
        runtime.ask("skip", tick_id="t3", reason="lanes-busy", source="boredom")


def test_the_sizes_of_a_context_of_our_own_tell_summary_history_and_the_turn_apart(opened: Runtime) -> None:
    opened.turns(1, 3)
    opened.ask("compact", summary="x" * 60, first_kept=5)
    opened.ask("record", messages=[message("user", "y" * 32, 100)])
    first = opened.ask("assemble", budget=100)
    opened.ask("record", messages=[calling(101, "call_1"), result(102, "call_1", "z" * 400)])
    mid = opened.ask("assemble", budget=200)
    sizes = [one.sizes for one in events(opened.ledger, KEY) if isinstance(one, ContextAssembled)][-2:]
    assert sizes[0] == Sizes(history=20, summary=15, this_turn=8)
    assert sizes[1] == Sizes(history=20, summary=15, this_turn=mid.tokens - 35)
    assert first.tokens == 43


def test_tools_and_what_was_billed_are_recorded_with_the_messages(opened: Runtime) -> None:
    usage = {"input": 7, "output": 2, "cacheRead": 0, "cacheWrite": 0}
    opened.ask("record", messages=[{**calling(1, "call_1", "exec"), "usage": usage}, result(2, "call_1", "done")])
    recorded = events(opened.ledger, KEY)[-1]
    assert isinstance(recorded, EntriesRecorded)
    assert [one.tools for one in recorded.revisions] == [("exec",), ("read",)]
    assert [one.billed for one in recorded.revisions] == [Billed(input=7, output=2), None]
    assert [one.calls for one in recorded.revisions] == [("call1",), ()]


def test_an_entry_of_a_summary_is_foreign_to_a_later_session_that_shares_the_engine(opened: Runtime) -> None:
    opened.turns(1, 2)
    opened.ask("compact", target_tokens=25)
    assembled = opened.ask("assemble", budget=1_000, session_id="tick-2")
    library = Library(opened.ledger)
    library.refresh()
    told = context_answer(library, library.place(KEY, GATEWAY), "assembled", assembled.call, None)
    assert told.entries[0].role == "summary"
    assert {one.origin.foreign for one in told.entries} == {True}


def test_a_summary_of_the_caller_and_the_entry_that_it_keeps_first_are_taken_as_they_are(opened: Runtime) -> None:
    opened.turns(1, 3)
    compacted = opened.ask("compact", summary="all that \ud83d\ude00 was said", first_kept=5, instructions="be brief")
    assert (compacted.kept_from, compacted.replaced_entries) == (5, 4)
    assembled = opened.ask("assemble", budget=1_000)
    assert texts(assembled) == ["all that 😀 was said", *(one["content"] for one in exchange(3))]


def test_each_summary_replaces_the_one_before_it(opened: Runtime) -> None:
    opened.turns(1, 4, size=400)
    first = opened.ask("compact", first_kept=5)
    opened.turns(5, 6)
    second = opened.ask("compact", first_kept=7)
    assert (first.summary_entry, second.summary_entry) == (9, 14)
    assert numbers(opened.ask("assemble", budget=10_000)) == [14, 7, 8, 10, 11, 12, 13]
    assert json.loads(bytes(second.summary)).startswith("Earlier: ")


def test_the_same_summary_twice_is_two_entries(opened: Runtime) -> None:
    opened.turns(1, 3)
    first = opened.ask("compact", summary="the same", first_kept=3)
    second = opened.ask("compact", summary="the same", first_kept=5)
    assert second.summary_entry == first.summary_entry + 1
    assert verify(opened.ledger).ok


def test_where_nothing_can_be_replaced_a_compaction_says_so_and_the_engine_is_idle(opened: Runtime) -> None:
    nothing = opened.ask("compact", trigger="overflow")
    assert (nothing.compacted, nothing.phase, nothing.summary_entry) == (False, "idle", None)
    assert nothing.reason


def test_an_open_turn_that_is_too_large_can_be_failed_after_an_overflow_and_then_be_compacted(opened: Runtime) -> None:
    opened.ask("assemble", budget=100)
    opened.ask("record", messages=[message("user", "x" * 400, 1), calling(2, "c1"), result(3, "c1", "y" * 400)])
    with pytest.raises(ContextTooLarge, match="report an overflow and fail the turn"):
        opened.ask("assemble", budget=100)
    opened.ask("overflow")
    assert opened.ask("compact", trigger="overflow").compacted is False
    opened.ask("overflow")
    opened.ask("fail", reason="too large")
    assert opened.ask("compact", target_tokens=50).compacted is True
    assert opened.ask("assemble", budget=100).phase == "in-turn"


def test_messages_come_back_in_the_very_bytes_in_which_they_came(opened: Runtime) -> None:
    from infrastructure.engine.requests import CommitRequest, read_request  # noqa: PLC0415  # only this test reads bytes

    opened.ask("assemble", budget=10)
    odd = rb'{ "role":"user","timestamp":1e3,"content":"a\ud800b\u0000 \u00e9\/","n":-0, "n":1.0}'
    body = (
        rb'{"gateway":"laptop","engine_key":"' + KEY.encode() + rb'","session_id":"tick-1","advancement_key":"k",'
        rb'"messages":[' + odd + rb"]}"
    )
    opened.batch(read_request(CommitRequest, body))
    assembled = opened.ask("assemble", budget=100)
    assert [bytes(one) for one in assembled.messages] == [odd]


RULES = [
    ("engine-not-opened", [], ("record", {"messages": exchange(1)})),
    ("engine-not-opened", [], ("assemble", {"budget": 1, "prompt": "far too long for this budget"})),
    ("engine-opened-twice", [("open", {})], ("open", {})),
    ("engine-closed", [("open", {}), ("dispose", {"reason": "over"})], ("record", {"messages": exchange(1)})),
    ("engine-closed", [("open", {}), ("dispose", {"reason": "over"})], ("compact", {})),
    ("committed-without-turn", [("open", {})], ("commit", {"advancement_key": "k", "messages": exchange(1)})),
    ("failed-without-turn", [("open", {})], ("fail", {"reason": "error"})),
    ("overflow-without-turn", [("open", {})], ("overflow", {})),
    (
        "assembled-while-overflowed",
        [("open", {}), ("assemble", {"budget": 9}), ("overflow", {})],
        ("assemble", {"budget": 9}),
    ),
    ("closed-while-busy", [("open", {}), ("assemble", {"budget": 9})], ("dispose", {"reason": "over"})),
    (
        "tick-not-running",
        [("skip", {"tick_id": "t", "reason": "disabled"})],
        ("settle", {"tick_id": "u", "outcome": "sent"}),
    ),
    (
        "tick-dispatched-twice",
        [("skip", {"tick_id": "t", "reason": "disabled"})],
        ("skip", {"tick_id": "t", "reason": "disabled"}),
    ),
]


@pytest.mark.parametrize(("rule", "before", "asked"), RULES, ids=lambda one: one if isinstance(one, str) else "")
def test_what_a_rule_forbids_is_refused_and_nothing_is_written(
    runtime: Runtime, rule: str, before: list[tuple[str, dict[str, object]]], asked: tuple[str, dict[str, object]]
) -> None:
    for what, fields in before:
        runtime.ask(what, **fields)
    heads = runtime.ledger.heads()
    with pytest.raises(IllegalTransition) as refused:
        runtime.ask(asked[0], **asked[1])
    assert refused.value.rule == rule
    assert runtime.ledger.heads() == heads


def test_what_was_refused_leaves_nothing_behind_in_memory(opened: Runtime) -> None:
    with pytest.raises(IllegalTransition):
        opened.ask("commit", advancement_key="k", messages=exchange(1))
    opened.ask("assemble", budget=100)
    with pytest.raises(ContextTooLarge):
        opened.ask("assemble", budget=1, prompt="a prompt that is too long for one token")
    opened.ask("commit", advancement_key="k", messages=exchange(1))
    again = opened.ask("assemble", budget=100, prompt="a prompt that is too long for one token")
    assert texts(again) == [one["content"] for one in exchange(1)]
    assert verify(opened.ledger).ok


def test_an_engine_that_was_open_before_is_made_ready_for_another_session_where_that_is_wanted(opened: Runtime) -> None:
    assert opened.ask("open", resume=True, session_id="s2").version == 2
    with pytest.raises(IllegalTransition):
        opened.ask("open")
