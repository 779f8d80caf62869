"""Which lines of a transcript lie on the branch that its session is on: the others were left."""

from bisect import bisect_right
from collections.abc import Callable, Iterable

import msgspec
from msgspec import UNSET, Struct, UnsetType

_MOST_LEAPS = 10_000


class Link(Struct, frozen=True, rename="camel"):
    """How an entry hangs on the others. A `leaf` says that the session went back to its target."""

    type: str = ""
    id: str | None = None
    parent_id: str | UnsetType | None = UNSET
    target_id: str | None = None


_LINK = msgspec.json.Decoder(Link)


def link_of(line: bytes) -> Link | None:
    """Read how the entry of a line hangs on the others; None if it can't be read, or hangs on nothing."""
    try:
        link = _LINK.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    return link if link.id is not None and link.type != "session" else None


class Branch:
    """The lines of the branch that a session is on, as ranges; the last one is open, for what is appended.

    `complete` is False where the transcript leaps so often that it was not followed.
    """

    def __init__(self, ranges: list[tuple[int, int | None]], complete: bool = True) -> None:
        self._ranges = sorted(ranges, key=lambda held: held[0])
        self._starts = [first for first, _ in self._ranges]
        self.complete = complete

    def __contains__(self, line: int) -> bool:
        index = bisect_right(self._starts, line) - 1
        if index < 0:
            return False
        last = self._ranges[index][1]
        return last is None or line <= last


EVERYTHING = Branch([(1, None)])


class Leaps:
    """Where entries hang on another one than the entry before them: without such, all lines are one branch.

    `previous` is the id of the entry before the first line. Memory is bounded: of more than 10,000 leaps none is kept,
    and nothing counts as left.
    """

    def __init__(self, previous: str | None = None) -> None:
        self.previous = previous
        self._known = previous is not None
        self._leaps: list[tuple[int, str | None]] = []
        self._gone_back = False
        self._target: str | None = None
        self._last = 0
        self._too_many = False

    def take(self, number: int, link: Link) -> None:
        """Take the link of the next line."""
        self._last = number
        if link.type == "leaf":
            self._gone_back, self._target, self.previous = True, link.target_id, None
            self._known = True
            return
        parent = link.parent_id
        if self._known and parent is not UNSET and (self._gone_back or parent != self.previous):
            self._leaps.append((number, parent))
            if len(self._leaps) > _MOST_LEAPS:
                self._too_many = True
                self._leaps.clear()
        self._gone_back, self._target = False, None
        self.previous, self._known = link.id, True

    @property
    def any(self) -> bool:
        """Whether there was any."""
        return bool(self._leaps) or self._gone_back or self._too_many

    def branch(self, links: Callable[[], Iterable[tuple[int, Link]]]) -> Branch:
        """Follow them back from the last line, where `links` gives all lines again."""
        if self._too_many:
            return Branch([(1, None)], complete=False)
        wanted = {parent for _, parent in self._leaps if parent is not None}
        if self._target is not None:
            wanted.add(self._target)
        lines: dict[str, int] = {}
        if wanted:
            for number, link in links():
                if link.id in wanted and number <= self._last:
                    lines.setdefault(link.id, number)
        starts = [number for number, _ in self._leaps]
        ranges: list[tuple[int, int | None]] = []
        at = lines.get(self._target or "", 0) if self._gone_back else self._last
        while at > 0:
            index = bisect_right(starts, at) - 1
            last = None if at == self._last and not self._gone_back else at
            if index < 0:
                ranges.append((1, last))
                break
            start, parent = self._leaps[index]
            ranges.append((start, last))
            before = lines.get(parent, 0) if parent is not None else 0
            at = before if before < start else 0
        if self._gone_back:
            ranges.append((self._last + 1, None))
        return Branch(ranges)
