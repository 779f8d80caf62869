"""The SQL of the ledger: one object or query a file, named and described there."""

from functools import cache
from importlib.resources import files
from typing import LiteralString


@cache
def statement(name: str) -> LiteralString:
    """Give the text of an SQL file, by its path below `sql/` without the ending."""
    text: LiteralString = (
        files("infrastructure.ledger").joinpath("sql").joinpath(f"{name}.sql").read_text(encoding="utf-8")
    )  # pyright: ignore[reportAssignmentType]  # a file of ours, never input
    return text
