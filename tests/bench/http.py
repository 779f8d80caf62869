"""Many callers over HTTP, each waiting for its own observation to be durable, against as many at the grouped appender.

An observation is a line of 1 KB that comes to one event of 1 KB; each caller has an engine of its own. The callers are
one process of their own, as cheap as can be: they share the processors with the service and the database.
"""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from functools import partial
from itertools import count
from multiprocessing import get_context
from time import perf_counter

import uvloop

from tests.bench.figures import Figure, figure_of, rate, ratios
from tests.bench.group import CALLERS, threads
from tests.bench.peers import make_tables
from tests.bench.rounds import Options, interleave
from tests.bench.servers import Database, Server
from tests.bench.service import serving

_PADDING = "x" * 850


class Caller(asyncio.Protocol):
    """One connection: sends an observation, waits for the answer, sends the next."""

    def __init__(self, number: int, counter: "count[int]", until: float) -> None:
        self._number, self._counter, self._until = number, counter, until
        self.done = 0
        self._answer = b""
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        self._transport: asyncio.Transport = transport  # type: ignore[assignment]  # of a stream
        self._send()

    def data_received(self, data: bytes) -> None:
        """Go on once the answer is whole: its body is the last thing that ends with a brace."""
        self._answer += data
        if not self._answer.endswith(b"}"):
            return
        if b'"outcome":"recorded"' not in self._answer:
            self.ended.set_exception(AssertionError(self._answer))
            return
        self._answer = b""
        self.done += 1
        if perf_counter() < self._until:
            self._send()
        else:
            self._transport.close()
            self.ended.set_result(None)

    def _send(self) -> None:
        line = (
            b'{"ts":"2026-11-23T08:00:00.000Z","method":"maintain","params":{"sessionId":"s","sessionKey":"agent:%d:main"},'
            b'"result":{"changed":false,"reason":"%d %s"}}' % (self._number, next(self._counter), _PADDING.encode())
        )
        head = b"POST /v1/observations?gateway=bench HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: %d\r\n\r\n"
        self._transport.write(head % len(line) + line)


async def _call(port: int, first: int, seconds: float) -> float:
    loop, counter = asyncio.get_running_loop(), count(first)
    began = perf_counter()
    callers: list[Caller] = []
    for number in range(CALLERS):
        _transport, caller = await loop.create_connection(
            partial(Caller, number, counter, began + seconds), "127.0.0.1", port
        )
        callers.append(caller)
    await asyncio.gather(*(caller.ended for caller in callers))
    return sum(caller.done for caller in callers) / (perf_counter() - began)


def _callers(port: int, orders: "object") -> None:
    for number in count():
        seconds = orders.recv()  # type: ignore[attr-defined]  # one end of a pipe
        if seconds is None:
            return
        orders.send(uvloop.run(_call(port, number * 10_000_000, seconds)))  # type: ignore[attr-defined]  # the same


@contextmanager
def over_http(database: Database) -> Iterator[Callable[[float], float]]:
    """Give a way to let callers record over HTTP for so many seconds; it answers observations a second."""
    with serving(database) as service:
        here, there = get_context("spawn").Pipe()
        callers = get_context("spawn").Process(target=_callers, args=(service.port, there), daemon=True)
        callers.start()

        def measure(seconds: float) -> float:
            here.send(seconds)
            answer: float = here.recv()
            return answer

        yield measure
        here.send(None)
        callers.join()


def measure(server: Server, options: Options) -> Iterator[Figure]:
    """Measure observations a second."""
    with server.database("http") as database, ExitStack() as stack:
        make_tables(database)
        works = {
            "http": partial(stack.enter_context(over_http(database)), options.seconds),
            "appender": partial(stack.enter_context(threads(database, 2)), options.seconds),
        }
        found = interleave(options.rounds, works)
    yield figure_of(
        "http, 64 callers / grouped appender",
        ratios(found["http"], found["appender"]),
        target=0.4,
        note=f"{rate(found['http'])} against {rate(found['appender'])}",
    )
