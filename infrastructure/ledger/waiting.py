"""Ways of waiting for the outcome of a grouped task: a thread's, and an event loop's."""

from asyncio import AbstractEventLoop, Future
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Generic, TypeVar

from infrastructure.ledger.errors import Unanswered
from infrastructure.ledger.grouping import Deliver

Answer = TypeVar("Answer")


class Waiting(Generic[Answer]):
    """One thread's wait for one outcome.

    It is a bare lock: a future with its condition costs a seventh more processor time an append. (Having each who is
    woken wake the next, instead of waking all at once, was tried and gained nothing.)
    """

    __slots__ = ("_outcome", "_settled")

    def __init__(self) -> None:
        self._settled = Lock()
        self._settled.acquire()

    def settle(self, outcome: Answer | Exception) -> None:
        """Give the outcome, once, from any thread."""
        self._outcome = outcome
        self._settled.release()

    def wait(self, seconds: float) -> Answer:
        """Wait for the answer, at most so long.

        Raises:
            Unanswered: it did not come; what became of the task is not known.
            Exception: the one that is the outcome.
        """
        if not self._settled.acquire(timeout=seconds):
            raise Unanswered(
                f"No answer came within {seconds:g} s. What became of it is not known: send it again under the same"
                " delivery id."
            )
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome


def settle(outcomes: list[tuple[Waiting[Answer], Answer | Exception]]) -> None:
    """Deliver a group's outcomes to waiting threads."""
    for waiting, outcome in outcomes:
        waiting.settle(outcome)


def settling_in(loop: AbstractEventLoop) -> Deliver[Future[Answer], Answer]:
    """Deliver a group's outcomes to futures of an event loop, which is woken once for all of them."""

    def deliver(outcomes: list[tuple[Future[Answer], Answer | Exception]]) -> None:
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(_settle_futures, outcomes)

    return deliver


def _settle_futures(outcomes: list[tuple[Future[Answer], Answer | Exception]]) -> None:
    for future, outcome in outcomes:
        if future.done():  # given up meanwhile
            continue
        if isinstance(outcome, Exception):
            future.set_exception(outcome)
        else:
            future.set_result(outcome)


def call(submit: Callable[[Waiting[Answer]], None], seconds: float) -> Answer:
    """Submit a task from a thread and wait for its answer.

    Raises:
        Unanswered: none came within so long.
        QueueFull, ShuttingDown: it was not accepted.
    """
    waiting: Waiting[Answer] = Waiting()
    submit(waiting)
    return waiting.wait(seconds)
