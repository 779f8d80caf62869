"""One session that grows: what a turn stores and costs late in it, against the same early in it.

Two copies of a session, each in a database of its own, are recorded up to an early and up to a late turn; then the
turns around these are recorded in turns, so that both are measured at the same time. Stored bytes are means over
windows in which each lowest set bit occurs alike: what a splice holds depends on that bit of the context's number.
"""

from collections.abc import Iterator
from itertools import product
from statistics import median
from typing import get_args

from infrastructure.ledger.ledger import Ledger
from tests.bench.figures import Figure, figure_of, ratios
from tests.bench.rounds import Options
from tests.bench.servers import Server
from tests.bench.sessions import Rewriting, Session
from tests.bench.turns import Shape, Took, Turns, WholeHistory, Windowed

EARLY, LATE = 200, 2_000
TIMED = 20
"""Turns that are timed around each."""

WINDOWS = ((136, 264), (1_936, 2_064))
"""The windows of turns over which stored bytes are counted; each holds a power of two, the worst case."""

SHAPES: dict[str, type[Shape]] = {"windowed": Windowed, "whole history": WholeHistory}

_LOGICAL = """
select (select coalesce(sum(octet_length(payload)), 0) from heartline.events)
    + (select coalesce(sum(octet_length(bytes)), 0) from heartline.content)
"""
_PHYSICAL = """
select sum(pg_total_relation_size(oid))::bigint from pg_class
where oid in ('heartline.events'::regclass, 'heartline.content'::regclass, 'heartline.deliveries'::regclass)
"""


def measure(server: Server, options: Options) -> Iterator[Figure]:
    """Measure a session in both shapes, and of both kinds."""
    for (name, shape), rewriting in product(SHAPES.items(), get_args(Rewriting)):
        yield from _session(server, f"growth, {name}, {rewriting}", shape(), Session(rewriting))


def _session(server: Server, name: str, shape: Shape, session: Session) -> Iterator[Figure]:
    with (
        server.database("growth_early") as one,
        server.database("growth_late") as other,
        Ledger.open(one.service) as early_ledger,
        Ledger.open(other.service) as late_ledger,
    ):
        early, late = Turns(early_ledger, session, shape), Turns(late_ledger, session, shape)
        early.record_until(EARLY - TIMED // 2)
        sizes: list[tuple[int, int]] = []
        took: list[tuple[Took, Took]] = []
        for turn in sorted({*WINDOWS[0], *WINDOWS[1], LATE - TIMED // 2}):
            late.record_until(turn)
            if turn == LATE - TIMED // 2:
                took = [(early.record(), late.record()) for _turn in range(TIMED)]
            else:
                sizes.append(_sizes(late_ledger))
    yield from _bytes(name, sizes)
    yield from _times(name, took, grows=isinstance(shape, WholeHistory))


def _sizes(ledger: Ledger) -> tuple[int, int]:
    """Give the bytes that were stored, as they were sent and as tables and indexes grew."""
    found = [ledger.connection.execute(query).fetchone() for query in (_LOGICAL, _PHYSICAL)]
    logical, physical = (int(str(row[0])) if row else 0 for row in found)
    return logical, physical


def _bytes(name: str, sizes: list[tuple[int, int]]) -> Iterator[Figure]:
    for place, what in enumerate(("stored", "table growth")):
        early, late = (
            (sizes[2 * number + 1][place] - sizes[2 * number][place]) / (end - begin)
            for number, (begin, end) in enumerate(WINDOWS)
        )
        note = f"{late:,.0f} bytes a turn against {early:,.0f}"
        yield figure_of(f"{name}: {what}", [late / early], target=1.2, at_most=True, note=note)


def _times(name: str, took: list[tuple[Took, Took]], *, grows: bool) -> Iterator[Figure]:
    """Where the received line grows, only what is not for its length has a target."""
    totals = ratios([late.total for _early, late in took], [early.total for early, _late in took])
    rest = ratios([late.rest for _early, late in took], [early.rest for early, _late in took])
    told = " against ".join(
        f"{_ms(one.decoding for one in side)} decoding + {_ms(one.meeting for one in side)} knowing again"
        f" + {_ms(one.rest for one in side)} ms"
        for side in ([late for _early, late in took], [early for early, _late in took])
    )
    yield figure_of(f"{name}: time", totals, target=None if grows else 1.5, at_most=True, note=told)
    if grows:
        yield figure_of(f"{name}: time to record", rest, target=1.5, at_most=True)


def _ms(seconds: Iterator[float]) -> str:
    return f"{median(seconds) * 1000:.2f}"
