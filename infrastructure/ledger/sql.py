"""The SQL of the ledger: one object or query a file, named and described there."""

from functools import cache
from importlib.resources import files


@cache
def statement(name: str) -> str:
    """Give the text of an SQL file, by its path below `sql/` without the ending."""
    return files(__package__).joinpath("sql").joinpath(f"{name}.sql").read_text(encoding="utf-8")
