"""Group commit at the client: one worker takes everything that waits and handles it at once.

While it is at it (a commit is a millisecond or so), the next group gathers by itself: so groups are as large as the
load is, and a lone caller is served at once. Where several were served together, they are given a moment to come back.
"""

from collections import deque
from collections.abc import Callable, Sequence
from logging import getLogger
from threading import Lock, Thread
from time import monotonic
from typing import Generic, TypeVar

from msgspec import Struct

from infrastructure.ledger.errors import QueueFull, ShuttingDown, Unanswered

Task = TypeVar("Task")
Waiter = TypeVar("Waiter")
Answer = TypeVar("Answer")

Handle = Callable[[list[Task]], Sequence[Answer | Exception]]
"""Handles a group, in the worker's thread; gives for each task, in order, its answer, or why it has none."""

Deliver = Callable[[list[tuple[Waiter, Answer | Exception]]], None]
"""Hands a whole group's outcomes to those who wait for them, in one call; see `infrastructure.ledger.waiting`."""

_log = getLogger(__name__)


class Limits(Struct, frozen=True):
    """How much may wait, and how much is handled at once; sizes in bytes, as they are given with the tasks.

    A single task that is larger than a limit waits, and passes, alone.
    """

    waiting_tasks: int = 4_096
    waiting_bytes: int = 64 * 1024 * 1024
    group_tasks: int = 256
    group_bytes: int = 8 * 1024 * 1024


DEFAULT_LIMITS = Limits()

SEVERAL = 4
"""From a group of so many on the worker lets the next one gather."""

GATHER_SECONDS = 0.0002
"""How long it does so at most; less, once as many wait as were about. (Measured with 64 threads: a tenth to a fifth
more of them get through.)
"""

_NEVER = 2**62


class Grouped(Generic[Task, Waiter, Answer]):
    """A bounded line of tasks and the one thread that handles them in groups. `submit` may be called from any thread.

    `deliver` is called once a group, in the worker's thread. `grouped` hears how many tasks each group had. `between`
    is called in the worker's thread after each group was delivered, and again after as many seconds as it answers
    (None: after the next group). `ended` is called in the worker's thread as the last thing that it does.
    """

    def __init__(
        self,
        handle: Handle[Task, Answer],
        deliver: Deliver[Waiter, Answer],
        *,
        name: str,
        limits: Limits = DEFAULT_LIMITS,
        grouped: Callable[[int], None] | None = None,
        between: Callable[[], float | None] | None = None,
        ended: Callable[[], None] | None = None,
    ) -> None:
        self._handle, self._deliver = handle, deliver
        self._limits = limits
        self._grouped, self._between, self._ended = grouped, between, ended
        self._lock = Lock()
        self._waiting: deque[tuple[Task, Waiter, int]] = deque()
        self._bytes = 0
        self._in_hand: list[Waiter] = []
        self._around = 0  # how many are about: those who were answered last, and those who waited then
        self._refuses = False
        self._wanted = _NEVER  # how many tasks must wait for the worker to be woken
        self._wake = Lock()
        self._wake.acquire()  # released by whoever wakes the worker
        self._worker = Thread(target=self._work, name=name, daemon=True)
        self._worker.start()

    @property
    def depth(self) -> int:
        """How many tasks wait to be handled."""
        return len(self._waiting)

    def submit(self, task: Task, size: int, waiter: Waiter) -> None:
        """Put a task in the line; its outcome goes to the waiter.

        Raises:
            QueueFull: as many tasks, or bytes, wait as may.
            ShuttingDown: it is being closed.
        """
        with self._lock:
            if self._refuses:
                raise ShuttingDown(
                    "The service is stopping and takes nothing more. Nothing of it was written: try again."
                )
            count, limits = len(self._waiting), self._limits
            if count >= limits.waiting_tasks or (count and self._bytes + size > limits.waiting_bytes):
                raise QueueFull(
                    f"{count} requests of {self._bytes} bytes wait to be written, which is as much as may."
                    " Nothing of this one was written: try again in a while."
                )
            self._waiting.append((task, waiter, size))
            self._bytes += size
            if count + 1 >= self._wanted:
                self._wanted = _NEVER
                self._wake.release()

    def refuse(self) -> None:
        """Take nothing more; what was accepted is still handled."""
        with self._lock:
            self._refuses = True
            if self._wanted != _NEVER:
                self._wanted = _NEVER
                self._wake.release()

    def close(self, seconds: float) -> bool:
        """Take nothing more, and finish what was accepted within so long; say whether all of it was.

        What was not begun by then is answered with ShuttingDown; what was, with Unanswered.
        """
        self.refuse()
        self._worker.join(max(0.0, seconds))
        with self._lock:
            unbegun = [waiter for _task, waiter, _size in self._waiting]
            unanswered, self._in_hand = self._in_hand, []
            self._waiting.clear()
            self._bytes = 0
        left: list[tuple[Waiter, Answer | Exception]] = []
        left += [(one, ShuttingDown("The service stopped before it was written: try again.")) for one in unbegun]
        left += [(one, Unanswered(_NOT_KNOWN.format("The service stopped"))) for one in unanswered]
        if left:
            self._settle(left)
        return not left and not self._worker.is_alive()

    def _work(self) -> None:
        again: float | None = None
        try:
            while (group := self._take(again)) is not None:
                if group:
                    self._serve(group)
                again = self._meanwhile(len(group))
                if len(group) >= SEVERAL:
                    self._wait(self._around, GATHER_SECONDS)
        finally:
            if self._ended:
                self._ended()

    def _take(self, again: float | None) -> list[Task] | None:
        """Wait for tasks and take what makes a group; no task if `again` has come, None at the end."""
        while True:
            with self._lock:
                if self._waiting:
                    return self._group()
                if self._refuses:
                    return None
            if not self._wait(1, -1 if again is None else max(0.0, again - monotonic())):
                return []

    def _wait(self, tasks: int, seconds: float) -> bool:
        """Wait until so many tasks do, or for so long (-1: for ever); say whether it was woken."""
        with self._lock:
            if len(self._waiting) >= tasks or self._refuses:
                return True
            self._wanted = tasks
        if self._wake.acquire(timeout=seconds):
            return True
        with self._lock:
            if self._wanted != _NEVER:
                self._wanted = _NEVER
                return False
        return self._wake.acquire()  # somebody woke it just now

    def _group(self) -> list[Task]:
        limits, waiting = self._limits, self._waiting
        group: list[Task] = []
        size = 0
        while waiting and len(group) < limits.group_tasks:
            if group and size + waiting[0][2] > limits.group_bytes:
                break
            task, waiter, bytes_of_it = waiting.popleft()
            group.append(task)
            self._in_hand.append(waiter)
            size += bytes_of_it
        self._bytes -= size
        return group

    def _serve(self, group: list[Task]) -> None:
        outcomes: Sequence[Answer | Exception]
        try:
            outcomes = self._handle(group)
            if len(outcomes) != len(group):
                raise RuntimeError(f"{len(group)} tasks came to {len(outcomes)} outcomes.")  # noqa: TRY301  # told alike
        except Exception as error:  # whatever it is: who waits is told, and the next group is served
            outcomes = [error] * len(group)
        with self._lock:
            waiters, self._in_hand = self._in_hand, []
            self._around = min(len(group) + len(self._waiting), self._limits.group_tasks)
        if waiters:  # else it was given up meanwhile
            self._settle(list(zip(waiters, outcomes, strict=True)))

    def _meanwhile(self, tasks: int) -> float | None:
        """Do what is to be done between groups; give when to do it again."""
        try:
            if tasks and self._grouped:
                self._grouped(tasks)
            pause = self._between() if self._between else None
        except Exception:
            _log.exception("What is done between groups failed")
            return None
        return None if pause is None else monotonic() + pause

    def _settle(self, outcomes: list[tuple[Waiter, Answer | Exception]]) -> None:
        try:
            self._deliver(outcomes)
        except Exception:
            _log.exception("%s outcomes could not be delivered", len(outcomes))


_NOT_KNOWN = "{} before an answer came. What became of it is not known: send it again under the same delivery id."
