"""Requests that are recorded as one batch: each is decided behind those before it, and fails by itself."""

from typing import Any

import pytest

from domain.decider import IllegalTransition
from domain.errors import HeartlineError
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.verify import verify
from tests.infrastructure.engine.runtime import GATEWAY, KEY, Runtime, exchange, message, numbers, request, texts

OTHER = "agent:main:main"


def codes(answers: list[Any]) -> list[str | None]:
    return [one.code if isinstance(one, HeartlineError) else None for one in answers]


def test_a_whole_turn_may_come_as_one_batch(runtime: Runtime) -> None:
    answers = runtime.batch(
        request("open"),
        request("assemble", budget=100),
        request("commit", advancement_key="k1", messages=exchange(1, 400)),
        request("assemble", budget=500),
        request("commit", advancement_key="k2", messages=exchange(2, 400)),
        request("compact", target_tokens=300),
        request("assemble", budget=500),
    )
    assert codes(answers) == [None] * 7
    first: Any = answers[3]
    last: Any = answers[6]
    compacted: Any = answers[5]
    assert texts(first) == [one["content"] for one in exchange(1, 400)]
    assert numbers(last) == [compacted.summary_entry, 3, 4]
    assert b"ask 1" in bytes(compacted.summary)
    assert verify(runtime.ledger).ok


def test_what_is_refused_fails_alone(opened: Runtime) -> None:
    answers = opened.batch(
        request("commit", advancement_key="k0", messages=exchange(0)),
        request("assemble", budget=100),
        request("record", messages=[{"role": "user", "content": "no time"}]),
        request("record", messages=exchange(1)),
        request("open"),
        request("open", gateway="Not A Gateway"),
        request("maintain", engine_key="agent:nobody"),
        request("open", engine_key=OTHER),
        request("assemble", budget=5),
        request("commit", advancement_key="k1", messages=[message("assistant", "done", 99)]),
    )
    assert codes(answers) == [
        "illegal-transition",
        None,
        "bad-request",
        None,
        "illegal-transition",
        "bad-gateway",
        "illegal-transition",
        None,
        "budget-exceeded",
        None,
    ]
    assert numbers(opened.ask("assemble", budget=100)) == [1, 2, 3]
    assert verify(opened.ledger).ok


def test_a_refusal_by_a_state_that_another_writer_changed_is_decided_anew(ledger: Ledger) -> None:
    one, other = Runtime(ledger), Runtime(ledger)
    one.ask("open")
    with pytest.raises(IllegalTransition):
        one.ask("fail", reason="nothing to fail yet")
    other.ask("assemble", budget=100)
    committed, failed = one.batch(
        request("commit", advancement_key="k", messages=exchange(1)), request("fail", reason="over")
    )
    assert not isinstance(committed, HeartlineError)
    assert isinstance(failed, IllegalTransition)


def test_what_another_writer_forbade_meanwhile_is_refused(ledger: Ledger) -> None:
    one, other = Runtime(ledger), Runtime(ledger)
    one.ask("open")
    one.ask("assemble", budget=100)
    other.ask("commit", advancement_key="k1", messages=exchange(1))
    answers = one.batch(
        request("commit", advancement_key="k2", messages=exchange(2)),
        request("commit", advancement_key="k1", messages=exchange(1)),
        request("assemble", budget=100),
    )
    assert codes(answers) == ["illegal-transition", None, None]
    again: Any = answers[1]
    assert again.status == "duplicate"
    assert texts(answers[2]) == [message["content"] for message in exchange(1)]  # type: ignore[arg-type]  # Assembled


def test_an_answer_that_rests_on_a_commit_which_then_was_refused_is_decided_anew(ledger: Ledger) -> None:
    one, other = Runtime(ledger), Runtime(ledger)
    one.ask("open")
    one.ask("assemble", budget=100)
    other.ask("fail", reason="by the other")
    answers = one.batch(
        request("commit", advancement_key="k", messages=exchange(1), delivery_id="d1"),
        request("commit", advancement_key="k", messages=exchange(1), delivery_id="d1"),
        request("commit", advancement_key="k", messages=exchange(1), delivery_id="d2"),
        request("fail", reason="mine"),
        request("record", messages=exchange(2)),
    )
    assert codes(answers) == ["illegal-transition"] * 4 + [None]
    assert ledger.version(GATEWAY, KEY) == 4


def test_what_comes_behind_a_compaction_that_had_to_wait_for_a_moved_stream_is_recorded_too(ledger: Ledger) -> None:
    one, other = Runtime(ledger), Runtime(ledger)
    one.ask("open")
    one.turns(1, 2, size=400)
    one.ask("assemble", budget=1_000)
    other.ask("maintain")
    answers = one.batch(
        request("commit", advancement_key="k", messages=exchange(3, 400)),
        request("compact", target_tokens=300),
        request("maintain"),
        request("open", engine_key=OTHER),
    )
    assert codes(answers) == [None] * 4
    compacted: Any = answers[1]
    assert (compacted.kept_from, b"ask 2" in bytes(compacted.summary)) == (5, True)
    assert verify(ledger).ok


def test_an_engine_that_was_observed_before_goes_on_as_one_of_our_own(ledger: Ledger, tmp_path: Any) -> None:
    from json import dumps  # noqa: PLC0415  # only here a recording is written

    from infrastructure.openclaw.importer import Importer  # noqa: PLC0415

    session = {"sessionId": "tick-1", "sessionKey": KEY}
    lines = [
        {"ts": "2026-09-08T08:00:00Z", "method": "bootstrap", "params": session},
        {"ts": "2026-09-08T08:00:01Z", "method": "ingestBatch", "params": session | {"messages": exchange(1)}},
    ]
    (tmp_path / "lines").write_text("\n".join(dumps(line) for line in lines))
    Importer(ledger, gateway=GATEWAY).import_recording(str(tmp_path / "lines"), lambda _bytes: None)
    runtime = Runtime(ledger)
    assert texts(runtime.ask("assemble", budget=100)) == [one["content"] for one in exchange(1)]
    assert runtime.ask("commit", advancement_key="k", messages=exchange(2)).status == "committed"
    assert numbers(runtime.ask("assemble", budget=100)) == [1, 2, 3, 4]
