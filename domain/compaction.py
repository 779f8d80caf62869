"""Compaction: which oldest turns a summary replaces, and what that reclaims."""

from collections.abc import Sequence

from msgspec import Struct

from domain.entries import CHARACTERS_A_TOKEN
from domain.errors import WrongUsage
from domain.transcript import Item, Transcript

TARGET_SHARE = 2
"""Without a target a compaction leaves one half of what there is, or of the budget if that is less: few compactions,
and each still keeps recent turns word for word. (Our own choice.)"""

SUMMARY_SHARE = 4
"""A summary of our own takes at most one fourth of the target, and of what it replaces at most one half. (Our own
choice: it must reclaim something, and what is kept word for word is worth more.)"""

NOTHING = "nothing was recorded that a summary could replace"
OPEN_ONLY = "all that is there belongs to the open turn"
FITS = "what is there fits the target already"


class BadFirstKept(WrongUsage):
    """The entry that a compaction was asked to keep first is none that can be."""

    code = "bad-first-kept"


class Plan(Struct, frozen=True):
    """What a compaction replaces and what it keeps behind the new summary, each with its estimated tokens.

    `previous` is the summary that there was, which the new one replaces too. `kept_from` is the number of the first
    entry that is kept, None where none is.
    """

    previous: Item | None
    replaced: tuple[Item, ...]
    replaced_turns: int
    replaced_tokens: int
    kept_from: int | None
    kept_entries: int
    kept_tokens: int

    @property
    def tokens_before(self) -> int:
        """What the transcript took, with its summary."""
        return self.material + self.kept_tokens

    @property
    def material(self) -> int:
        """What the new summary stands for: what is replaced, and the summary that there was."""
        return self.replaced_tokens + (self.previous.tokens if self.previous else 0)

    def tokens_after(self, summary_tokens: int) -> int:
        """What the transcript takes with a summary of so many tokens."""
        return self.kept_tokens + summary_tokens


def default_target(transcript: Transcript, budget: int | None) -> int:
    """Give how many tokens to leave where the caller does not say; `budget` is the last context's."""
    there = transcript.tokens + (transcript.summary.tokens if transcript.summary else 0)
    return min(there, there if budget is None else budget) // TARGET_SHARE


def plan(
    transcript: Transcript,
    target: int,
    *,
    summary_tokens: int | None = None,
    forced: bool = False,
    first_kept: int | None = None,
) -> Plan | str:
    """Plan a compaction after which at most `target` estimated tokens are left, or say why there is none to make.

    The oldest whole turns go, as few as it takes; never one that is unsettled, so more may be left. `summary_tokens`
    are those of a summary that is there already; else room is left for one of our own. With `forced` something goes
    although all would fit. `first_kept`, an entry's number, decides instead of the target.

    Raises:
        BadFirstKept: no turn begins with that entry, or it would replace nothing, or what is unsettled.
    """
    unsettled = transcript.unsettled
    segments = list(transcript.segments())
    demanded = [one for one in segments if one.last >= unsettled]
    free = segments[len(demanded) :]
    first = demanded[-1].first if demanded else transcript.last + 1
    if first_kept is not None:
        return _plan(transcript, _place_of(transcript, first_kept, [first, *(one.first for one in free)]))
    if not free:
        return OPEN_ONLY if segments else NOTHING
    there = transcript.tokens + (transcript.summary.tokens if transcript.summary else 0)
    if there <= target and not forced:
        return FITS
    left = target - (target // SUMMARY_SHARE if summary_tokens is None else summary_tokens)
    left -= sum(one.tokens for one in demanded)
    for segment in free[:-1]:
        left -= segment.tokens
        if left < 0:
            break
        first = segment.first
    return _plan(transcript, first)


def _place_of(transcript: Transcript, entry: int, firsts: Sequence[int]) -> int:
    """Give the place of an entry, if it is one of those that may be kept first."""
    place = transcript.places.get(entry)
    may = sorted(first for first in firsts if transcript.first < first <= transcript.last)
    if place in may:
        return place
    numbers = ", ".join(str(transcript.lines[first].entry) for first in may[-8:])
    hint = f"The last that may be are {numbers}." if may else "There is nothing to replace."
    raise BadFirstKept(f"Entry {entry} can't be the first to be kept: no free turn ends before it. {hint}")


def _plan(transcript: Transcript, first: int) -> Plan:
    """Replace what is live before this place."""
    replaced = transcript.items(transcript.first, first - 1)
    tokens = sum(one.tokens for one in replaced)
    return Plan(
        previous=transcript.summary,
        replaced=replaced,
        replaced_turns=sum(transcript.lines[place].begins for place in range(transcript.first, first)),
        replaced_tokens=tokens,
        kept_from=transcript.lines[first].entry if first <= transcript.last else None,
        kept_entries=transcript.last + 1 - first,
        kept_tokens=transcript.tokens - tokens,
    )


def reclaimed(transcript: Transcript, kept_from: int) -> Plan:
    """Give the plan of a compaction that kept this entry first, as it was before it."""
    place = transcript.places.get(kept_from)
    return _plan(transcript, transcript.last + 1 if place is None else place)


def summary_room(planned: Plan, target: int) -> int:
    """Give how many characters a summary of our own may have."""
    return max(1, min(target // SUMMARY_SHARE, planned.material // 2)) * CHARACTERS_A_TOKEN
