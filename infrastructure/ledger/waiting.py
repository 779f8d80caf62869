"""Ways of waiting for the outcome of a grouped task: a thread's, and an event loop's."""

from asyncio import AbstractEventLoop, Future
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from threading import Lock
from typing import Generic, TypeVar

from infrastructure.ledger.errors import Unanswered
from infrastructure.ledger.grouping import Deliver

Answer = TypeVar("Answer")


class Waiting(Generic[Answer]):
    """One thread's wait for one outcome.

    It is a bare lock, not a future with its condition. A thread that is woken wakes the next one of its group: woken
    all at once they queue for the interpreter, and most fall asleep a second time before they get it.
    """

    __slots__ = ("_others", "_outcome", "_present", "_settled")

    def __init__(self) -> None:
        self._settled = Lock()
        self._settled.acquire()
        self._present = False

    def wait(self, seconds: float) -> Answer:
        """Wait for the answer, at most so long.

        Raises:
            Unanswered: it did not come; what became of the task is not known.
            Exception: the one that is the outcome.
        """
        self._present = True
        settled = False
        try:
            settled = self._settled.acquire(timeout=seconds)
        finally:
            self._present = False
            if settled or self._settled.acquire(blocking=False):  # it may come just as one gives up
                settled = True
                _wake_next(self._others)
        if not settled:
            raise Unanswered(
                f"No answer came within {seconds:g} s. What became of it is not known: send it again under the same"
                " delivery id."
            )
        if isinstance(self._outcome, Exception):
            raise self._outcome
        return self._outcome

    def _settle(self, outcome: Answer | Exception, others: "deque[Waiting[Answer]]") -> None:
        self._outcome, self._others = outcome, others


def settle(outcomes: list[tuple[Waiting[Answer], Answer | Exception]]) -> None:
    """Deliver a group's outcomes to waiting threads."""
    others = deque(waiting for waiting, _outcome in outcomes)
    for waiting, outcome in outcomes:
        waiting._settle(outcome, others)  # noqa: SLF001  # the two are one thing
    _wake_next(others)


def _wake_next(others: "deque[Waiting[Answer]]") -> None:
    """Wake the next that is waiting, who will wake the next one; whoever is not there finds it settled.

    Where one gives up just now, two may be woken instead of one, which does no harm.
    """
    with suppress(IndexError):
        while True:
            waiting = others.popleft()
            waiting._settled.release()  # noqa: SLF001  # the two are one thing
            if waiting._present:  # noqa: SLF001  # likewise
                return


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
