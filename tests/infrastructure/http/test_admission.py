from collections.abc import Iterator

import httpx
import pytest

from infrastructure.access.scopes import Scope
from infrastructure.access.tokens import create_token, revoke_token
from infrastructure.http.app import Doors
from infrastructure.http.errors import ServiceUnsafe
from infrastructure.http.serving import serving
from infrastructure.ledger.ledger import Ledger
from tests.infrastructure.http.conftest import served

LINE = b'{"ts":"2026-11-23T08:00:00Z","method":"maintain","params":{"sessionId":"s","sessionKey":"agent:main:main"}}'

Tokens = dict[str, tuple[str, dict[str, str]]]


def made(ledger: Ledger, scope: Scope, gateway: str | None = None) -> tuple[str, dict[str, str]]:
    token, text = create_token(ledger.connection, f"{scope} {gateway or ''}".strip(), scope, gateway)
    return token.token_id, {"authorization": f"Bearer {text}"}


@pytest.fixture
def tokens(ledger: Ledger) -> Tokens:
    return {"admin": made(ledger, "admin"), "read": made(ledger, "read"), "home": made(ledger, "write", "home")}


@pytest.fixture
def demanding(database: str, tokens: object) -> Iterator[httpx.Client]:
    """A service as it is on any address but loopback: everything needs a token."""
    with served(database, Doors(tokens_demanded=True)) as url, httpx.Client(base_url=url) as client:
        yield client


def statuses(client: httpx.Client, headers: dict[str, str]) -> dict[str, int]:
    return {
        "read": client.get("/v1/streams", headers=headers).status_code,
        "write home": client.post("/v1/observations?gateway=home", content=LINE, headers=headers).status_code,
        "write attic": client.post("/v1/observations?gateway=attic", content=LINE, headers=headers).status_code,
        "trace attic": client.post("/v1/submissions?gateway=attic", content=b"", headers=headers).status_code,
        "tokens": client.get("/v1/tokens", headers=headers).status_code,
        "metrics": client.get("/metrics", headers=headers).status_code,
    }


def test_each_scope_reaches_as_far_as_it_says(demanding: httpx.Client, tokens: Tokens) -> None:
    everything = dict.fromkeys(statuses(demanding, {}), 401)
    assert statuses(demanding, {}) == everything
    assert statuses(demanding, {"authorization": "Bearer wrong"}) == everything
    assert statuses(demanding, {"authorization": "Basic aGk="}) == everything
    forbidden = dict.fromkeys(everything, 403)
    assert statuses(demanding, tokens["home"][1]) == {**forbidden, "write home": 200}
    assert statuses(demanding, tokens["read"][1]) == {**forbidden, "read": 200, "metrics": 200}
    assert statuses(demanding, tokens["admin"][1]) == dict.fromkeys(everything, 200)


def test_a_line_for_another_gateway_than_the_tokens_is_rejected(
    demanding: httpx.Client, tokens: Tokens, ledger: Ledger
) -> None:
    _id, home = tokens["home"]
    other = LINE.replace(b'"method"', b'"gateway":"attic","method"')
    answer = demanding.post("/v1/observations", content=LINE + b"\n" + other, headers=home)
    assert [one["outcome"] for one in answer.json()["lines"]] == ["recorded", "rejected"]
    assert ledger.version("attic", "agent:main:main") is None


def test_watchers_need_no_token(demanding: httpx.Client) -> None:
    assert [demanding.get(path).status_code for path in ("/healthz", "/readyz")] == [200, 200]


def test_a_revoked_token_is_refused_without_a_restart(demanding: httpx.Client, tokens: Tokens, ledger: Ledger) -> None:
    token_id, read = tokens["read"]
    assert demanding.get("/v1/streams", headers=read).status_code == 200
    revoke_token(ledger.connection, token_id)
    while (status := demanding.get("/v1/streams", headers=read).status_code) == 200:
        pass  # it is believed for a second more; pytest-timeout ends what never comes
    assert status == 401


def test_an_address_that_others_can_reach_is_not_served_without_a_token(database: str, ledger: Ledger) -> None:
    doors = Doors(host="0.0.0.0")
    with pytest.raises(ServiceUnsafe, match="heartline token create"), serving(lambda: Ledger.open(database), doors, 0):
        pass
    made(ledger, "admin")
    with served(database, doors) as url:
        port = url.rpartition(":")[2]
        assert httpx.get(f"http://127.0.0.1:{port}/v1/streams").status_code == 401


def test_tokens_are_made_listed_and_revoked_over_http(client: httpx.Client) -> None:
    created = client.post("/v1/tokens", json={"name": "laptop", "scope": "write", "gateway": "laptop"})
    assert created.status_code == 201
    assert created.json()["secret"].startswith("heartline_")
    listed = client.get("/v1/tokens").json()
    assert [(one["name"], one["live"], one["secret"]) for one in listed] == [("laptop", True, None)]
    revoked = client.post("/v1/tokens/revoke", json={"token": "laptop"})
    assert (revoked.status_code, revoked.json()["live"]) == (200, False)
    assert client.post("/v1/tokens/revoke", json={"token": "nobody"}).status_code == 404


def test_what_is_made_or_revoked_over_http_counts_at_once(client: httpx.Client) -> None:
    for number in range(5):
        made = client.post("/v1/tokens", json={"name": f"reader {number}", "scope": "read"}).json()
        bearing = {"authorization": f"Bearer {made['secret']}"}
        assert client.get("/v1/streams", headers=bearing).status_code == 200
        client.post("/v1/tokens/revoke", json={"token": made["token_id"]})
        assert client.get("/v1/streams", headers=bearing).status_code == 401
