"""The database goes away, hangs or refuses, and the service says so until it is there again."""

import asyncio
import json
import traceback
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager

import httpx
import pytest

from domain.keys import partition_of
from infrastructure.composition import DATABASE, SERVICE_ROLE, prepare_embedded
from infrastructure.embedded.server import EmbeddedPostgres
from infrastructure.ledger.errors import DatabaseUnavailable
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.schema import DEFAULT_PARTITIONS
from infrastructure.ledger.verify import verify
from infrastructure.openclaw.importer import observed_in
from infrastructure.service.desk import DESK, Desk
from infrastructure.service.meters import Meters
from tests.infrastructure.embedded.support import open_folder, until
from tests.infrastructure.http.conftest import served, served_by

LOCKED, FREE = "agent:steady:main", "agent:other:main"


def line(delivery_id: str, key: str = LOCKED) -> bytes:
    params = {"sessionId": "s", "sessionKey": key}
    return json.dumps(
        {"ts": "2026-11-23T08:00:00Z", "id": delivery_id, "method": "maintain", "params": params}
    ).encode()


def post(client: httpx.Client, body: bytes) -> httpx.Response:
    return client.post("/v1/observations", params={"gateway": "home"}, content=body, timeout=60)


def ask(client: httpx.Client) -> httpx.Response:
    asked = {"gateway": "home", "engine_key": FREE, "resume": True}
    return client.post("/v1/engine/open", json=asked)


def assert_put_off(answer: httpx.Response, code: str) -> None:
    assert (answer.status_code, answer.json()["code"]) == (503, code), answer.text
    assert int(answer.headers["retry-after"]) > 0


def test_while_the_database_is_away_it_says_so_and_afterwards_it_works_again() -> None:
    with open_folder() as folder:
        embedded = EmbeddedPostgres(folder / "home")
        address = embedded.start()
        prepare_embedded(address)
        conninfo = address.conninfo(user=SERVICE_ROLE, dbname=DATABASE)
        with served(conninfo) as url, httpx.Client(base_url=url) as client:
            assert post(client, line("before")).status_code == ask(client).status_code == 200
            assert client.get("/readyz").status_code == client.get("/v1/streams").status_code == 200
            embedded.stop()
            assert_put_off(post(client, line("meanwhile")), "database-unavailable")
            assert_put_off(ask(client), "database-unavailable")
            assert_put_off(client.get("/v1/streams"), "database-unavailable")
            ready = client.get("/readyz")
            assert (ready.status_code, ready.json()) == (503, {"status": "database-unavailable"})
            assert client.get("/healthz").status_code == 200
            assert "heartline_database_up 0.0" in client.get("/metrics").text
            embedded.start()
            until(lambda: post(client, line("meanwhile")).status_code == 200, "it records again")
            assert [ask(client).status_code, client.get("/readyz").status_code] == [200, 200]
            assert post(client, line("before")).json()["duplicates"] == 1
        embedded.stop()


class Opener:
    """Opens a ledger whose connection is set up as a test wants it."""

    def __init__(self, database: str) -> None:
        self._database = database
        self.settings: dict[str, str] = {}

    def __call__(self) -> Ledger:
        ledger = Ledger.open(self._database)
        for name, value in self.settings.items():
            ledger.connection.execute("select set_config(%s, %s, false)", (name, value))
        return ledger


@contextmanager
def holding(database: str, key: str) -> Iterator[Callable[[], object]]:
    """Hold the partition of a stream, as a person would who forgot a transaction; gives what lets it go."""
    partition = partition_of("home", key, DEFAULT_PARTITIONS)
    with Ledger.open(database) as other:
        other.connection.execute("begin")
        other.connection.execute("select from heartline.heads where partition = %s for no key update", (partition,))
        yield lambda: other.connection.execute("commit")


def test_while_a_partition_is_held_it_lives_and_nothing_that_waits_is_lost(database: str, ledger: Ledger) -> None:
    with served(database) as url, httpx.Client(base_url=url) as client, ThreadPoolExecutor(12) as threads:
        with holding(database, LOCKED) as let_go:
            keys = [LOCKED, FREE]
            waiting = [threads.submit(post, client, line(f"d{n}", keys[n % 2])) for n in range(12)]
            assert client.get("/healthz").status_code == client.get("/readyz").status_code == 200
            let_go()
        assert [one.result().json()["recorded"] for one in waiting] == [1] * 12
    assert verify(ledger).ok


def test_who_waits_too_long_for_a_partition_is_told_what_to_do_all_at_once(database: str, ledger: Ledger) -> None:
    """Not one after the other: with the service's time limit the last of a group would wait for an hour."""
    opener = Opener(database)
    opener.settings["lock_timeout"] = "1s"
    with served_by(opener) as url, httpx.Client(base_url=url) as client, ThreadPoolExecutor(40) as threads:
        with holding(database, LOCKED) as let_go:
            first = threads.submit(post, client, line("first"))
            until(lambda: _waits_for_a_lock(ledger), "the first one waits")
            rest = [threads.submit(post, client, line(f"d{number}")) for number in range(30)]
            answers = [one.result(timeout=20) for one in (first, *rest)]
            let_go()
        for answer in answers:
            assert_put_off(answer, "database-refused")
            assert answer.json()["detail"] == (
                "The database could not do it (canceling statement due to lock timeout). Nothing of it was written; "
                "see to that and try again."
            )
        assert post(client, line("first")).json()["recorded"] == 1
    assert [row.version for row in ledger.stream("home", LOCKED)] == [1, 2]


def test_a_database_that_gives_no_answer_is_as_good_as_away(
    database: str, ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("infrastructure.service.desk.ANSWER_SECONDS", 0.2)
    with served(database) as url, httpx.Client(base_url=url) as client:
        with holding(database, LOCKED) as let_go:
            assert_put_off(post(client, line("a")), "unanswered")
            let_go()
        until(lambda: post(client, line("a")).status_code == 200, "it is answered again")
    assert [row.version for row in ledger.stream("home", LOCKED)] == [1, 2]


def test_clients_are_not_told_where_the_database_is(database: str) -> None:
    there = [True]

    def open_ledger() -> Ledger:
        return Ledger.open(database if there[0] else "host=/no/such/secret/folder")

    with served_by(open_ledger) as url, httpx.Client(base_url=url) as client:
        there[0] = False
        bearing = {"authorization": f"Bearer heartline_0123456789ab_{'x' * 43}"}  # the gate asks the database itself
        for answer in (
            client.get("/v1/streams"),
            post(client, line("a")),
            client.get("/v1/streams", headers=bearing),
        ):
            assert_put_off(answer, "database-unavailable")
            assert "secret" not in answer.text


def test_a_full_queue_puts_off_what_comes_and_keeps_what_it_has(database: str, ledger: Ledger) -> None:
    count = DESK.waiting_tasks // 256 + 2
    with served(database) as url, httpx.Client(base_url=url) as client, ThreadPoolExecutor(count) as threads:
        with holding(database, LOCKED) as let_go:
            bodies = [b"\n".join(line(f"{one}-{number}") for number in range(256)) for one in range(count)]
            uploads = [threads.submit(post, client, body) for body in bodies]
            until(lambda: _waiting(client) >= DESK.waiting_tasks, "the queue is full", 60)
            assert_put_off(post(client, line("late")), "queue-full")
            assert_put_off(ask(client), "queue-full")
            assert client.get("/healthz").status_code == 200
            let_go()
        answers = [_answered(upload) for upload in uploads]
    taken = sum(answer.json()["recorded"] for answer in answers if answer.status_code == 200)
    assert taken >= DESK.waiting_tasks - 256
    assert len(list(ledger.stream("home", LOCKED))) == taken + 1
    assert ledger.version("home", FREE) is None


def test_a_database_that_may_only_be_read_is_told_as_such(database: str) -> None:
    opener = Opener(database)
    with served_by(opener) as url, httpx.Client(base_url=url) as client:
        opener.settings["default_transaction_read_only"] = "on"
        assert_put_off(post(client, line("a")), "database-refused")
        opener.settings.clear()
        until(lambda: post(client, line("a")).status_code == 200, "the next connection may write")


def test_an_upload_of_which_one_part_failed_leaves_no_complaint(
    database: str, caplog: pytest.LogCaptureFixture
) -> None:
    opener = Opener(database)
    with served_by(opener) as url, httpx.Client(base_url=url) as client:
        opener.settings["default_transaction_read_only"] = "on"
        assert_put_off(post(client, b"\n".join(line(f"d{number}") for number in range(20))), "database-refused")
    assert [record.message for record in caplog.records if record.name == "asyncio"] == []


def test_a_database_that_stays_away_costs_no_memory() -> None:
    """An error that is raised again and again would keep everything that it ever met."""

    def away() -> Ledger:
        raise DatabaseUnavailable("away")

    async def depths() -> list[int]:
        found = []
        desk = Desk(away, Meters())
        for number in range(20):
            observed = observed_in(line(f"d{number}"), "home", "session-key")
            assert observed is not None
            try:
                await desk.deliver(observed.delivery, 1)
            except DatabaseUnavailable as error:
                found.append(len(traceback.extract_tb(error.__traceback__)))
        await asyncio.to_thread(desk.close, 10)
        return found

    found = asyncio.run(depths())
    assert len(found) == 20
    assert max(found) < 10


def _waits_for_a_lock(ledger: Ledger) -> bool:
    query = b"select from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
    return ledger.connection.execute(query).fetchone() is not None


def _waiting(client: httpx.Client) -> float:
    metrics = client.get("/metrics").text.splitlines()
    return next(float(one.split()[1]) for one in metrics if one.startswith("heartline_waiting "))


def _answered(upload: "Future[httpx.Response]") -> httpx.Response:
    answer = upload.result(timeout=60)
    if answer.status_code != 200:
        assert_put_off(answer, "queue-full")
    return answer
