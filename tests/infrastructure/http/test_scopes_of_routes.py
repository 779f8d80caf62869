"""What a token is not good for it does not do, on whatever route: the description of the routes is the list."""

import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from infrastructure.access.scopes import Scope
from infrastructure.access.tokens import create_token
from infrastructure.http.app import Doors
from infrastructure.http.engine import COMMANDS
from infrastructure.http.limits import Limits
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.sample.write import LIFECYCLE
from tests.infrastructure.http.conftest import served

OPEN_TO_ALL = {"/healthz", "/readyz"}
RECORDING = {"/v1/observations", "/v1/submissions", "/v1/gateways"}
KEY = "agent:main:main"

Bearer = Callable[[Scope, str | None], dict[str, str]]


@pytest.fixture
def bearer(ledger: Ledger) -> Bearer:
    """Tokens that were made before the service was started."""
    texts: dict[tuple[Scope, str | None], str] = {}
    scopes: list[tuple[Scope, str | None]] = [("admin", None), ("read", None), ("write", "home"), ("write", "attic")]
    for scope, gateway in scopes:
        _token, texts[scope, gateway] = create_token(ledger.connection, f"{scope} {gateway}", scope, gateway)
    return lambda scope, gateway: {"authorization": f"Bearer {texts[scope, gateway]}"}


@pytest.fixture
def demanding(database: str, ledger: Ledger, bearer: Bearer) -> Iterator[httpx.Client]:
    """A service that demands tokens, with a gateway on record that is none of the recorder's."""
    Importer(ledger, gateway="attic").import_recording(str(LIFECYCLE), lambda _bytes: None)
    doors = Doors(tokens_demanded=True, limits=Limits(live_seconds=0.1))
    with served(database, doors) as url, httpx.Client(base_url=url) as client:
        yield client


def routes(client: httpx.Client, headers: dict[str, str]) -> list[tuple[str, str]]:
    described: dict[str, Any] = client.get("/schema", headers=headers).json()
    found = [(way.upper(), path) for path, ways in described["paths"].items() for way in ways]
    assert len(found) >= 32
    return [*found, ("GET", "/schema"), ("GET", "/schema/openapi.json")]


def body_for(path: str) -> dict[str, Any]:
    """Fields of every command, for the gateway that the token is not good for."""
    if path == "/v1/gateways":
        return {"source": "a" * 64, "proposed": "attic"}
    fields: dict[str, Any] = {
        "gateway": "attic",
        "engine_key": KEY,
        "routing_key": KEY,
        "session_id": "s",
        "messages": [{"role": "user", "timestamp": 1, "content": "x"}],
        "budget": 1_000,
        "advancement_key": "a",
        "reason": "requests-in-flight" if path.endswith("skip-tick") else "because",
        "tick_id": "t",
        "outcome": "sent",
    }
    command = COMMANDS.get(path.removeprefix("/v1/engine/"))
    return {name: fields[name] for name in command[0].__struct_fields__ if name in fields} if command else fields


def asked(client: httpx.Client, way: str, path: str, headers: dict[str, str]) -> httpx.Response:
    parameters = {"gateway": "attic", "engine_key": KEY, "reference": KEY}
    if way == "GET":
        return client.get(path.replace("{event_id}", "1-1"), params=parameters, headers=headers)
    named = {"gateway": "attic"} if path in RECORDING else {}
    return client.post(path, params=named, json=body_for(path), headers=headers)


def test_every_route_demands_a_token_but_those_of_the_watchers(demanding: httpx.Client, bearer: Bearer) -> None:
    for way, path in routes(demanding, bearer("read", None)):
        for headers in ({}, {"authorization": "Bearer heartline_0123456789ab_" + "x" * 43}):
            answer = asked(demanding, way, path, headers)
            if path in OPEN_TO_ALL:
                assert set(answer.json()) == {"status"}, path
            else:
                assert (answer.status_code, answer.json()["code"]) == (401, "unknown-token"), path
                assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_token_that_records_for_one_gateway_reads_nothing_and_writes_to_no_other(
    demanding: httpx.Client, bearer: Bearer, ledger: Ledger
) -> None:
    before = ledger.heads()
    home = bearer("write", "home")
    for way, path in routes(demanding, home):
        if path in OPEN_TO_ALL or path.startswith("/schema"):
            continue
        answer = asked(demanding, way, path, home)
        assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed"), (way, path, answer.text)
        assert "agent:" not in answer.text
    assert ledger.heads() == before


def test_a_token_that_reads_writes_nowhere(demanding: httpx.Client, bearer: Bearer, ledger: Ledger) -> None:
    before = ledger.heads()
    read = bearer("read", None)
    for way, path in routes(demanding, read):
        answer = asked(demanding, way, path, read)
        may = way == "GET" and path not in ("/v1/tokens", "/v1/backup")
        may |= path in ("/v1/heads", "/v1/verification")  # asked with POST, they read
        assert (answer.status_code != 403) == may, (way, path, answer.text)
    assert ledger.heads() == before


STRANGE: list[dict[str, Any]] = [
    {"gateway": "attic"},
    {"gateway": ["home"]},
    {"gateway": ""},
    {"gateway": "HOME"},
    {"gateway": "home\u0000"},
]


@pytest.mark.parametrize("named", STRANGE)
def test_a_command_names_no_other_gateway_than_its_tokens_in_its_body(
    demanding: httpx.Client, bearer: Bearer, ledger: Ledger, named: dict[str, Any]
) -> None:
    before = ledger.heads()
    home = bearer("write", "home")
    twice = json.dumps({"gateway": "home", "engine_key": KEY})[:-1] + "," + json.dumps(named)[1:]
    for content in (json.dumps({"engine_key": KEY, **named}), twice):
        for parameters in ({}, {"gateway": "home"}, {"gateway": "attic"}):
            answer = demanding.post("/v1/engine/open", params=parameters, content=content, headers=home)
            assert answer.status_code in (400, 403), answer.text
    assert ledger.heads() == before


def test_lines_name_no_other_gateway_than_their_tokens(demanding: httpx.Client, bearer: Bearer, ledger: Ledger) -> None:
    before = ledger.heads()
    call = {"ts": "2026-11-23T08:00:00Z", "method": "maintain", "params": {"sessionId": "s", "sessionKey": KEY}}
    lines = [json.dumps({**call, **named}) for named in STRANGE if named["gateway"] != ""]  # which names none
    lines.append(json.dumps({"gateway": "home", **call})[:-1] + ',"gateway":"attic"}')
    home = bearer("write", "home")
    for content in ("\n".join(lines), *lines):
        kind = "application/x-ndjson" if "\n" in content else "application/json"
        headers = {**home, "content-type": kind}
        answer = demanding.post("/v1/observations", content=content, headers=headers)
        assert {one["outcome"] for one in answer.json()["lines"]} == {"rejected"}, answer.text
    assert ledger.heads() == before


def test_an_id_that_another_gateway_delivered_before_says_nothing_and_stands_in_nobodys_way(
    demanding: httpx.Client, bearer: Bearer, ledger: Ledger
) -> None:
    for gateway, recorder in [(one, bearer("write", one)) for one in ("attic", "home")]:
        command = {"engine_key": "k", "delivery_id": "d-1", "session_id": f"session of {gateway}"}
        answer = demanding.post("/v1/engine/open", json=command, headers=recorder)
        assert (answer.status_code, answer.json()["version"], answer.json()["gateway"]) == (200, 1, gateway)
        assert ledger.version(gateway, "k") == 1


def test_a_source_of_another_gateway_is_not_named_to_a_recorder(demanding: httpx.Client, bearer: Bearer) -> None:
    attic, home = bearer("write", "attic"), bearer("write", "home")
    asked = {"source": "a" * 64, "proposed": "attic"}
    assert demanding.post("/v1/gateways", json=asked, headers=attic).json() == {"gateway": "attic"}
    answer = demanding.post("/v1/gateways", json={**asked, "proposed": "home"}, headers=home)
    assert (answer.status_code, answer.json()["code"]) == (403, "not-allowed")
    assert "attic" not in answer.text


@pytest.mark.parametrize("form", ["bearer {}", "BEARER  {}", "Bearer\t{}"])
def test_the_scheme_of_a_token_is_written_in_any_case(demanding: httpx.Client, bearer: Bearer, form: str) -> None:
    text = bearer("read", None)["authorization"].removeprefix("Bearer ")
    status = demanding.get("/v1/streams", headers={"authorization": form.format(text)}).status_code
    assert status == (401 if "\t" in form else 200)


def test_a_token_counts_in_its_header_only_and_only_alone(demanding: httpx.Client, bearer: Bearer) -> None:
    value = bearer("read", None)["authorization"]
    text = value.removeprefix("Bearer ")
    for parameters in ({"token": text}, {"access_token": text}, {"authorization": value}):
        assert demanding.get("/v1/streams", params=parameters).status_code == 401
    for values in ([value, value], ["Bearer wrong", value], [value, "Basic aGk="], [f"{value},{value}"], [text]):
        twice = [("authorization", one) for one in values]
        assert demanding.get("/v1/streams", headers=twice).status_code == 401, values
    assert demanding.get("/v1/streams", headers={"authorization": value, "cookie": f"token={text}"}).status_code == 200


def test_a_token_that_expires_is_refused_on_a_connection_that_stays_open(
    demanding: httpx.Client, bearer: Bearer, ledger: Ledger
) -> None:
    headers = bearer("read", None)
    assert demanding.get("/v1/streams", headers=headers).status_code == 200
    ledger.connection.execute("set role none")
    token_id = headers["authorization"].split("_")[1]
    ledger.connection.execute(
        "update heartline.tokens set expires_at = created_at + 1 where token_id = %s", (token_id,)
    )
    while (status := demanding.get("/v1/streams", headers=headers).status_code) == 200:
        pass  # it is believed for a second more; pytest-timeout ends what never comes
    assert status == 401
