import httpx


def test_an_empty_ledger_has_no_streams(client: httpx.Client) -> None:
    answer = client.get("/v1/streams")
    assert (answer.status_code, answer.json()) == (200, [])


def test_a_gateway_of_which_nothing_is_on_record_is_a_problem_with_a_code(client: httpx.Client) -> None:
    answer = client.get("/v1/streams", params={"gateway": "nowhere"})
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["code"] == "unknown-stream"


def test_the_interface_is_described_at_schema(client: httpx.Client) -> None:
    described = client.get("/schema").json()
    assert "/v1/streams" in described["paths"]
    assert client.get("/schema/openapi.json").json() == described
