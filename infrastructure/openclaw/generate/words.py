"""Texts that nobody wrote: a few thousand words, of which few are common and most are rare, as in any language."""

from functools import cache

from infrastructure.openclaw.generate.chance import Chance

_COMMON = (
    "the of and to a in is for on that it with as are was at by from be this have or not an they which you one were "
    "all we when there can been has more if no out so what up said about into than them only other time new some "
    "could these two may first then do any like my now over such our after most also made where well back through "
    "year much before must right down should because each just those people take day good how long little own under "
    "last read file report mail inbox disk backup server message meeting calendar note task list order invoice "
    "project update error warning check status done please today tomorrow morning night week month weather garden "
    "kitchen train ticket house door window light water river market bread coffee music paper photo letter number "
    "price budget team office phone screen printer network cable battery engine road bridge school doctor library "
    "book page story"
)
"""Words that stand in most texts, the most common first."""

_BEGINNINGS = (*"bcdfghklmnprstvw", "br", "dr", "fl", "gr", "st")
_MIDDLES = (*"aeiou", "ai", "ea", "ou")
_ENDINGS = (*"lnrstmx", "nd", "rk", "st")

WORDS = 4_000
_STRIDE = 1_259
"""Prime to the number of syllables, so that neighbours are unlike."""
_PLACES = 1 << 16
"""The rarest word has one or two places of so many."""


@cache
def vocabulary() -> tuple[str, ...]:
    """Give all words, the most common first: known ones, then made ones of two syllables."""
    firsts = [begin + middle for middle in _MIDDLES for begin in _BEGINNINGS]
    seconds = [first + end for end in _ENDINGS for first in firsts]
    made: dict[str, None] = dict.fromkeys(_COMMON.split())
    for number in range(len(firsts) * len(seconds)):
        if len(made) == WORDS:
            break
        made[firsts[number % len(firsts)] + seconds[(number * _STRIDE + number // len(seconds)) % len(seconds)]] = None
    return tuple(made)


@cache
def _places() -> tuple[str, ...]:
    """Give each word as many places as Zipf's law has for it: the n-th a share of 1/n."""
    words = vocabulary()
    weights = [1_000_000_000 // rank for rank in range(1, len(words) + 1)]
    total = sum(weights)
    places: list[str] = []
    reached = 0
    for word, weight in zip(words, weights, strict=True):
        reached += weight
        places += [word] * (reached * _PLACES // total - len(places))
    return tuple(places)


class Writer:
    """Writes texts."""

    def __init__(self, chance: Chance) -> None:
        self._share = chance.share
        self._places = _places()

    def words(self, count: int) -> list[str]:
        """Give so many words."""
        share, places = self._share, self._places
        return [places[int(share() * _PLACES)] for _ in range(count)]

    def sentence(self, count: int) -> str:
        """Give a sentence of so many words."""
        return " ".join(self.words(count)).capitalize() + "."

    def prose(self, characters: int) -> str:
        """Give sentences in lines, so many characters in all."""
        lines: list[str] = []
        missing = characters
        while missing > 0:
            lines.append(self.sentence(8 + int(self._share() * 10)))
            missing -= len(lines[-1]) + 1
        return "\n".join(lines)[:characters]
