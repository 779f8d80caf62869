"""Keeps projections live: folds what was appended since, batch by batch, partition by partition."""

from collections.abc import Callable, Sequence
from typing import Any

from psycopg import Connection

from projections.contexts.projection import Contexts
from projections.projection import Projection, Recorded
from projections.sightings.projection import Sightings
from projections.sql import statement
from projections.streams.projection import Streams

BATCH = 2_000
"""How many events are folded into one transaction at most."""

PROJECTIONS: tuple[Projection, ...] = (Streams(), Sightings(), Contexts())

Reader = Callable[[int, int, int], Sequence[Recorded]]
"""Reads from a partition, after a position, at most so many events."""


def offsets(connection: Connection[Any], projection: Projection) -> dict[int, int]:
    """Give the offsets of a projection by partition; a partition that is missing was not begun."""
    rows = connection.execute(statement("offsets_of"), {"projection": projection.name}).fetchall()
    return dict(rows)


def catch_up(
    connection: Connection[Any],
    read: Reader,
    ends: dict[int, int],
    told: Callable[[int], None] | None = None,
    batch: Callable[[], int] = lambda: BATCH,
) -> dict[int, int]:
    """Fold every projection up to these positions at least; give the positions that all of them have reached.

    Several may do this at once: each batch is folded by one of them. `told` hears how many events were folded; `batch`
    says how many to fold next.
    """
    reached = {projection.name: offsets(connection, projection) for projection in PROJECTIONS}
    for partition, end in ends.items():
        at = {name: positions.get(partition, 0) for name, positions in reached.items()}
        while min(at.values()) < end:
            after = min(at.values())
            events = read(partition, after, batch())
            if not events:
                break
            for projection in PROJECTIONS:
                fresh = [one for one in events if one.position > at[projection.name]]
                if fresh and not projection.apply(connection, partition, fresh, at[projection.name]):
                    at[projection.name] = offsets(connection, projection).get(partition, 0)
                elif fresh:
                    at[projection.name] = fresh[-1].position
            if told is not None:
                told(len(events))
        for name, position in at.items():
            reached[name][partition] = position
    return {partition: min(positions.get(partition, 0) for positions in reached.values()) for partition in ends}
