"""The SQL of the projections: one object or query a file, named and described there."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """Give the text of an SQL file, by its path below `projections/` without the ending."""
    return files(__package__).joinpath(f"{name}.sql").read_text(encoding="utf-8")
