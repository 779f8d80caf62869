"""Words as they are searched: texts and queries are cut alike.

A word is a run of letters and digits, folded for case: `/srv/x/notes.md` is `srv`, `x`, `notes`, `md`, one behind the
other, and so is `snake_case` two words. In scripts that are written without spaces (Chinese, Japanese, Thai and their
neighbours; Korean too, which has none within a word and its endings) each character begins a word of two, and the last
one of a run stands by itself: so any piece of such a text is found, a single character as the beginning of a word.
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from unicodedata import normalize

from msgspec import Struct

from projections.machinery.columns import Lexemes

MOST_CHARACTERS = 200
"""Of a word: what is longer is several, one behind the other. (A lexeme of Postgres holds 2,046 bytes.)"""

MOST_WORDS = 16_000
"""Of a part of a text: a place of a `tsvector` is at most 16,383."""

MOST_PLACES = 192
"""Of one word in a part, before those of the words that overlap: a `tsvector` holds 255 of each."""

OVERLAP = 63
"""How many words of the next part a part holds besides, so that phrases of up to so many and one are found whole."""

_UNSPACED = "\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_UNSPACED += "\U00020000-\U0003134f"
_RUNS = re.compile(rf"[{_UNSPACED}]+|[^\W_{_UNSPACED}]{{1,{MOST_CHARACTERS}}}")
_ASCII_RUNS = re.compile(rf"[a-z0-9]{{1,{MOST_CHARACTERS}}}")
_IS_UNSPACED = re.compile(rf"[{_UNSPACED}]")


class Part(Struct, frozen=True):
    """The words of a part of a text, and the character of the folded text at which it begins."""

    begins: int
    words: dict[str, list[int]]


def folded(text: str) -> str:
    """Write a text so that what reads the same is the same."""
    return text.lower() if text.isascii() else normalize("NFC", text).casefold()


def is_unspaced(run: str) -> bool:
    """Say whether a run is of a script that is written without spaces."""
    return _IS_UNSPACED.match(run) is not None


def runs_of(text: str) -> list[str]:
    """Cut a folded text into words, and runs of scripts that are written without spaces."""
    return (_ASCII_RUNS if text.isascii() else _RUNS).findall(text)


def words_of(text: str) -> list[str]:
    """Cut a folded text into words, in their order."""
    runs = runs_of(text)
    if text.isascii():
        return runs
    return [word for run in runs for word in (_pairs(run) if is_unspaced(run) else (run,))]


def parts_of(text: str) -> list[Part]:
    """Cut a text into parts of bounded size, with the places (1, 2, …) of each word in its part. At least one part.

    Parts overlap, and one ends where its words, or the places of one of them, are as many as it may have.
    """
    text = folded(text)
    words = words_of(text)
    ends: list[int] = []
    parts: list[dict[str, list[int]]] = []
    start = 0
    while start < len(words) or not parts:
        part: dict[str, list[int]] = {}
        end = _fill(part, words, start)
        place = end - start
        for word in words[end : end + OVERLAP]:
            place += 1
            part.setdefault(word, []).append(place)
        parts.append(part)
        ends.append(end)
        start = end
    if len(parts) == 1:
        return [Part(0, parts[0])]
    return [Part(begins, part) for begins, part in zip(_begins(text, ends), parts, strict=True)]


def most_parts(size: int) -> int:
    """Say of how many parts the text of a content of so many bytes can be, at most: a word takes two bytes at least."""
    return 1 + size // (2 * MOST_PLACES)


def lexemes_of(words: dict[str, list[int]], *others: str) -> Lexemes:
    """Write words with their places, and others without any, as Postgres takes them."""
    return Lexemes.of({**words, **{other: [] for other in others}})


def _fill(part: dict[str, list[int]], words: list[str], start: int) -> int:
    """Fill a part from a word on; give the word at which the next begins."""
    place = 0
    for word in words if not start and len(words) <= MOST_WORDS else words[start : start + MOST_WORDS]:
        place += 1
        places = part.get(word)
        if places is None:
            part[word] = [place]
        else:
            places.append(place)
            if len(places) == MOST_PLACES:
                break
    return start + place


def _begins(text: str, ends: list[int]) -> Iterator[int]:
    """Give the characters at which parts begin that end before these words."""
    yield 0
    wanted = iter(ends)
    end, count = next(wanted), 0
    last = ends[-1]
    for run in (_ASCII_RUNS if text.isascii() else _RUNS).finditer(text):
        first = count
        count += len(run[0]) if is_unspaced(run[0]) else 1
        while count > end and end != last:
            yield run.start() + end - first
            end = next(wanted)


def _pairs(run: str) -> list[str]:
    return [*map("".join, pairwise(run)), run[-1]]
