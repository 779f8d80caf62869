"""The piece of a text around what was looked for."""

import re
from unicodedata import normalize

from msgspec import Struct

from projections.search.query import Query, matching
from projections.search.words import folded

BEFORE, AFTER = 80, 160
"""How many characters of a text are shown before the first match, and from there on."""


class Snippet(Struct, frozen=True):
    """A piece of a text, and where in it the matches are: from a character to before another."""

    text: str
    matches: list[tuple[int, int]]


class Snippets:
    """Cuts pieces around the words of a query."""

    def __init__(self, query: Query) -> None:
        self._telling = matching([max(query.terms, key=lambda term: len(term.tsquery))])
        self._all = matching(query.terms)

    def cut(self, text: str, begins: int) -> Snippet:
        """Cut a piece out of a text, behind a character of its folded form.

        What only matches once it is folded otherwise than letter by letter (`ß` and `ss`) is not marked.
        """
        if not text.isascii():
            text = normalize("NFC", text)
        if begins and len(folded(text)) != len(text):
            begins = 0
        found = self._telling.search(text, begins) or self._all.search(text, begins)
        first = found.start() if found else begins
        start = max(first - BEFORE, 0)
        end = min(first + AFTER, len(text))
        before, after = "…" if start else "", "…" if end < len(text) else ""
        matches = [
            (one.start() - start + len(before), one.end() - start + len(before))
            for one in self._all.finditer(text, start, end)
            if one.end() > one.start() and not _cut_off(text, one, end)
        ]
        return Snippet(before + text[start:end] + after, matches)


def _cut_off(text: str, found: re.Match[str], end: int) -> bool:
    """Say whether a match ends where the piece does, in the midst of a word."""
    return found.end() == end < len(text) and text[end].isalnum()
