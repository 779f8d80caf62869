"""A rebuild of the read models by two processes, with all that belongs to it (filling, indexes, comparison, swap),
against the library's `ProjectionRunner` with a projection that merely counts.

Beside it: the same with half of the events, and how much memory it takes.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from time import perf_counter

import psutil  # type: ignore[import-untyped]  # it brings no types

from infrastructure.answers.library import Library
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.generate.recording import record_generated
from infrastructure.rebuilding.rebuild import rebuild
from infrastructure.settings import DATABASE_URL, Settings
from projections.catalogue import PROJECTIONS
from projections.machinery.projection import AnyProjection
from tests.bench.figures import Figure, figure_of, rate, ratios
from tests.bench.library_projection import LibraryProjection
from tests.bench.memory import Peak, private, resident, with_children
from tests.bench.rounds import Options, interleave
from tests.bench.servers import Database, Server

WORKERS = 2
ROUNDS = 3
"""At most: a round takes half a minute."""

LIBRARY_EVENTS = 3_000
"""The peer commits each event by itself: so many are enough to know its rate."""

MEGABYTES = 400

ALL = PROJECTIONS
WITHOUT_SEARCH = tuple(one for one in PROJECTIONS if one.name != "search")


def measure(server: Server, options: Options) -> Iterator[Figure]:
    """Measure events a second, how they hang on their number, and peak memory."""
    with ExitStack() as stack:
        half, whole = (stack.enter_context(server.database(f"rebuild_{name}")) for name in ("half", "whole"))
        libraries: dict[str, Library] = {}
        for database, events in ((half, options.events // 2), (whole, options.events)):
            libraries[database.name] = library = Library(stack.enter_context(Ledger.open(database.service)))
            record_generated(library.ledger, events=events)
            library.refresh()
        works: dict[str, Callable[[], float]] = {
            "without search": partial(_rebuild, whole, libraries[whole.name], WITHOUT_SEARCH),
            "with search": partial(_rebuild, whole, libraries[whole.name], ALL),
            "half": partial(_rebuild, half, libraries[half.name], ALL),
            "library": LibraryProjection(whole, LIBRARY_EVENTS).rate,
        }
        found = interleave(min(options.rounds, ROUNDS), works)
        held = _memory(whole, libraries[whole.name])
    for name, target in (("without search", 15), ("with search", 4)):
        yield figure_of(
            f"rebuild {name} / library",
            ratios(found[name], found["library"]),
            target=target,
            note=f"{rate(found[name])} of {options.events:,} events against {rate(found['library'])}",
        )
    yield figure_of(
        "rebuild, time of twice the events",
        [2 * half_rate / whole_rate for half_rate, whole_rate in zip(found["half"], found["with search"], strict=True)],
        target=2.2,
        at_most=True,
        note=f"{rate(found['half'])} of {options.events // 2:,}",
    )
    yield held


def _rebuild(database: Database, library: Library, projections: tuple[AnyProjection, ...]) -> float:
    events = sum(library.ends().values())
    began = perf_counter()
    rebuilt = rebuild(library, Settings(Path(), database.service), projections, workers=WORKERS)
    seconds = perf_counter() - began
    if any(not one.live or not one.same_as_live or one.events != events for one in rebuilt):
        raise AssertionError(rebuilt)
    return events / seconds


def _memory(database: Database, library: Library) -> Figure:
    postmaster = psutil.Process(library.ledger.connection.info.backend_pid).parent()
    assert postmaster is not None
    others = set(postmaster.children())
    command = [sys.executable, "-m", "infrastructure.cli.main", "rebuild", "--workers", str(WORKERS)]
    environment = {**os.environ, DATABASE_URL: database.service}
    process = subprocess.Popen(command, env=environment, stdout=subprocess.DEVNULL)
    root = psutil.Process(process.pid)
    with (
        Peak(lambda: resident(with_children(root))) as ours,
        Peak(lambda: private(one for one in postmaster.children() if one not in others)) as backends,
    ):
        if process.wait():
            raise AssertionError(process.returncode)
    told = (
        f"the command and {WORKERS} workers; Postgres, without what its processes share: {backends.value / 1e6:,.0f} MB"
    )
    return figure_of(
        "rebuild, peak memory",
        [ours.value / 1e6],
        unit=" MB",
        target=MEGABYTES,
        at_most=True,
        note=told,
    )
