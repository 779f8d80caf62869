import pytest

from infrastructure.http.errors import TooManyRequests, TooMuchHeld
from infrastructure.http.limits import HeldBytes, Limits, Rates


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def asks(rates: Rates, client: str, times: int) -> int:
    """Ask so often, and count how often it was allowed."""
    allowed = 0
    for _ in range(times):
        try:
            with rates.taking(client):
                allowed += 1
        except TooManyRequests:
            pass
    return allowed


def test_a_client_may_ask_a_burst_at_once_and_then_as_often_as_the_rate() -> None:
    clock = Clock()
    rates = Rates(Limits(rate=10, burst=20), clock)
    assert asks(rates, "a", 50) == 20
    clock.now = 1.0
    assert asks(rates, "a", 50) == 10
    clock.now = 100.0
    assert asks(rates, "a", 50) == 20


def test_one_client_that_asks_too_often_takes_nothing_from_another() -> None:
    rates = Rates(Limits(rate=10, burst=20), Clock())
    assert asks(rates, "a", 50) == 20
    assert asks(rates, "b", 5) == 5


def test_a_client_has_only_so_many_requests_in_work() -> None:
    rates = Rates(Limits(at_once=1), Clock())
    with rates.taking("a"):
        with pytest.raises(TooManyRequests), rates.taking("a"):
            pass
        with rates.taking("b"):
            pass
    with rates.taking("a"):
        pass


def test_clients_without_number_are_not_all_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("infrastructure.http.limits.MOST_CLIENTS", 3)
    rates = Rates(Limits(rate=1, burst=1), Clock())
    with rates.taking("in work"):
        assert [asks(rates, f"client {number}", 1) for number in range(10)] == [1] * 10
        assert len(rates._clients) == 3
        assert "in work" in rates._clients


def test_requests_together_hold_only_so_much() -> None:
    held = HeldBytes(10)
    held.take(6)
    with pytest.raises(TooMuchHeld):
        held.take(5)
    held.give_back(6)
    held.take(10)
