"""Parameters that a route does not have are refused, and so are types that no event has: nothing says else that they
narrow nothing.
"""

import httpx
import pytest


@pytest.mark.parametrize(
    ("path", "unknown", "known"),
    [
        ("/v1/ticks?routing_keys=x", "routing_keys", "routing_key"),
        ("/v1/turns?session_id=x&limit=3", "session_id", "limit"),
        ("/v1/streams?gatewey=attic", "gatewey", "gateway"),
        ("/v1/events?types=TurnCommitted", "types", "type"),
        ("/v1/search?query=x&q=x", "q", "query"),
        ("/v1/live?afterwards=x", "afterwards", "after"),
        ("/v1/projections?all", "all", "none"),
    ],
)
def test_an_unknown_parameter_is_named_beside_those_that_there_are(
    client: httpx.Client, path: str, unknown: str, known: str
) -> None:
    answer = client.get(path)
    assert (answer.status_code, answer.json()["code"]) == (400, "unknown-parameter")
    before, _mark, after = answer.json()["detail"].partition(":")
    assert before.endswith(f" {unknown}")
    assert known in after.replace(",", " ").replace(".", " ").split()


def test_parameters_that_a_route_has_are_no_problem_whatever_they_hold(client: httpx.Client) -> None:
    assert client.get("/v1/events", params={"type": ["TurnCommitted", "TurnFailed"], "since": "24h"}).status_code == 200
    assert client.get("/v1/streams?gateway=").status_code == 404
    assert client.get("/v1/streams?").status_code == 200


def test_what_watches_may_add_what_it_likes(client: httpx.Client) -> None:
    assert client.get("/healthz?no-cache=1").status_code == 200


def test_an_unknown_type_of_events_is_refused_with_the_nearest(client: httpx.Client) -> None:
    for path in ("/v1/events", "/v1/live"):
        answer = client.get(path, params={"type": "TurnCommited"})
        assert (answer.status_code, answer.json()["code"]) == (400, "unknown-event-type")
        assert "TurnCommited" in answer.json()["detail"]
        assert "Did you mean TurnCommitted" in answer.json()["detail"]


def test_every_parameter_that_is_described_is_known(client: httpx.Client) -> None:
    paths = client.get("/schema/openapi.json").json()["paths"]
    described = {
        (path, method): {one["name"] for one in operation.get("parameters", []) if one["in"] == "query"}
        for path, operations in paths.items()
        for method, operation in operations.items()
        if path.startswith("/v1/")
    }
    assert len(described) > 20
    for (path, method), names in described.items():
        answer = client.request(method, path.replace("{event_id}", "1-1"), params={"no-such": "1"})
        there_are = answer.json()["detail"].partition(": there are ")[2].removesuffix(".").split(", ")
        if names or method == "get":  # a route that takes everything in a body says itself what its query may add
            assert set(there_are) == (names or {"none"}), path
