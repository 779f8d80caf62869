from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.crash.clients import Clients
from tests.crash.ledgers import ledger_of
from tests.crash.moments import KILLS, KILLS_A_LEDGER, SEED, SERVICES, Moments, rounds
from tests.crash.served import RECOVERY_SECONDS, Served, assert_kept, kill, wait_for_acknowledgements
from tests.infrastructure.embedded.support import until

pytestmark = pytest.mark.crash

CLIENTS = 8

MOST = 100
"""How many requests are acknowledged between two kills, at most."""

AFTERWARDS = 500
"""And so many when all is over."""

ONE = ("0", "0", "0 everything", "0 postmaster", " postmaster", " backend", " everything")
"""Services by their numbers, and what of Postgres."""

EITHER = ("0", "1", "0", "1", "0 backend", "1 postmaster", " everything")


@pytest.mark.parametrize("kills", rounds(SERVICES * KILLS, SERVICES * KILLS_A_LEDGER))
def test_what_a_killed_service_acknowledged_is_there_once(kills: int, home: Path, moments: Moments) -> None:
    kill_under_load(home, 1, kills, ONE, moments)


@pytest.mark.parametrize("kills", rounds())
def test_of_two_services_of_one_ledger_either_may_be_killed(kills: int, home: Path, moments: Moments) -> None:
    """Their clients turn to the other one: so the same delivery may be in work in both."""
    kill_under_load(home, 2, kills, EITHER, moments)


def test_two_services_append_to_the_same_streams(home: Path, moments: Moments) -> None:
    kill_under_load(home, 2, 0, (), moments)


def kill_under_load(home: Path, count: int, kills: int, victims: tuple[str, ...], moments: Moments) -> None:
    with ExitStack() as stack:
        services = [stack.enter_context(Served(home)) for _number in range(count)]
        until(lambda: all(service.listens for service in services), "all are up", RECOVERY_SECONDS)
        with Clients(CLIENTS, [service.port for service in services], SEED) as clients:
            wait_for_acknowledgements(clients, services, CLIENTS)
            for _ in range(kills):
                more = moments.within(0, MOST, "killed when so many more are acknowledged")
                wait_for_acknowledgements(clients, services, more)
                kill(home, services, moments.one_of(*victims))
            wait_for_acknowledgements(clients, services, AFTERWARDS)
        moments.tell(f"{clients.count} requests were acknowledged; those that were not: {clients.put_off}")
        assert {one.port for one in clients.acknowledged} == {service.port for service in services}
        for service in services:
            ended = service.stop()
            assert ended.code == 0, ended
    with ledger_of(home) as ledger:
        assert_kept(ledger, clients.acknowledged)
