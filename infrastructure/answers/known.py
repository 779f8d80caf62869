"""Names that nobody has: nothing would be found, as if all were well. So they are refused with the nearest that there
are.
"""

from collections.abc import Callable, Sequence
from difflib import get_close_matches
from typing import Any, Literal

from infrastructure.answers.errors import UnknownStream

Ask = Callable[[str, dict[str, Any]], list[tuple[Any, ...]]]
"""Asks a query of the projections, by its path: `Library.rows`."""

Name = Literal["engine_key", "routing_key", "agent"]

MOST_COMPARED = 2_000
"""How many names are compared with one that nobody has: those of the newest engines."""

MOST_NAMED = 3

CALLED: dict[Name, str] = {"engine_key": "engine", "routing_key": "routing key", "agent": "agent"}


def check_names(
    ask: Ask,
    gateway: str | None = None,
    engine_key: str | None = None,
    routing_key: str | None = None,
    agent: str | None = None,
) -> None:
    """Refuse a key or an agent of which nothing is on record, at a gateway or at any.

    Raises:
        UnknownStream: there is none of this name; it names the nearest.
    """
    asked: tuple[tuple[Name, str | None], ...] = (
        ("engine_key", engine_key),
        ("routing_key", routing_key),
        ("agent", agent),
    )
    for name, value in asked:
        if value is None:
            continue
        wanted = {"engine_key": None, "routing_key": None, "agent": None, "gateway": gateway, name: value}
        if not ask("engines/has_name", wanted)[0][0]:
            raise unknown(ask, name, value, gateway)


def unknown(ask: Ask, name: Name, value: str, gateway: str | None) -> UnknownStream:
    """Make the error for a name that nobody has."""
    near = nearest(value, names_of(ask, name, gateway))
    hint = f"Did you mean {' or '.join(near)}?" if near else "The ledger holds no stream there yet."
    where = f" of gateway {gateway}" if gateway else ""
    return UnknownStream(f"No {CALLED[name]} {value}{where} is on record. {hint}")


def nearest(value: str, names: Sequence[str]) -> list[str]:
    """Give those names that are most like one, the nearest first; any where none is."""
    return get_close_matches(value, names, n=MOST_NAMED, cutoff=0.3) or list(names[:MOST_NAMED])


def names_of(ask: Ask, name: Name, gateway: str | None, most: int = MOST_COMPARED) -> list[str]:
    """Give the different names of the newest engines, at most so many."""
    found = ask("engines/names", {"gateway": gateway, "most": most})
    place = ("engine_key", "routing_key", "agent").index(name)
    return list(dict.fromkeys(row[place] for row in found if row[place] is not None))
