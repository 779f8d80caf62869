from collections.abc import Iterator
from datetime import timedelta
from hashlib import sha256

import pytest
from psycopg.errors import CheckViolation, InsufficientPrivilege

from domain.keys import BadGateway
from infrastructure.access.errors import BadToken, TokenNotFound
from infrastructure.access.scopes import Scope
from infrastructure.access.tokens import TEXT_FORM, create_token, list_tokens, revoke_token
from infrastructure.composition import SERVICE_ROLE
from infrastructure.ledger.connection import AnyConnection, connect
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.schema import migrate
from infrastructure.ledger.verify import verify
from tests.databases import Server, own_database


@pytest.fixture(scope="module")
def steady(server: Server) -> Iterator[str]:
    """Give a ledger for the tests that must leave no token in it."""
    with own_database(server, "without_tokens") as conninfo:
        migrate(conninfo, 1)
        yield conninfo


@pytest.fixture
def owner(steady: str) -> Iterator[AnyConnection]:
    with connect(steady) as connection:
        yield connection
        assert list_tokens(connection) == []


@pytest.fixture
def reader(owner: AnyConnection) -> Iterator[AnyConnection]:
    owner.execute(f"set role {SERVICE_ROLE}".encode())
    yield owner
    owner.execute("reset role")


@pytest.fixture
def service(ledger: Ledger) -> Ledger:
    """Give the ledger in the service's role, which is all that tokens need."""
    ledger.connection.execute(f"set role {SERVICE_ROLE}".encode())
    return ledger


def test_only_the_digest_of_a_token_is_kept(service: Ledger) -> None:
    token, text = create_token(service.connection, "recorder", "write", "home")
    form = TEXT_FORM.fullmatch(text)
    assert form is not None
    assert form[1] == token.token_id
    rows = service.connection.execute("select t::text, digest from heartline.tokens t").fetchall()
    assert [digest for _row, digest in rows] == [sha256(text.encode()).digest()]
    assert form[2] not in str(rows)
    assert form[2] not in repr(token)
    assert list_tokens(service.connection) == [token]


def test_no_two_tokens_are_alike(service: Ledger) -> None:
    made = [create_token(service.connection, "same name", "read") for _ in range(5)]
    assert len({text for _token, text in made}) == len({token.token_id for token, _text in made}) == 5
    assert [token.token_id for token in list_tokens(service.connection)] == [token.token_id for token, _text in made]


def test_a_token_expires_after_its_lifetime(service: Ledger) -> None:
    token, _text = create_token(service.connection, "guest", "read", lifetime=timedelta(days=1))
    end = token.created_at + 86_400_000_000
    assert token.expires_at == end
    assert token.live(end - 1)
    assert not token.live(end)


@pytest.mark.parametrize(
    ("name", "scope", "gateway", "lifetime", "words"),
    [
        ("", "read", None, None, "can't name a token"),
        ("a" * 65, "read", None, None, "can't name a token"),
        ("line\nbreak", "read", None, None, "can't name a token"),
        ("-x", "read", None, None, "can't name a token"),
        ("x", "write", None, None, "--gateway"),
        ("x", "read", "home", None, "leave --gateway out"),
        ("x", "admin", "home", None, "leave --gateway out"),
        ("x", "read", None, timedelta(0), "some time"),
    ],
)
def test_a_token_that_makes_no_sense_is_refused(
    reader: AnyConnection, name: str, scope: Scope, gateway: str | None, lifetime: timedelta | None, words: str
) -> None:
    with pytest.raises(BadToken, match=words):
        create_token(reader, name, scope, gateway, lifetime)


def test_the_gateway_of_a_token_has_the_form_of_one(reader: AnyConnection) -> None:
    with pytest.raises(BadGateway):
        create_token(reader, "x", "write", "Not A Name")


def test_a_token_is_revoked_by_id_or_by_a_name_that_only_one_has(service: Ledger) -> None:
    connection = service.connection
    (first, text), (second, _text) = (create_token(connection, "laptop", "read") for _ in range(2))
    with pytest.raises(TokenNotFound, match=f"2 tokens are named laptop: .*{first.token_id}, {second.token_id}"):
        revoke_token(connection, "laptop")
    revoked = revoke_token(connection, first.token_id)
    assert revoked.revoked_at is not None
    assert revoked.revoked_at >= revoked.created_at
    assert revoke_token(connection, first.token_id) == revoked
    assert revoke_token(connection, "laptop").token_id == second.token_id
    with pytest.raises(TokenNotFound, match="No token that works has the id or name 'laptop'"):
        revoke_token(connection, "laptop")
    with pytest.raises(TokenNotFound) as refused:
        revoke_token(connection, text)
    assert text not in str(refused.value)


@pytest.mark.parametrize(
    "change",
    [
        "insert into heartline.tokens values ('x', 'x', sha256(''), 'admin', null, 1, null, null)",
        "update heartline.tokens set revoked_at = null",
        "delete from heartline.tokens",
    ],
)
def test_the_service_cannot_write_tokens_but_by_the_functions(reader: AnyConnection, change: str) -> None:
    with pytest.raises(InsufficientPrivilege):
        reader.execute(change.encode())


@pytest.mark.parametrize(
    "row",
    [
        "('x', 'x', 'short', 'admin', null, 1, null, null)",
        "('x', 'x', sha256(''), 'root', null, 1, null, null)",
        "('x', 'x', sha256(''), 'write', null, 1, null, null)",
        "('x', 'x', sha256(''), 'read', 'home', 1, null, null)",
    ],
)
def test_the_table_takes_no_token_that_makes_no_sense(owner: AnyConnection, row: str) -> None:
    with pytest.raises(CheckViolation):
        owner.execute(f"insert into heartline.tokens values {row}".encode())


def test_tokens_are_no_part_of_the_evidence(service: Ledger) -> None:
    before = verify(service)
    create_token(service.connection, "anyone", "admin")
    assert verify(service) == before
