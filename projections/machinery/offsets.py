"""How far generations have folded each partition: looked at, held while a batch is folded, and moved with its rows."""

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct
from psycopg import Connection

from projections.sql import statement

State = Literal["live", "filling"]


class Reached(Struct, frozen=True):
    """How far one generation has folded one partition. `version` is of the fold that fills it."""

    projection: str
    generation: int
    version: int
    partition: int
    position: int


class Offsets:
    """Of the generations in a state of some projections, whose folds are of these versions. Others are left alone."""

    def __init__(self, connection: Connection[Any], versions: Mapping[str, int], state: State) -> None:
        self._connection = connection
        self._versions = dict(versions)
        self._state: State = state

    def reached(self) -> list[Reached]:
        """Say how far each is."""
        return self._ours(all_reached(self._connection, self._state))

    def behind(self, ends: Mapping[int, int]) -> dict[int, int]:
        """Give the partitions in which one is not at the end yet, each with the least position reached."""
        least: dict[int, int] = {}
        for one in self.reached():
            if one.position < ends.get(one.partition, 0):
                least[one.partition] = min(one.position, least.get(one.partition, one.position))
        return least

    def ends_and_behind(self) -> tuple[dict[int, int], dict[int, int]]:
        """Give the last position of every partition, and the partitions in which one is behind it, as `behind` does."""
        parameters = {
            "projections": list(self._versions),
            "versions": list(self._versions.values()),
            "state": self._state,
        }
        with self._connection.cursor(binary=True) as cursor:
            rows = cursor.execute(statement("machinery/log_and_offsets"), parameters).fetchall()
        ends = {partition: end for partition, end, _least in rows}
        return ends, {partition: least for partition, end, least in rows if least is not None and least < end}

    def hold(self, projections: Collection[str], partitions: Collection[int]) -> "Callable[[], Held]":
        """Hold those of some of the projections until the transaction ends: who else folds them waits. Give what waits
        for it and says how far they are.
        """
        cursor = self._connection.cursor(binary=True).execute(
            "select projection, generation, version, partition, reached"
            " from heartline.hold_offsets(%s::text[], %s, %s::integer[])",
            (list(projections), self._state, list(partitions)),
        )

        def held() -> Held:
            found = self._ours(Reached(*row) for row in cursor)
            positions: dict[int, dict[str, int]] = {}
            for one in found:
                positions.setdefault(one.partition, {})[one.projection] = one.position
            return Held(
                positions,
                {one.projection: one.generation for one in found},
                len(found) == len(projections) * len(partitions),
            )

        return held

    def move(self, held: "Held", to: Mapping[int, int]) -> None:
        """Move what is held to some positions, by partition."""
        self._connection.execute(
            "select heartline.move_offsets(%s::text[], %s::integer[], %s::integer[], %s::bigint[])",
            (list(held.generations), list(held.generations.values()), list(to), list(to.values())),
        )

    def _ours(self, reached: Iterable[Reached]) -> list[Reached]:
        return [one for one in reached if self._versions.get(one.projection) == one.version]


class Held(Struct, frozen=True):
    """Offsets that are held, by partition and projection, and whose they are.

    `whole` says that all are that were meant: a generation is not from which another one took over meanwhile.
    """

    positions: dict[int, dict[str, int]]
    generations: dict[str, int]
    whole: bool

    def behind(self, ends: Mapping[int, int], moved: Mapping[int, int] | None = None) -> dict[int, int]:
        """Give the partitions in which one is not at the end yet, each with the least position reached; as they are, or
        once they are `moved`.
        """
        to = moved or {}
        least = {partition: max(min(here.values()), to.get(partition, 0)) for partition, here in self.positions.items()}
        return {partition: position for partition, position in least.items() if position < ends[partition]}


def all_reached(connection: Connection[Any], state: State) -> list[Reached]:
    """Say how far every generation in a state has folded every partition."""
    with connection.cursor(binary=True) as cursor:
        return [Reached(*row) for row in cursor.execute(statement("machinery/offsets_of"), {"state": state})]
