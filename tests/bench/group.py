"""Many callers in one process, each waiting for its own durable commit, against a bare INSERT by eight writers.

Each caller is a thread (or a task of an event loop) with a stream of its own and the version that it expects.
"""

import asyncio
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from functools import partial
from time import perf_counter

from domain.keys import partition_of, stream_id
from infrastructure.ledger.appending import Append, Appended
from infrastructure.ledger.grouped_appender import GroupedAppender, ThreadsAppender
from infrastructure.ledger.ledger import Ledger
from infrastructure.ledger.waiting import settling_in
from tests.bench.figures import Figure, figure_of, rate, ratios
from tests.bench.payloads import kilobyte
from tests.bench.peers import GATEWAY, TYPE, Inserting, make_tables
from tests.bench.rounds import Options, interleave
from tests.bench.servers import Database, Server
from tests.bench.writers import WRITERS, writing

CALLERS = 64
CLOSE_SECONDS = 30.0


class Caller:
    """One who appends events of 1 KB to a stream of its own, one at a time."""

    def __init__(self, number: int, group: str, partitions: int) -> None:
        self._key = f"agent:{group}:{number}"
        self._stream = stream_id(GATEWAY, self._key)
        self._events = [(TYPE, kilobyte())]
        self._version = 0
        self.partition = partition_of(GATEWAY, self._key, partitions)

    def next(self) -> list[Append]:
        """Give what is appended next."""
        return [
            Append(
                gateway=GATEWAY,
                engine_key=self._key,
                stream=self._stream,
                events=self._events,
                expected=self._version,
            )
        ]

    def note(self, done: list[Appended]) -> None:
        """Note what became of it."""
        if done[0].outcome != "appended":
            raise AssertionError(done)
        self._version += 1


def _callers(database: Database, group: str) -> list[Caller]:
    with Ledger.open(database.service) as ledger:
        return [Caller(number, group, ledger.partitions) for number in range(CALLERS)]


@contextmanager
def threads(database: Database, connections: int) -> Iterator[Callable[[float], float]]:
    """Give a way to let threads append for so many seconds; it answers events a second."""
    appender = ThreadsAppender(lambda: Ledger.open(database.service), connections=connections)
    callers = _callers(database, f"threads-{connections}")

    def work(caller: Caller, until: float) -> int:
        done = 0
        while perf_counter() < until:
            caller.note(appender.append(caller.partition, caller.next()))
            done += 1
        return done

    def measure(seconds: float) -> float:
        began = perf_counter()
        until = began + seconds
        with ThreadPoolExecutor(CALLERS) as running:
            done = sum(running.map(partial(work, until=until), callers))
        return done / (perf_counter() - began)

    yield measure
    appender.close(CLOSE_SECONDS)


@contextmanager
def tasks(database: Database, connections: int) -> Iterator[Callable[[float], float]]:
    """The same with tasks of an event loop."""
    callers = _callers(database, f"tasks-{connections}")

    async def go(seconds: float) -> float:
        loop = asyncio.get_running_loop()
        appender: GroupedAppender[asyncio.Future[list[Appended]]] = GroupedAppender(
            lambda: Ledger.open(database.service), settling_in(loop), connections=connections
        )

        async def work(caller: Caller, until: float) -> int:
            done = 0
            while perf_counter() < until:
                future: asyncio.Future[list[Appended]] = loop.create_future()
                appender.submit(caller.partition, caller.next(), future)
                caller.note(await future)
                done += 1
            return done

        began = perf_counter()
        done = sum(await asyncio.gather(*(work(caller, began + seconds) for caller in callers)))
        elapsed = perf_counter() - began
        await asyncio.to_thread(appender.close, CLOSE_SECONDS)
        return done / elapsed

    yield lambda seconds: asyncio.run(go(seconds))


def measure(server: Server, options: Options) -> Iterator[Figure]:
    """Measure events a second."""
    with server.database("group") as database, ExitStack() as stack:
        make_tables(database)
        writers = stack.enter_context(writing({"insert": Inserting(database)}))
        ours = {
            "64 threads": stack.enter_context(threads(database, 2)),
            "one connection": stack.enter_context(threads(database, 1)),
            "64 tasks": stack.enter_context(tasks(database, 2)),
        }
        works = {name: partial(one, options.seconds) for name, one in ours.items()}
        works["insert"] = partial(writers.rate, "insert", options.seconds)
        found = interleave(options.rounds, works)
    for name in ours:
        yield figure_of(
            f"group, {name} / bare INSERT",
            ratios(found[name], found["insert"]),
            target=1.2 if name == "64 threads" else None,
            note=f"{rate(found[name])} against {rate(found['insert'])} of {WRITERS} writers",
        )
