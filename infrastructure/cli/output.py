"""How the command line writes: JSON that pipes, and text for people."""

import sys
from collections.abc import Collection, Iterable, Sequence
from textwrap import wrap
from typing import Any

from infrastructure.answers.writing import written

WIDTH = 118
"""How wide sentences are printed, at most."""

LEAST = 6
"""How narrow a column is made, at least."""

NOT_KEPT = "(redacted)"
"""What stands for a text that was erased or never kept."""


def as_json(answer: Any) -> str:
    """Write an answer as one line of JSON. Raw parts stand as they are; lone surrogates survive as escapes."""
    return written(answer).decode()


def printable(text: str | None) -> str:
    """Make a text safe to print on one line: control characters and lone surrogates as escapes."""
    if text is None:
        return NOT_KEPT
    return "".join(one if one.isprintable() else repr(one)[1:-1] for one in text)


def shortened(text: str, width: int) -> str:
    """Cut a text to a width, with an ellipsis."""
    return text if len(text) <= width else text[: max(width - 1, 0)] + "…"


def wrapped(text: str, indent: str = "  ") -> list[str]:
    """Break a text into indented lines that fit on a page."""
    return wrap(text, WIDTH, initial_indent=indent, subsequent_indent=indent, break_long_words=False)


def table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """Lay out rows in columns; the last column is as long as it is."""
    lines = [list(header), *[list(row) for row in rows]]
    widths = [max(len(line[column]) for line in lines) for column in range(len(header))]
    return [
        "  ".join(cell if last else cell.ljust(width) for cell, width, last in _cells(line, widths)).rstrip()
        for line in lines
    ]


def fitted(
    header: Sequence[str], rows: Sequence[Sequence[str]], whole: Collection[str] = (), width: int = WIDTH
) -> list[str]:
    """Lay out rows in columns that together are at most so wide, unless those that stay `whole` are too wide.

    The widest of the others give way, cut in their middle: the ends of keys and ids are what tells them apart.
    """
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]
    giving = [place for place, name in enumerate(header) if name not in whole]
    while giving and (over := sum(widths) + 2 * (len(widths) - 1) - width) > 0:
        widest = max(widths[place] for place in giving)
        among = [place for place in giving if widths[place] == widest]
        narrower = max((widths[place] for place in giving if widths[place] < widest), default=LEAST)
        cut = min(widest - max(narrower, LEAST), -(-over // len(among)))
        if cut <= 0:
            break
        for place in among:
            widths[place] -= cut
    lines = [[_cut_within(cell, most) for cell, most in zip(row, widths, strict=True)] for row in rows]
    return table([shortened(name, most) for name, most in zip(header, widths, strict=True)], lines)


def _cut_within(text: str, width: int) -> str:
    if len(text) <= width:
        return text
    kept = width - 1
    return f"{text[: (kept + 1) // 2]}…{text[len(text) - kept // 2 :]}"


def _cells(line: Sequence[str], widths: Sequence[int]) -> list[tuple[str, int, bool]]:
    return [
        (cell, width, column == len(widths) - 1) for column, (cell, width) in enumerate(zip(line, widths, strict=True))
    ]


def say(line: str = "") -> None:
    """Print a line of the answer."""
    sys.stdout.write(line + "\n")


def note(line: str) -> None:
    """Print a line beside the answer."""
    sys.stderr.write(line + "\n")
