"""How much memory processes take: sampled while they run, at their peak."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from threading import Event, Thread
from types import TracebackType

import psutil  # type: ignore[import-untyped]  # it brings no types

SAMPLE_SECONDS = 0.05


def resident(processes: Iterable[psutil.Process]) -> int:
    """Give the resident memory of some processes together, in bytes; what they share counts once for each."""
    return _sum(processes, lambda one: one.memory_info().rss)


def private(processes: Iterable[psutil.Process]) -> int:
    """Give what some processes take beside what is shared, in bytes."""
    return _sum(processes, lambda one: one.memory_info().rss - one.memory_info().shared)


def with_children(process: psutil.Process) -> list[psutil.Process]:
    """Give a process and all that it started."""
    with suppress(psutil.NoSuchProcess):
        return [process, *process.children(recursive=True)]
    return []


class Peak:
    """Samples a number while the block runs; `value` is the greatest."""

    def __init__(self, sample: Callable[[], int]) -> None:
        self._sample = sample
        self._ended = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self.value = 0

    def __enter__(self) -> "Peak":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(SAMPLE_SECONDS):
            self.value = max(self.value, self._sample())


def _sum(processes: Iterable[psutil.Process], of: Callable[[psutil.Process], int]) -> int:
    total = 0
    for one in processes:
        with suppress(psutil.NoSuchProcess):  # it ended meanwhile
            total += of(one)
    return total
