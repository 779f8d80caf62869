"""The SQL of the projections: one object or query a file, named and described there."""

from functools import cache
from importlib.resources import files
from typing import LiteralString


@cache
def statement(name: str) -> LiteralString:
    """Give the text of an SQL file, by its path below `projections/` without the ending."""
    text: LiteralString = files("projections").joinpath(f"{name}.sql").read_text(encoding="utf-8")  # pyright: ignore[reportAssignmentType]  # a file of ours, never input
    return text
