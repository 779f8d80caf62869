"""A grouped worker: what waits is handled together, and everyone is answered whatever happens."""

import asyncio
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from threading import Event, Thread

import pytest

from infrastructure.ledger import grouping
from infrastructure.ledger.errors import QueueFull, ShuttingDown, Unanswered
from infrastructure.ledger.grouping import Deliver, Grouped, Limits
from infrastructure.ledger.waiting import Waiting, call, settle, settling_in

PATIENCE = 30.0
"""Seconds that a test waits for what it knows will come."""

Outcomes = list[tuple[str, str | Exception]]


class Desk:
    """Handles tasks by answering them in capitals; stays at the group in hand until it is let go on."""

    def __init__(self, limits: Limits | None = None, *, between: Callable[[], float | None] | None = None) -> None:
        self.groups: list[list[str]] = []
        self.outcomes: Outcomes = []
        self.sizes: list[int] = []
        self.begun, self.go_on, self.ended = Event(), Event(), Event()
        self.grouped: Grouped[str, str, str] = Grouped(
            self._handle,
            self._deliver,
            name="desk",
            limits=limits or Limits(),
            grouped=self.sizes.append,
            between=between,
            ended=self.ended.set,
        )

    def _handle(self, tasks: list[str]) -> list[str | Exception]:
        self.groups.append(tasks)
        self.begun.set()
        self.go_on.wait(PATIENCE)
        if "crash" in tasks:
            raise OSError("crash")
        return [task.upper() for task in tasks]

    def _deliver(self, outcomes: Outcomes) -> None:
        self.outcomes += outcomes
        if any(waiter == "nobody" for waiter, _outcome in outcomes):
            raise OSError("nobody there")

    def submit(self, *tasks: str, size: int = 1) -> None:
        for task in tasks:
            self.grouped.submit(task, size, task)

    def answered(self) -> Outcomes:
        """Finish, and give what everyone was answered."""
        self.go_on.set()
        assert self.grouped.close(PATIENCE)
        return self.outcomes


@contextmanager
def busy(limits: Limits | None = None) -> Iterator[Desk]:
    """Give a desk that is at work on a first task."""
    desk = Desk(limits)
    desk.submit("first")
    assert desk.begun.wait(PATIENCE)
    yield desk
    desk.go_on.set()
    assert desk.ended.wait(PATIENCE)


def test_what_gathers_while_a_group_is_in_hand_is_handled_at_once() -> None:
    with busy() as desk:
        desk.submit("a", "b", "c")
        assert desk.grouped.depth == 3
        outcomes = desk.answered()
    assert desk.groups == [["first"], ["a", "b", "c"]]
    assert desk.sizes == [1, 3]
    assert outcomes == [(one, one.upper()) for one in ("first", "a", "b", "c")]


def test_a_group_is_bounded_by_count() -> None:
    with busy(Limits(group_tasks=2)) as desk:
        desk.submit("a", "b", "c", "d", "e")
        desk.answered()
    assert desk.groups == [["first"], ["a", "b"], ["c", "d"], ["e"]]


def test_a_group_is_bounded_by_bytes_and_a_larger_task_passes_alone() -> None:
    with busy(Limits(group_bytes=10)) as desk:
        desk.submit("a", "b", size=5)
        desk.submit("large", size=100)
        desk.submit("c", size=5)
        desk.answered()
    assert desk.groups == [["first"], ["a", "b"], ["large"], ["c"]]


@pytest.mark.parametrize("limits", [Limits(waiting_tasks=2), Limits(waiting_bytes=10)], ids=["count", "bytes"])
def test_a_full_queue_refuses_and_accepts_nothing_of_what_it_refused(limits: Limits) -> None:
    with busy(limits) as desk:
        desk.submit("a", "b", size=5)
        with pytest.raises(QueueFull):
            desk.submit("c", size=5)
        desk.answered()
    assert desk.groups == [["first"], ["a", "b"]]


def test_a_task_larger_than_what_may_wait_waits_alone() -> None:
    with busy(Limits(waiting_bytes=10)) as desk:
        desk.submit("large", size=100)
        with pytest.raises(QueueFull):
            desk.submit("a")
        desk.answered()
    assert desk.groups == [["first"], ["large"]]


def test_when_a_group_fails_all_of_it_are_told_and_the_next_is_served() -> None:
    with busy(Limits(group_tasks=2)) as desk:
        desk.submit("a", "crash", "b")
        outcomes = dict(desk.answered())
    assert [type(outcomes[one]) for one in ("a", "crash", "b")] == [OSError, OSError, str]


def test_outcomes_that_reach_nobody_do_not_stop_the_worker(caplog: pytest.LogCaptureFixture) -> None:
    with busy(Limits(group_tasks=1)) as desk:
        desk.submit("nobody", "a")
        assert ("a", "A") in desk.answered()
    assert "1 outcomes could not be delivered" in caplog.text


def test_closing_finishes_what_was_accepted_and_refuses_the_rest() -> None:
    with busy() as desk:
        desk.submit("a")
        desk.grouped.refuse()
        with pytest.raises(ShuttingDown):
            desk.submit("b")
        assert desk.answered() == [("first", "FIRST"), ("a", "A")]


def test_what_is_not_finished_in_time_is_told_so_once() -> None:
    with busy() as desk:
        desk.submit("a")
        assert not desk.grouped.close(0)
        told = {task: type(outcome) for task, outcome in desk.outcomes}
        assert told == {"first": Unanswered, "a": ShuttingDown}
    assert len(desk.outcomes) == 2
    assert desk.groups == [["first"]]


def test_what_is_done_between_groups_is_done_again_after_the_time_it_asked_for() -> None:
    pauses, done = iter([0.0, 0.001]), Event()

    def between() -> float | None:
        try:
            return next(pauses)
        except StopIteration:
            done.set()
            return None

    desk = Desk(between=between)
    desk.go_on.set()
    desk.submit("a")
    assert done.wait(PATIENCE)
    assert desk.answered() == [("a", "A")]


def test_those_who_were_served_together_are_given_a_moment_to_come_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(grouping, "GATHER_SECONDS", PATIENCE)
    with busy() as desk:
        desk.submit("a", "b", "c", "d")
        desk.go_on.set()
        while len(desk.outcomes) < 5:
            pass
        desk.submit("e", "f", "g")
        desk.submit("h")
        while len(desk.outcomes) < 9:
            pass
        desk.submit("i")
        desk.answered()
    assert desk.groups == [["first"], ["a", "b", "c", "d"], ["e", "f", "g", "h"], ["i"]]


def test_a_thread_gets_the_outcome_that_is_its_own() -> None:
    grouped: Grouped[int, Waiting[int], int] = Grouped(
        lambda tasks: [OSError(str(task)) if task % 7 == 0 else task * task for task in tasks], settle, name="squares"
    )
    found: dict[int, int | str] = {}

    def ask(number: int) -> None:
        for task in range(number * 100, number * 100 + 100):
            try:
                found[task] = call(partial(grouped.submit, task, 1), PATIENCE)
            except OSError as error:
                found[task] = str(error)

    threads = [Thread(target=ask, args=(number,)) for number in range(16)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(PATIENCE)
    assert grouped.close(PATIENCE)
    assert found == {task: str(task) if task % 7 == 0 else task * task for task in range(1600)}


def test_a_waiter_that_gave_up_does_not_keep_the_others_of_its_group_waiting() -> None:
    waiters: list[Waiting[int]] = [Waiting() for _ in range(3)]
    with pytest.raises(Unanswered, match="not known"):
        waiters[0].wait(0)
    settle([(one, number) for number, one in enumerate(waiters)])
    assert [waiters[2].wait(PATIENCE), waiters[1].wait(PATIENCE)] == [2, 1]


def test_threads_that_give_up_and_threads_that_wait_all_leave() -> None:
    grouped: Grouped[int, Waiting[int], int] = Grouped(lambda tasks: tasks, settle, name="echo")
    answers: list[int] = []

    def ask(number: int) -> None:
        for task in range(200):
            try:
                answers.append(call(partial(grouped.submit, task, 1), 0.0 if number % 2 else PATIENCE))
            except Unanswered:
                assert number % 2

    threads = [Thread(target=ask, args=(number,)) for number in range(8)]
    for one in threads:
        one.start()
    for one in threads:
        one.join(PATIENCE)
    assert not any(one.is_alive() for one in threads)
    assert grouped.close(PATIENCE)
    assert len(answers) >= 4 * 200


def test_tasks_of_an_event_loop_get_their_outcomes_and_who_gave_up_is_left_alone() -> None:
    async def ask() -> list[object]:
        loop = asyncio.get_running_loop()
        desk: Grouped[str, asyncio.Future[str], str] = Grouped(
            lambda tasks: [OSError(task) if task == "b" else task.upper() for task in tasks],
            settling_in(loop),
            name="desk",
        )
        futures = {task: loop.create_future() for task in "abcd"}
        futures["c"].cancel()
        for task, future in futures.items():
            desk.submit(task, 1, future)
        found = await asyncio.wait_for(asyncio.gather(*futures.values(), return_exceptions=True), PATIENCE)
        assert await asyncio.to_thread(desk.close, PATIENCE)
        return [type(one) if isinstance(one, BaseException) else one for one in found]

    assert asyncio.run(ask()) == ["A", OSError, asyncio.CancelledError, "D"]


def test_outcomes_for_a_loop_that_is_closed_are_dropped() -> None:
    loop = asyncio.new_event_loop()
    future: asyncio.Future[str] = loop.create_future()
    loop.close()
    outcomes: list[tuple[asyncio.Future[str], str | Exception]] = [(future, "late")]
    deliver: Deliver[asyncio.Future[str], str] = settling_in(loop)
    deliver(outcomes)
    assert not future.done()
