"""Cells of a store's rows: what is of another kind than it should be is None."""

from infrastructure.openclaw.host.store.tables import Cell
from infrastructure.openclaw.lossless import MAX_WHOLE, legible

_TIMES = MAX_WHOLE // 1000


def exact(cell: Cell) -> str | None:
    """Read a cell that rows are found by again: None if it is no text that stays the same when it is made legible."""
    text = legible_text(cell)
    return text if text is not None and isinstance(cell, bytes) and text.encode() == cell else None


def legible_text(cell: Cell) -> str | None:
    """Read a text; bytes that are no UTF-8 are replaced."""
    return legible(cell.decode(errors="replace")) if isinstance(cell, bytes) else None


def whole(cell: Cell) -> int | None:
    """Read a whole number."""
    return cell if isinstance(cell, int) else None


def microseconds_of(cell: Cell) -> int | None:
    """Read a time, which hosts keep in ms, as µs since the Unix epoch."""
    return cell * 1000 if isinstance(cell, int) and abs(cell) <= _TIMES else None
