from collections.abc import Iterator
from datetime import timedelta

import pytest

from infrastructure.access.errors import BadToken, NotAllowed, TokenNotFound
from infrastructure.answers.tokens import LocalTokens
from infrastructure.ledger.ledger import Ledger
from infrastructure.remote.service import opened_service
from infrastructure.remote.tokens import RemoteTokens
from tests.infrastructure.http.conftest import served


@pytest.fixture
def url(database: str) -> Iterator[str]:
    with served(database) as its_url:
        yield its_url


def test_tokens_of_a_service_are_those_of_its_ledger(url: str, ledger: Ledger) -> None:
    local = LocalTokens(ledger.connection)
    with opened_service(url, None) as service:
        remote = RemoteTokens(service)
        made = remote.create("laptop", "write", "laptop", timedelta(days=90))
        assert (made.scope, made.gateway, made.live) == ("write", "laptop", True)
        assert made.expires_at is not None
        assert remote.list() == local.list()
        revoked = remote.revoke("laptop")
        assert not revoked.live
        assert [revoked] == local.list() == remote.list()


def test_what_is_wrong_with_a_token_is_the_same_error_as_at_the_ledger(url: str) -> None:
    with opened_service(url, None) as service:
        with pytest.raises(BadToken):
            RemoteTokens(service).create("reader", "read", "home", None)
        with pytest.raises(TokenNotFound):
            RemoteTokens(service).revoke("nobody")


def test_only_those_who_may_do_anything_make_tokens(url: str, ledger: Ledger) -> None:
    reader = LocalTokens(ledger.connection).create("reader", "read", None, None)
    with opened_service(url, reader.secret) as service, pytest.raises(NotAllowed):
        RemoteTokens(service).list()
