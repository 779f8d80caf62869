"""What is concluded of ticks whose recorder does not say whether they are isolated, and which turns are theirs."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from domain import commands as ask
from infrastructure.answers.library import Library
from infrastructure.ledger.ledger import Ledger
from infrastructure.recorder.deliveries import Delivery, Part
from infrastructure.recorder.recorder import Recorder
from tests.infrastructure.answers.calls import HEARTBEAT, MAIN, assembled, committed, read, said
from tests.infrastructure.answers.listed import ticks, turns


def under_its_session_key(call: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in call.items() if name != "engine_key"}


def test_one_session_under_a_heartbeats_key_leaves_open_whether_it_is_isolated(ledger: Ledger, tmp_path: Path) -> None:
    library = read(ledger, tmp_path, [assembled(1, HEARTBEAT, "h1", *said("tick"))])
    (tick,) = ticks(library)
    assert (tick.isolated, tick.replayed_entries, tick.basis, tick.outcome) == (None, None, None, None)
    assert tick.context_tokens_start is not None


@pytest.mark.parametrize("form", [dict, under_its_session_key])
def test_a_session_that_the_host_called_a_heartbeat_is_isolated_under_a_heartbeats_key(
    ledger: Ledger, tmp_path: Path, form: Callable[[dict[str, Any]], dict[str, Any]]
) -> None:
    lines = [assembled(1, HEARTBEAT, "h1"), committed(2, HEARTBEAT, "h1", *said("tick"))]
    (tick,) = ticks(read(ledger, tmp_path, [form(line) for line in lines]))
    assert (tick.isolated, tick.replayed_entries, tick.basis) == (True, 0, "assembled")


def test_ticks_replay_what_a_main_session_left_in_the_engine_that_they_share(ledger: Ledger, tmp_path: Path) -> None:
    main, tick = said("main"), said("tick")
    lines = [
        assembled(1, MAIN, "m1"),
        committed(2, MAIN, "m1", *main),
        assembled(3, HEARTBEAT, "h1", *main),
        committed(4, HEARTBEAT, "h1", *tick),
        assembled(5, HEARTBEAT, "h2", *tick, *tick),
    ]
    library = read(ledger, tmp_path, lines)
    receipts = ticks(library)
    assert [(one.engine_key, one.isolated, one.replayed_entries) for one in receipts] == [
        ("shared", True, 2),
        ("shared", True, 4),
    ]
    assert [one.tick_id for one in turns(library)] == [None, *(one.tick_id for one in receipts)]


def test_a_tick_that_nobody_settled_failed_if_its_last_turn_did(ledger: Ledger, tmp_path: Path) -> None:
    asked, reply = said("tick")
    broken = {**reply, "stopReason": "error", "errorMessage": "too long"}
    params = {"sessionKey": HEARTBEAT, "sessionId": "h1", "messages": [asked, broken], "prePromptMessageCount": 0}
    delivery = {"ts": "2026-11-23T08:00:02Z", "method": "afterTurn", "params": params}
    lines = [under_its_session_key(assembled(1, HEARTBEAT, "h1")), delivery]
    library = read(ledger, tmp_path, lines)
    (tick,), (turn,) = ticks(library), turns(library)
    assert (tick.outcome, tick.settled_at, turn.outcome, turn.tick_id) == ("failed", None, "failed", tick.tick_id)


def test_an_entry_without_an_id_is_foreign_only_if_its_content_was_delivered_elsewhere(
    ledger: Ledger, tmp_path: Path
) -> None:
    unnamed = {"role": "user", "content": "the same words", "timestamp": 5}
    other = {**unnamed, "content": "other words"}
    lines = [
        committed(1, "agent:main:other", "m1", unnamed) | {"engine_key": "agent:main:other"},
        assembled(2, HEARTBEAT, "h1", unnamed),
        committed(3, HEARTBEAT, "h1", *said("tick")),
        assembled(4, HEARTBEAT, "h2", other) | {"engine_key": "apart"},
        committed(5, HEARTBEAT, "h2", *said("tock")) | {"engine_key": "apart"},
    ]
    assert [one.replayed_entries for one in ticks(read(ledger, tmp_path, lines))] == [1, 0]


def test_a_heartbeat_in_the_main_session_is_dispatched_to_the_engine_that_its_recorder_names(
    ledger: Ledger, tmp_path: Path
) -> None:
    beat = committed(2, MAIN, "m1", *said("tick"))
    lines = [assembled(1, MAIN, "m1"), {**beat, "params": {**beat["params"], "isHeartbeat": True}}]
    library = read(ledger, tmp_path, lines)
    (tick,), (turn,) = ticks(library), turns(library)
    assert (tick.engine_key, tick.isolated, tick.replayed_entries) == ("shared", False, None)
    assert turn.tick_id == tick.tick_id


def test_a_tick_dispatched_elsewhere_has_the_turns_of_its_shared_session_that_began_while_it_ran(
    ledger: Ledger,
) -> None:
    def at(second: int, engine_key: str, *commands: ask.Command) -> Delivery:
        moved = [replace(one, at=second * 1_000_000, delivery_id=f"at-{second}") for one in commands]
        name = f"{second}-{engine_key}"
        return Delivery("g", name, name.encode().ljust(32), [Part(engine_key, lambda _loaded: moved)], named=True)

    def turn(second: int) -> list[Delivery]:
        assembled = ask.AssembleContext(at=0, session_id="m1", digests=(), tokens=second)
        return [at(second, MAIN, assembled), at(second + 1, MAIN, ask.CommitTurn(at=0, session_id="m1"))]

    dispatched = [
        ask.DispatchTick(at=0, tick_id=name, session_id="m1", engine_key=MAIN, isolated=False)
        for name in ("one", "two")
    ]
    settled = ask.SettleTick(at=0, tick_id="one", outcome="sent")
    beat = [at(10, HEARTBEAT, dispatched[0]), *turn(12), at(15, HEARTBEAT, settled), at(30, HEARTBEAT, dispatched[1])]
    for delivery in (*turn(5), *beat, *turn(20), *turn(32)):
        assert Recorder(ledger).record([delivery])[0].outcome == "recorded"
    library = Library(ledger)
    library.refresh()
    assert [(one.tick_id, one.context_tokens_start) for one in ticks(library)] == [("one", 12), ("two", 32)]
    assert [one.tick_id for one in turns(library)] == [None, "one", None, "two"]
