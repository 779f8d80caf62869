import asyncio
import logging
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from domain import commands as ask
from domain.commands import Command
from infrastructure.engine.answers import Opened
from infrastructure.engine.requests import OpenRequest
from infrastructure.ledger.errors import DatabaseRefused, DatabaseUnavailable, Unanswered
from infrastructure.ledger.ledger import Ledger
from infrastructure.recorder.deliveries import Delivery, Part
from infrastructure.recorder.engines import Loaded
from infrastructure.service.desk import Desk
from infrastructure.service.meters import Meters


def maintained(_loaded: Loaded) -> Sequence[Command]:
    opened = ask.OpenEngine(at=1, delivery_id="d", routing_key="k", kind="main")
    return [opened, ask.RecordMaintenance(at=1, delivery_id="d", session_id="s", changed=False)]


def poisoned(_loaded: Loaded) -> Sequence[Command]:
    raise KeyError("a fault of ours")


def delivery(number: int, commands: Callable[[Loaded], Sequence[Command]] = maintained) -> Delivery:
    name = f"delivery {number}"
    return Delivery("home", name, name.encode().ljust(32), [Part(f"agent:{number}:main", commands)], named=True)


def outcomes(open_ledger: Callable[[], Ledger], groups: Sequence[Sequence[Delivery]]) -> list[list[Any]]:
    """Deliver groups one after another, each at once; give what became of every delivery."""
    desk = Desk(open_ledger, Meters())

    async def deliver(group: Sequence[Delivery]) -> list[Any]:
        return await asyncio.gather(*(desk.deliver(one, 100) for one in group), return_exceptions=True)

    try:
        return [asyncio.run(deliver(group)) for group in groups]
    finally:
        assert desk.close(10)


def test_a_fault_of_ours_in_one_delivery_fails_that_one_only(database: str, caplog: pytest.LogCaptureFixture) -> None:
    group = [delivery(1), delivery(2, poisoned), delivery(3)]
    with caplog.at_level(logging.CRITICAL):
        ((first, bad, last), (again,)) = outcomes(lambda: Ledger.open(database), [group, [delivery(1)]])
    assert isinstance(bad, KeyError)
    assert {first.outcome, last.outcome} == {"recorded"}
    assert again.outcome == "duplicate"


def test_what_has_no_id_is_not_tried_again_beside_a_fault_of_ours(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    """It may have been written before the fault: tried again, it would be written twice."""
    desk = Desk(lambda: Ledger.open(database), Meters())
    without = OpenRequest(gateway="home", engine_key="a")
    named = OpenRequest(gateway="home", engine_key="b", delivery_id="b")
    with caplog.at_level(logging.CRITICAL):
        first, bad, last = desk._handle([without, delivery(1, poisoned), named])
    assert desk.close(10)
    assert isinstance(first, Unanswered)
    assert isinstance(bad, KeyError)
    assert isinstance(last, Opened)


def test_while_the_database_is_away_each_is_told_by_an_error_of_its_own() -> None:
    def away() -> Ledger:
        raise DatabaseUnavailable("away")

    groups = [[delivery(number) for number in range(3)] for _ in range(3)]
    errors = [error for group in outcomes(away, groups) for error in group]
    assert {type(error) for error in errors} == {DatabaseUnavailable}
    assert len({id(error) for error in errors}) == len(errors)  # a shared one would hold every frame that raised it


def test_a_database_that_can_only_be_read_refuses_in_our_words_and_is_written_when_it_can(database: str) -> None:
    def opened() -> Ledger:
        ledger = Ledger.open(database)
        if readable_only.pop():
            ledger.connection.execute("set default_transaction_read_only = on")
        return ledger

    readable_only = [False, True]
    refused, (recorded,) = outcomes(opened, [[delivery(1), delivery(2)], [delivery(1)]])
    assert [type(error) for error in refused] == [DatabaseRefused] * 2
    assert recorded.outcome == "recorded"
