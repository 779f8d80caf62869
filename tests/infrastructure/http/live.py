"""A client of the live tail that reads what is sent message by message, and records to have something sent."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import httpx
from msgspec import Struct

from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.importer import Importer
from infrastructure.openclaw.sample.write import LIFECYCLE
from tests.infrastructure.http.test_database_away import line


class Sent(Struct, frozen=True):
    """A message as it came."""

    kind: str
    id: str
    data: str

    @property
    def event(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.data)
        return found


class Stream:
    """An open stream. Its first message was read: from `start` it goes on."""

    def __init__(self, response: httpx.Response) -> None:
        self._lines = response.iter_lines()
        self.comments = 0
        (opening,) = self.blocks(1)
        assert opening.pop("retry") == "1000"
        assert opening.keys() == {"event", "id"}
        assert opening["event"] == "cursor"
        self.start = self.last_id = opening["id"]

    def blocks(self, count: int) -> Iterator[dict[str, str]]:
        fields: dict[str, str] = {}
        while count and (one := next(self._lines, None)) is not None:
            if one.startswith(":"):
                self.comments += 1
            elif one:
                name, _, value = one.partition(": ")
                assert name not in fields
                fields[name] = value
            elif fields:
                count -= 1
                yield fields
                fields = {}

    def __iter__(self) -> Iterator[Sent]:
        for fields in self.blocks(10**9):
            self.last_id = fields["id"]
            yield Sent(fields["event"], fields["id"], fields.get("data", ""))

    def events(self, count: int = 10**9) -> Iterator[Sent]:
        """Give so many events, passing over messages that say only how far it has come."""
        for one in self:
            if one.data:
                count -= 1
                yield one
                if not count:
                    return


@contextmanager
def following(url: str, last_id: str | None = None, token: str | None = None, **asked: Any) -> Iterator[Stream]:
    headers = {} if last_id is None else {"last-event-id": last_id}
    if token is not None:
        headers["authorization"] = f"Bearer {token}"
    with (
        httpx.Client(timeout=30) as client,
        client.stream("GET", f"{url}/v1/live", params=asked, headers=headers) as response,
    ):
        if response.status_code != 200:
            response.read()
        assert response.status_code == 200, response.text
        assert response.headers["content-type"].startswith("text/event-stream")
        stream = Stream(response)  # httpx closes what nobody reads any more
        yield stream


def record(client: httpx.Client, *ids: str, key: str = "agent:main:main", gateway: str = "home") -> None:
    """Have something happen: one event each, and one more that opens the engine."""
    lines = b"\n".join(line(one, key) for one in ids)
    answer = client.post("/v1/observations", params={"gateway": gateway}, content=lines, timeout=60)
    assert answer.json()["recorded"] == len(ids), answer.text


def every(client: httpx.Client, **asked: Any) -> list[dict[str, Any]]:
    """Everything that `/v1/events` tells of."""
    found: list[dict[str, Any]] = []
    while True:
        page = client.get("/v1/events", params={"limit": 1000, **asked}).json()
        found += page["events"]
        if not page["more"]:
            return found
        asked["after"] = page["cursor"]


def readers(client: httpx.Client) -> float:
    metrics = client.get("/metrics").text.splitlines()
    return next(float(one.split()[1]) for one in metrics if one.startswith("heartline_live_readers "))


def client_of(url: str) -> httpx.Client:
    return httpx.Client(base_url=url, timeout=60)


def import_sample(ledger: Ledger, gateway: str) -> None:
    Importer(ledger, gateway=gateway).import_recording(str(LIFECYCLE), lambda _bytes: None)
