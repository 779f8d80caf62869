"""A service's keyring, over real tokens and a clock of the test's own."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest

from infrastructure.access.errors import UnknownToken
from infrastructure.access.keyring import Keyring, Known, tokens_in_use
from infrastructure.access.scopes import Grant
from infrastructure.access.tokens import create_token, revoke_token
from infrastructure.ledger.errors import DatabaseUnavailable
from infrastructure.ledger.ledger import Ledger


class Bench:
    """A keyring whose clocks stand still until a test moves them, and which counts its queries."""

    def __init__(self, ledger: Ledger) -> None:
        self.connection = ledger.connection
        self.seconds = 100.0
        self.now = 0
        self.queries = 0
        self.away = False
        self.keyring = Keyring(self._read, lambda: self.seconds, lambda: self.now)

    def _read(self) -> Sequence[Known]:
        self.queries += 1
        if self.away:
            raise DatabaseUnavailable("It went away.")
        return tokens_in_use(self.connection)

    def refuses(self, text: str) -> bool:
        try:
            self.keyring.grant(text)
        except UnknownToken:
            return True
        return False


@pytest.fixture
def bench(ledger: Ledger) -> Bench:
    return Bench(ledger)


def test_a_token_is_known_by_its_whole_text(bench: Bench) -> None:
    token, text = create_token(bench.connection, "recorder", "write", "home")
    other, _other_text = create_token(bench.connection, "other", "admin")
    assert bench.keyring.grant(text) == Grant(token.token_id, "write", "home")
    swapped = text.replace(token.token_id, other.token_id)
    last = "A" if text[-1] != "A" else "B"
    for wrong in (
        "",
        "x",
        "Bearer",
        text[:-1],
        text + "A",
        text[:-1] + last,
        text.upper(),
        swapped,
        f"{text}\n",
        "\udcff",
    ):
        assert bench.refuses(wrong), wrong


def test_a_refusal_does_not_repeat_what_was_presented(bench: Bench) -> None:
    presented = f"heartline_000000000000_{'x' * 43}"
    with pytest.raises(UnknownToken) as refused:
        bench.keyring.grant(presented)
    assert presented not in str(refused.value)


def test_creation_and_revocation_count_within_a_second(bench: Bench) -> None:
    assert not bench.keyring.any_live()
    token, text = create_token(bench.connection, "late", "read")
    assert bench.refuses(text)
    bench.seconds += 0.2
    assert bench.keyring.grant(text).scope == "read"
    assert bench.keyring.any_live()
    revoke_token(bench.connection, token.token_id)
    bench.seconds += 0.9
    assert not bench.refuses(text)
    bench.seconds += 0.2
    assert bench.refuses(text)
    assert not bench.keyring.any_live()


def test_requests_cost_one_query_a_second_however_many_there_are_and_whatever_they_present(bench: Bench) -> None:
    _token, text = create_token(bench.connection, "busy", "read")
    assert not bench.keyring.fresh(text)
    for _ in range(50):
        bench.keyring.grant(text)
        assert bench.refuses(f"heartline_000000000000_{'x' * 43}")
    assert bench.queries == 1
    bench.seconds += 1.0
    with ThreadPoolExecutor(8) as threads:
        assert len({one.token_id for one in threads.map(bench.keyring.grant, [text] * 64)}) == 1
    assert bench.queries == 2


def test_guessing_costs_ten_queries_a_second_at_most(bench: Bench) -> None:
    for tenth in range(20):
        bench.seconds = 100 + tenth / 20
        assert bench.refuses(f"heartline_{tenth:012x}_{'x' * 43}")
        assert bench.refuses("no token at all")
    assert bench.queries <= 10


def test_an_expired_token_is_refused_at_its_very_end(bench: Bench) -> None:
    token, text = create_token(bench.connection, "guest", "read", lifetime=timedelta(minutes=5))
    assert token.expires_at is not None
    bench.now = token.expires_at - 1
    assert not bench.refuses(text)
    assert bench.keyring.any_live()
    bench.now = token.expires_at
    assert bench.refuses(text)
    assert not bench.keyring.any_live()


def test_nobody_is_believed_while_the_database_is_away_and_everybody_is_again_after(bench: Bench) -> None:
    _token, text = create_token(bench.connection, "steady", "read")
    bench.keyring.grant(text)
    bench.away = True
    bench.seconds += 1.0
    with pytest.raises(DatabaseUnavailable):
        bench.keyring.grant(text)
    bench.away = False
    assert bench.keyring.grant(text).scope == "read"
