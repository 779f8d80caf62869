"""A delivery id, or a turn's advancement key, makes a request count once, and be answered as the first time."""

from typing import Any

import pytest

from infrastructure.engine.errors import AdvancementConflict
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.verify import verify
from infrastructure.recorder.deliveries import DeliveryConflict
from tests.infrastructure.engine.runtime import (
    KEY,
    Runtime,
    exchange,
    message,
    numbers,
    request,
    written,
)

LIFE: list[tuple[str, dict[str, Any]]] = [
    ("dispatch", {"engine_key": KEY}),
    ("open", {}),
    ("assemble", {"budget": 1_000, "prompt": "first"}),
    ("record", {"messages": exchange(1)}),
    ("commit", {"advancement_key": "k1", "messages": [message("assistant", "done", 19)]}),
    ("assemble", {"budget": 1_000}),
    ("commit", {"advancement_key": "k2", "messages": exchange(2)}),
    ("assemble", {"budget": 1_000}),
    ("fail", {"reason": "error"}),
    ("assemble", {"budget": 30}),
    ("overflow", {"tokens": 40, "budget": 30}),
    ("compact", {"trigger": "overflow", "target_tokens": 40}),
    ("assemble", {"budget": 1_000}),
    ("commit", {"advancement_key": "k3", "messages": exchange(3)}),
    ("compact", {"summary": "all", "target_tokens": 5}),
    ("compact", {"target_tokens": 1_000}),
    ("maintain", {}),
    ("dispose", {"reason": "over"}),
    ("settle", {"tick_id": "agent:main:main:heartbeat@tick-1", "outcome": "ok-token"}),
    ("skip", {"tick_id": "another", "reason": "no-tasks-due"}),
]


def lived(runtime: Runtime) -> list[bytes]:
    """All requests of a life, each with a delivery id, and their answers as they go over the wire."""
    return [written(runtime.ask(what, delivery_id=f"d{n}", **fields)) for n, (what, fields) in enumerate(LIFE)]


def test_every_request_is_answered_as_the_first_time_when_its_delivery_comes_again(runtime: Runtime) -> None:
    first = lived(runtime)
    heads = runtime.ledger.heads()
    assert lived(runtime) == first
    assert lived(Runtime(runtime.ledger)) == first
    assert runtime.ledger.heads() == heads
    assert verify(runtime.ledger).ok


def test_every_request_of_a_batch_that_comes_twice_in_it_is_answered_twice_the_same(ledger: Ledger) -> None:
    runtime = Runtime(ledger)
    requests = [request(what, delivery_id=f"d{n}", **fields) for n, (what, fields) in enumerate(LIFE)]
    answers = runtime.batch(*[one for one in requests for _twice in range(2)])
    assert [written(one) for one in answers[::2]] == [written(one) for one in answers[1::2]]
    assert lived(runtime) == [written(one) for one in answers[::2]]


def test_without_a_delivery_id_each_time_counts(opened: Runtime) -> None:
    assert [opened.ask("maintain").version for _time in range(2)] == [2, 3]


def test_the_same_delivery_id_with_other_content_is_refused(opened: Runtime) -> None:
    opened.ask("assemble", budget=10, delivery_id="once")
    for what, fields in (("assemble", {"budget": 11}), ("maintain", {})):
        with pytest.raises(DeliveryConflict) as refused:
            opened.ask(what, delivery_id="once", **fields)
        assert refused.value.code == "delivery-conflict"


def test_what_was_refused_under_a_delivery_id_may_come_again_and_then_counts(opened: Runtime) -> None:
    commit = {"advancement_key": "k", "messages": exchange(1), "delivery_id": "early"}
    (refused,) = opened.batch(request("commit", **commit))
    assert isinstance(refused, Exception)
    opened.ask("assemble", budget=10)
    assert opened.ask("commit", **commit).status == "committed"


def test_a_turn_is_committed_once_for_its_advancement_key_under_whatever_delivery(opened: Runtime) -> None:
    opened.ask("assemble", budget=10)
    first = opened.ask("commit", advancement_key="k", messages=exchange(1), delivery_id="d1")
    heads = opened.ledger.heads()
    for runtime in (opened, Runtime(opened.ledger)):
        for delivery in ({"delivery_id": "d2"}, {}):
            again = runtime.ask("commit", advancement_key="k", messages=exchange(1), **delivery)
            assert (again.status, again.turn_id, again.version) == ("duplicate", first.turn_id, first.version)
    assert opened.ledger.heads() == heads


def test_an_advancement_key_stays_used_when_the_engine_is_in_its_next_turn(opened: Runtime) -> None:
    opened.turns(1, 1)
    opened.ask("assemble", budget=100)
    again = opened.ask("commit", advancement_key="turn-1", messages=exchange(1))
    assert (again.status, again.phase) == ("duplicate", "in-turn")
    assert opened.ask("commit", advancement_key="turn-2", messages=exchange(2)).status == "committed"


@pytest.mark.parametrize("messages", [[], exchange(1)[:1], exchange(2), [*exchange(1), *exchange(2)]])
def test_the_same_advancement_key_with_other_messages_is_a_conflict(
    opened: Runtime, messages: list[dict[str, Any]]
) -> None:
    opened.turns(1, 1)
    heads = opened.ledger.heads()
    with pytest.raises(AdvancementConflict, match="committed under the advancement key turn-1"):
        opened.ask("commit", advancement_key="turn-1", messages=messages)
    assert opened.ledger.heads() == heads


def test_a_commit_without_messages_is_known_again_too(opened: Runtime) -> None:
    opened.ask("assemble", budget=100)
    opened.ask("record", messages=exchange(1))
    opened.ask("commit", advancement_key="k")
    assert opened.ask("commit", advancement_key="k").status == "duplicate"
    with pytest.raises(AdvancementConflict):
        opened.ask("commit", advancement_key="k", messages=exchange(1))


def test_messages_that_were_recorded_during_the_turn_may_come_with_its_commit_again(opened: Runtime) -> None:
    opened.ask("assemble", budget=100)
    opened.ask("record", messages=exchange(1)[:1])
    opened.ask("commit", advancement_key="k", messages=exchange(1))
    assert opened.ask("commit", advancement_key="k", messages=exchange(1)).status == "duplicate"
    assert numbers(opened.ask("assemble", budget=100)) == [1, 2]
