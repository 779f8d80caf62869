"""Writers: processes of their own, each with a connection of its own, that write at the same time for a while."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from multiprocessing import get_context
from multiprocessing.synchronize import Barrier
from time import perf_counter
from typing import Any, Protocol

Work = Callable[[], int]
"""Writes one transaction, and says how many events it held."""

Peer = Callable[[int], Work]
"""Makes a writer's work, given the writer's number; sent to the writer's process."""

WRITERS = 8


class Line(Protocol):
    """One end of a pipe to a process."""

    def send(self, obj: Any, /) -> None:
        """Say something to the other end."""
        ...

    def recv(self) -> Any:
        """Wait for what the other end says."""
        ...


class Writers:
    """Writers that wait for orders."""

    def __init__(self, orders: list[Line]) -> None:
        self._orders = orders

    def rate(self, peer: str, seconds: float) -> float:
        """Let all write as this peer for so long; events a second."""
        return sum(events / elapsed for events, elapsed in self._run(peer, seconds, None))

    def write(self, peer: str, transactions: int) -> float:
        """Let each write so many transactions as this peer; events a second."""
        done = self._run(peer, None, transactions)
        return sum(events for events, _elapsed in done) / max(elapsed for _events, elapsed in done)

    def _run(self, peer: str, seconds: float | None, transactions: int | None) -> list[tuple[int, float]]:
        for one in self._orders:
            one.send((peer, seconds, transactions))
        answers: list[tuple[int, float]] = [one.recv() for one in self._orders]
        return answers


@contextmanager
def writing(peers: Mapping[str, Peer], count: int = WRITERS) -> Iterator[Writers]:
    """Start writers that can write as any of these peers."""
    context = get_context("spawn")
    together = context.Barrier(count)
    orders: list[Line] = []
    processes = []
    for number in range(count):
        here, there = context.Pipe()
        process = context.Process(target=_write, args=(number, dict(peers), there, together), daemon=True)
        process.start()
        there.close()
        orders.append(here)
        processes.append(process)
    for one in orders:
        one.recv()
    yield Writers(orders)
    for one in orders:
        one.send(None)
    for process in processes:
        process.join()


def _write(number: int, peers: dict[str, Peer], orders: Line, together: Barrier) -> None:
    works = {name: peer(number) for name, peer in peers.items()}
    orders.send(None)
    while (order := orders.recv()) is not None:
        name, seconds, transactions = order
        work = works[name]
        together.wait()
        began = now = perf_counter()
        events = done = 0
        while done != transactions and (seconds is None or now < began + seconds):
            events += work()
            done += 1
            now = perf_counter()
        orders.send((events, now - began))
