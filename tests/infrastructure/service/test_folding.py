"""While a service runs the read models follow the ledger by themselves."""

import json
from collections.abc import Iterator
from typing import Any

import httpx
import psycopg
import pytest

from infrastructure.composition import DATABASE, SERVICE_ROLE, prepare_embedded
from infrastructure.embedded.server import EmbeddedPostgres
from projections.catalogue import PROJECTIONS
from tests.infrastructure.embedded.support import open_folder, until
from tests.infrastructure.http.conftest import served

LEAST = """
    select coalesce(min(position), 0), count(*) from heartline_projections.offsets
    join heartline_projections.generations using (projection, generation)
    join (select partition, max(position) as position from heartline.events group by 1) e using (partition, position)
    where state = 'live'"""


def posted(client: httpx.Client, *keys: str) -> bool:
    lines = [
        {"ts": "2026-11-23T08:00:00Z", "method": "maintain", "params": {"sessionId": "s", "sessionKey": key}, "id": key}
        for key in keys
    ]
    body = "\n".join(map(json.dumps, lines)).encode()
    answer = client.post("/v1/observations", params={"gateway": "home"}, content=body, timeout=60)
    return answer.status_code == 200


def folded(owner: psycopg.Connection[Any]) -> bool:
    """Say whether every read model has reached the end of every partition that holds something."""
    [(_least, reached)] = owner.execute(LEAST.encode()).fetchall()
    [(partitions,)] = owner.execute("select count(distinct partition) from heartline.events").fetchall()
    return bool(partitions and reached == partitions * len(PROJECTIONS))


@pytest.fixture
def owner(database: str) -> Iterator[psycopg.Connection[Any]]:
    with psycopg.connect(database, autocommit=True) as connection:
        yield connection


@pytest.fixture
def client(database: str) -> Iterator[httpx.Client]:
    with served(database) as url, httpx.Client(base_url=url) as opened:
        yield opened


def test_what_is_recorded_is_folded_without_a_question(client: httpx.Client, owner: psycopg.Connection[Any]) -> None:
    for n in range(3):
        assert posted(client, f"agent:a{n}:main", f"agent:b{n}:main")
        until(lambda: folded(owner), "the read models are up to date")


def test_what_another_version_folded_is_renewed_while_people_read(
    database: str, owner: psycopg.Connection[Any]
) -> None:
    with served(database) as url, httpx.Client(base_url=url) as client:
        assert posted(client, "agent:a:main", "agent:b:main")
        until(lambda: folded(owner), "the read models are up to date")
    owner.execute("update heartline_projections.generations set version = 0 where projection = 'engines'")
    versions = "select version, generation from heartline_projections.generations where projection = 'engines'"
    with served(database) as url, httpx.Client(base_url=url) as client:
        assert len(client.get("/v1/streams").json()) == 2
        until(lambda: owner.execute(versions).fetchall() == [(1, 2)], "the new version took over")
        assert len(client.get("/v1/streams").json()) == 2


def test_it_goes_on_after_the_database_was_away() -> None:
    with open_folder() as folder:
        embedded = EmbeddedPostgres(folder / "home")
        address = embedded.start()
        prepare_embedded(address)
        with served(address.conninfo(user=SERVICE_ROLE, dbname=DATABASE)) as url, httpx.Client(base_url=url) as client:
            assert posted(client, "agent:a:main")
            embedded.stop()
            embedded.start()
            until(lambda: posted(client, "agent:b:main"), "the database is there again")
            owner = address.conninfo(user=address.superuser, dbname=DATABASE)
            with psycopg.connect(owner, autocommit=True) as connection:
                until(lambda: folded(connection), "the read models are up to date")
        embedded.stop()


def test_metrics_tell_how_many_events_were_set_aside(client: httpx.Client, owner: psycopg.Connection[Any]) -> None:
    assert posted(client, "agent:a:main")
    until(lambda: folded(owner), "the read models are up to date")
    assert "heartline_projections_set_aside_events 0.0" in client.get("/metrics").text
    owner.execute("insert into heartline_projections.set_aside values (0, 1, 'turns', 1, 'it failed')")
    until(lambda: "heartline_projections_set_aside_events 1.0" in client.get("/metrics").text, "the meter tells of it")
