"""Several processes serve one stream: nothing is twice, and no rule is broken."""

from threading import Thread
from typing import Any

from domain.engine import fold
from domain.errors import HeartlineError
from domain.events import TurnCommitted, decode
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.verify import verify
from tests.infrastructure.engine.runtime import GATEWAY, KEY, Runtime, exchange, request

TURNS = 30


def test_two_that_race_for_the_same_turns_commit_each_once_and_break_no_rule(database: str, ledger: Ledger) -> None:
    Runtime(ledger).ask("open")
    statuses: list[list[Any]] = [[], []]

    def race(which: int) -> None:
        with Ledger.open(database) as own:
            runtime = Runtime(own)
            for number in range(TURNS):
                commit = request("commit", advancement_key=f"k{number}", messages=exchange(number))
                while True:
                    *_assembled, answer = runtime.batch(request("assemble", budget=100_000), commit)
                    if not isinstance(answer, HeartlineError):
                        break
                statuses[which].append(answer)

    racers = [Thread(target=race, args=(which,)) for which in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    events = [decode(row.payload) for row in ledger.stream(GATEWAY, KEY)]
    keys = [event.advancement_key for event in events if isinstance(event, TurnCommitted)]
    assert sorted(keys) == sorted(f"k{number}" for number in range(TURNS))  # type: ignore[type-var]  # none is None
    answered = [one.status for answers in statuses for one in answers]
    assert (answered.count("committed"), answered.count("duplicate")) == (TURNS, TURNS)
    assert fold(events).anomalies == 0
    assert len(fold(events).roster) == 2 * TURNS
    assert verify(ledger).ok


def test_two_that_race_with_the_same_deliveries_get_the_same_answers(database: str, ledger: Ledger) -> None:
    Runtime(ledger).ask("open")
    versions: list[list[int]] = [[], []]

    def race(which: int) -> None:
        with Ledger.open(database) as own:
            runtime = Runtime(own)
            for number in range(TURNS):
                versions[which].append(runtime.ask("maintain", delivery_id=f"d{number}").version)

    racers = [Thread(target=race, args=(which,)) for which in range(2)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert versions[0] == versions[1] == list(range(2, TURNS + 2))
