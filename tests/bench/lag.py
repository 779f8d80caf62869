"""How far the read models are behind while a service records, at a steady rate of events over HTTP: from an event's
`recorded_at` until the rows of every read model have it.

What is recorded is a generated recording, so that every read model has its share of work. The recorder is a process of
its own, and so is who looks: it asks for the offsets all the time, as readers see them.
"""

from bisect import bisect_left
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from multiprocessing import get_context
from time import monotonic, sleep, time_ns
from typing import Any

import psutil  # type: ignore[import-untyped]  # it brings no types
from msgspec import Struct

from infrastructure.ledger.connection import AnyConnection, connect
from infrastructure.openclaw.generate.gateway import Plan, generated
from projections.catalogue import PROJECTIONS
from tests.bench.figures import Figure, figure_of
from tests.bench.rounds import Options
from tests.bench.servers import Database, Server
from tests.bench.service import Service, serving

EVENTS_A_SECOND = 1_000
A_REQUEST = 10
"""Events of a request, at least: so often a recorder of many agents sends."""

SECONDS = 20
WARMING_SECONDS = 3
TARGET_MS = 100
LOOK_SECONDS = 0.002
CATCH_UP_SECONDS = 5
"""How long is waited for the last events."""

_REACHED = """
select o.partition, min(o.position)
from heartline_projections.offsets o
join heartline_projections.generations g using (projection, generation)
where g.state = 'live'
group by o.partition
"""
_RECORDED = "select partition, position, recorded_at from heartline.events where recorded_at >= %s"


class Load(Struct, frozen=True):
    """How much processor time was taken, in cores: by the service, and by all of Postgres but for who looks."""

    service: float
    postgres: float


def measure(server: Server, options: Options) -> Iterator[Figure]:
    """Measure the lag of every event that was recorded after a while."""
    with server.database("lag") as database, serving(database) as service:
        lags, load = lags_of(database, service, SECONDS * options.seconds)
    note = (
        f"p50 {_of(lags, 0.5):.0f}, worst {lags[-1]:.0f} ms; {len(lags):,} events, {len(PROJECTIONS)} read models; "
        f"the service takes {load.service:.0%} of a core, Postgres {load.postgres:.0%}"
    )
    yield figure_of(
        f"lag at {EVENTS_A_SECOND:,} events/s, p99",
        [_of(lags, 0.99)],
        unit=" ms",
        target=TARGET_MS,
        at_most=True,
        note=note,
    )


def lags_of(database: Database, service: Service, seconds: float) -> tuple[list[float], Load]:
    """Record for so many seconds; give the lag of every event in ms, ascending, and what it took."""
    context = get_context("spawn")
    here, there = context.Pipe()
    looking = context.Process(target=_look, args=(database.service, there), daemon=True)
    looking.start()
    recording = context.Process(target=_record, args=(service.port, WARMING_SECONDS + seconds), daemon=True)
    recording.start()
    looker: int = here.recv()
    with closing(connect(database.service)) as connection:
        while connection.execute("select exists (select from heartline.events)").fetchone() != (True,):
            sleep(0.1)
        sleep(WARMING_SECONDS)
        began, since = monotonic(), time_ns() // 1_000
        processes = [service.process, *(one for one in _postgres(connection) if one.pid != looker)]
        before = [_seconds(one) for one in processes]
        recording.join()
        took = [_seconds(one) - had for one, had in zip(processes, before, strict=True)]
        elapsed = monotonic() - began
        sleep(CATCH_UP_SECONDS)
        here.send(None)
        seen: dict[int, tuple[list[int], list[int]]] = here.recv()
        looking.join()
        recorded: list[Any] = connection.execute(_RECORDED, (since,)).fetchall()
    lags = sorted(
        (seen[partition][1][bisect_left(seen[partition][0], position)] - recorded_at) / 1000
        for partition, position, recorded_at in recorded
    )
    if len(lags) < 0.8 * EVENTS_A_SECOND * seconds:
        raise AssertionError(f"only {len(lags)} events were recorded")
    return lags, Load(took[0] / elapsed, sum(took[1:]) / elapsed)


def _record(port: int, seconds: float) -> None:
    """Record at the rate that is asked for, whatever the answers take."""
    requests: list[tuple[int, bytes]] = []
    lines: list[bytes] = []
    events = 0
    for told in generated(Plan(int(EVENTS_A_SECOND * seconds))):
        lines.append(told.line)
        events += told.events
        if events >= A_REQUEST:
            requests.append((events, b"\n".join(lines)))
            lines, events = [], 0
    connection = HTTPConnection("127.0.0.1", port)
    began, sent = monotonic(), 0
    for count, body in requests:
        sleep(max(began + sent / EVENTS_A_SECOND - monotonic(), 0))
        connection.request("POST", "/v1/observations?gateway=bench", body, {"content-type": "application/x-ndjson"})
        answer = connection.getresponse()
        told_back = answer.read()
        if answer.status != 200:
            raise AssertionError(told_back)
        sent += count


def _look(conninfo: str, orders: Any) -> None:
    """Note, by partition, which positions were reached when (µs since the Unix epoch), until asked for it."""
    seen: dict[int, tuple[list[int], list[int]]] = {}
    with closing(connect(conninfo)) as connection, connection.cursor(binary=True) as cursor:
        cursor.execute(_REACHED, prepare=True)
        orders.send(connection.info.backend_pid)
        while not orders.poll(LOOK_SECONDS):
            rows: list[tuple[Any, ...]] = cursor.execute(_REACHED, prepare=True).fetchall()
            now = time_ns() // 1_000
            for partition, position in rows:
                positions, times = seen.setdefault(partition, ([], []))
                if not positions or position > positions[-1]:
                    positions.append(position)
                    times.append(now)
    orders.recv()
    orders.send(seen)


def _postgres(connection: AnyConnection) -> list[psutil.Process]:
    postmaster = psutil.Process(connection.info.backend_pid).parent()
    assert postmaster is not None
    return [one for one in postmaster.children() if one.pid != connection.info.backend_pid]


def _seconds(process: psutil.Process) -> float:
    times = process.cpu_times()
    return float(times.user + times.system)


def _of(ascending: list[float], share: float) -> float:
    return ascending[min(int(share * len(ascending)), len(ascending) - 1)]
