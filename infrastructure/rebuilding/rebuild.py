"""A rebuild: fills generations beside the live ones, compares both, and lets the new ones take over."""

from collections.abc import Callable, Sequence
from time import monotonic

from msgspec import Struct

from domain.errors import HeartlineError, WrongUsage
from infrastructure.answers.library import Library
from infrastructure.rebuilding.crew import Crew, Hand, working
from infrastructure.rebuilding.tasks import Compare, Compared, Fill, Filled, Index
from infrastructure.settings import Settings
from projections.catalogue import PROJECTIONS
from projections.machinery.generations import Difference, begin, count, drop_filling, generations, swap
from projections.machinery.offsets import all_reached
from projections.machinery.projection import AnyProjection
from projections.machinery.projector import Projector

SWAPS = 20
"""How often a swap is tried: each time the generation goes up to where the live one is, which moves on."""


class Busy(HeartlineError):
    """The live generation moved on faster than the new one could follow."""

    code = "rebuild-overtaken"


class UnknownProjection(WrongUsage):
    """There is no read model of this name."""

    code = "unknown-projection"


class Step(Struct, frozen=True):
    """How far a rebuild is: events of a partition that were folded, of how many."""

    partition: int
    folded: int
    events: int


class Rebuilt(Struct, frozen=True):
    """What became of one projection. `events` were folded by this run in `seconds`, of all projections at once.

    `same_as_live` is None where the live generation is of another version, and so can't be the same. `live` says that
    the new generation took over.
    """

    name: str
    version: int
    generation: int
    events: int
    seconds: float
    rows: int
    same_as_live: bool | None
    live: bool
    set_aside: int
    differences: list[Difference]


def named(names: Sequence[str]) -> tuple[AnyProjection, ...]:
    """Give the projections of these names; all if none is named.

    Raises:
        UnknownProjection: there is none of a name.
    """
    known = {one.name: one for one in PROJECTIONS}
    for name in names:
        if name not in known:
            raise UnknownProjection(f"There is no projection {name}: there are {', '.join(known)}.")
    return tuple(known[name] for name in dict.fromkeys(names)) or PROJECTIONS


def rebuild(
    library: Library,
    settings: Settings,
    projections: Sequence[AnyProjection],
    *,
    workers: int = 2,
    accept: bool = False,
    afresh: bool = False,
    told: Callable[[Step], None] = lambda _step: None,
) -> list[Rebuilt]:
    """Rebuild projections with so many processes; `accept` lets them take over although rows differ.

    A rebuild that was broken off goes on where it stood, unless `afresh`.

    Raises:
        RebuildFailed, Busy: it could not be finished; what was filled is kept.
    """
    connection = library.ledger.connection
    begun = monotonic()
    if afresh:
        for one in projections:
            drop_filling(connection, one)
    numbers = {one.name: begin(connection, one) for one in projections}
    ends = library.refresh()
    with working(settings, workers) as crew:
        events = _fill(library, crew, projections, ends, told)
        crew.each(
            [Index(table.name, numbers[one.name]) for one in projections for table in one.tables],
            _ask,
        )
        return [_take_over(library, crew, one, numbers[one.name], events, begun, accept=accept) for one in projections]


def _ask(hand: Hand, task: Index) -> None:
    hand.ask(task)


def _fill(
    library: Library,
    crew: Crew,
    projections: Sequence[AnyProjection],
    ends: dict[int, int],
    told: Callable[[Step], None],
) -> int:
    """Fill all partitions up to their ends; give how many events were folded."""
    names = tuple(one.name for one in projections)
    least = Projector(library.ledger.connection, projections, "filling").behind(ends)
    folded: dict[int, int] = dict.fromkeys(least, 0)

    def fill(hand: Hand, partition: int) -> None:
        while True:
            outcome = hand.ask(Fill(names, partition, ends[partition]))
            if not isinstance(outcome, Filled) or outcome.events is None:
                return
            folded[partition] += outcome.events
            told(Step(partition, least[partition] + folded[partition], ends[partition]))

    crew.each(sorted(least, key=lambda one: least[one] - ends[one]), fill)  # the longest first
    return sum(folded.values())


def _take_over(
    library: Library,
    crew: Crew,
    projection: AnyProjection,
    generation: int,
    events: int,
    begun: float,
    *,
    accept: bool,
) -> Rebuilt:
    connection = library.ledger.connection
    live = next(one for one in generations(connection) if (one.projection, one.state) == (projection.name, "live"))
    comparable = live.version == projection.version
    differences = _compare(library, crew, projection) if comparable else []
    took_over = (not differences or accept) and _swap(library, projection, generation)
    aside = [
        one for one in generations(connection) if (one.projection, one.generation) == (projection.name, generation)
    ]
    return Rebuilt(
        name=projection.name,
        version=projection.version,
        generation=generation,
        events=events,
        seconds=round(monotonic() - begun, 3),
        rows=count(connection, projection, generation),
        same_as_live=not differences if comparable else None,
        live=took_over,
        set_aside=aside[0].set_aside if aside else 0,
        differences=differences,
    )


def _compare(library: Library, crew: Crew, projection: AnyProjection) -> list[Difference]:
    found: list[Difference] = []

    def compare(hand: Hand, partition: int) -> None:
        outcome = hand.ask(Compare(projection.name, (partition,)))
        if isinstance(outcome, Compared):
            found.extend(outcome.differences)

    crew.each(range(library.ledger.partitions), compare)
    return sorted(found, key=lambda one: (one.table, one.partition))


def _swap(library: Library, projection: AnyProjection, generation: int) -> bool:
    connection = library.ledger.connection
    for _try in range(SWAPS):
        if swap(connection, projection, generation):
            return True
        live = {
            one.partition: one.position for one in all_reached(connection, "live") if one.projection == projection.name
        }
        Projector(connection, [projection], "filling").catch_up(live)
        if not any(one.state == "filling" and one.generation == generation for one in generations(connection)):
            return False  # another rebuild let it take over, or dropped it
    raise Busy(f"{projection.name}: the live rows moved on {SWAPS} times while the new ones took over. Run it again.")
