"""The processes of a rebuild: each is driven by a thread of its own, and ends when that lets go of it."""

import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_EXCEPTION, ThreadPoolExecutor, wait
from contextlib import contextmanager
from queue import Empty, SimpleQueue
from threading import Event
from typing import TypeVar

from msgspec import json

from domain.errors import HeartlineError
from infrastructure.rebuilding.tasks import Failed, Outcome, Task
from infrastructure.settings import DATABASE_URL, HOME, Settings

END_SECONDS = 10.0
"""How long a process may take to end, once nobody asks anything of it."""

T = TypeVar("T")


class RebuildFailed(HeartlineError):
    """A rebuild could not be finished. What was filled is kept, and the next one goes on from there."""

    code = "rebuild-failed"


class Hand:
    """One process."""

    def __init__(self, settings: Settings) -> None:
        environment = {**os.environ, HOME: str(settings.home)}
        environment.pop(DATABASE_URL, None)
        if settings.database_url is not None:
            environment[DATABASE_URL] = settings.database_url
        self._process = subprocess.Popen(  # our own module, by a list
            [sys.executable, "-m", "infrastructure.rebuilding.worker"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=environment,
            start_new_session=True,  # Ctrl-C is for the command, which lets its processes end
        )
        self._decoder: json.Decoder[Outcome] = json.Decoder(Outcome)

    def ask(self, task: Task) -> Outcome:
        """Let it do a task.

        Raises:
            RebuildFailed: it could not, or has ended.
        """
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018  # both are pipes
        try:
            self._process.stdin.write(json.encode(task) + b"\n")
            self._process.stdin.flush()
            line = self._process.stdout.readline()
        except BrokenPipeError:
            line = b""
        outcome = self._decoder.decode(line) if line else Failed("worker-ended", "A process of the rebuild ended.")
        if isinstance(outcome, Failed):
            raise RebuildFailed(f"{outcome.reason} What was filled is kept: run the rebuild again to go on.")
        return outcome

    def close(self) -> None:
        """Let it end."""
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()
        try:
            self._process.wait(END_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


class Crew:
    """Several processes that do the same kind of work."""

    def __init__(self, hands: list[Hand]) -> None:
        self._hands = hands

    def each(self, work: Iterable[T], do: Callable[[Hand, T], None]) -> None:
        """Share work among the processes; return when all of it is done.

        Raises:
            RebuildFailed: one could not do it; what others are at is finished first.
        """
        waiting: SimpleQueue[T] = SimpleQueue()
        for one in work:
            waiting.put(one)
        stop = Event()

        def run(hand: Hand) -> None:
            while not stop.is_set():
                try:
                    one = waiting.get_nowait()
                except Empty:
                    return
                do(hand, one)

        with ThreadPoolExecutor(len(self._hands), thread_name_prefix="rebuild") as threads:
            running = [threads.submit(run, hand) for hand in self._hands]
            try:
                wait(running, return_when=FIRST_EXCEPTION)
            finally:
                stop.set()
        for one_run in running:
            one_run.result()


@contextmanager
def working(settings: Settings, workers: int) -> Iterator[Crew]:
    """Start so many processes for as long as the block runs."""
    hands: list[Hand] = []
    try:
        for _ in range(workers):
            hands.append(Hand(settings))  # one that was started is let go of if the next can't be
        yield Crew(hands)
    finally:
        for hand in hands:
            hand.close()
