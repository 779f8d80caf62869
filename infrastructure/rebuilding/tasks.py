"""What a rebuild's processes are asked to do, one line of JSON each."""

from msgspec import Struct

from projections.machinery.generations import Difference


class Fill(Struct, frozen=True, tag=True):
    """Fold the next batch of a partition, up to a position at most, into the generations that are filled."""

    projections: tuple[str, ...]
    partition: int
    end: int


class Filled(Struct, frozen=True, tag=True):
    """How many events were folded; None where there were none left."""

    events: int | None


class Index(Struct, frozen=True, tag=True):
    """Make the indexes of a table of a generation."""

    table: str
    generation: int


class Compare(Struct, frozen=True, tag=True):
    """Compare the generation that is filled with the live one, in some partitions."""

    projection: str
    partitions: tuple[int, ...]


class Compared(Struct, frozen=True, tag=True):
    """What differs."""

    differences: list[Difference]


class Done(Struct, frozen=True, tag=True):
    """It was done."""


class Failed(Struct, frozen=True, tag=True):
    """It could not be done."""

    code: str
    reason: str


Task = Fill | Index | Compare
Outcome = Filled | Compared | Done | Failed
