"""What a context's tokens go to: its size by where its entries come from.

What stands in place of older messages is *summary*, whoever made it: a message says so by its role, by its form in the
host's format, or by having been delivered by a compaction of our own. Of the rest, what belongs to the turn that the
context is for is *this turn*, and everything else is *history*.

A turn ends with a reply: a message of the model that no tool's result follows. So this turn begins behind the last of
these, with its prompt or with the user's messages that nobody has answered. That is told by the context alone, and
holds as well of a submitted one that is imported long after its turn. Of the turn that an engine is in more is known:
what directly precedes and was met since the turn was opened belongs to it too, be it a reply that was not accepted.
"""

from collections.abc import Sequence
from itertools import compress
from operator import itemgetter

from msgspec import Struct

from domain.context import Context
from domain.entries import Part, Weight


class Sizes(Struct, frozen=True, omit_defaults=True):
    """The estimated tokens of a context by source; `history`, `summary` and `this_turn` are all that it holds.

    `system` (the system prompt) and `tools` (their definitions) come on top; they are None where the source doesn't
    say.
    """

    history: int
    summary: int
    this_turn: int
    system: int | None = None
    tools: int | None = None


_TOKENS, _PART = itemgetter(0), itemgetter(1)


def sizes_of(
    weights: Sequence[Weight],
    *,
    context: Context = (),
    since: int | None = None,
    system: int | None = None,
    tools: int | None = None,
) -> Sizes:
    """Measure a context by what its entries weigh, in their order.

    Given `since`, the number of the last entry that was met before its turn was opened, entries of the `context` that
    were met later extend the turn. `system` and `tools` are in tokens.
    """
    tokens = list(map(_TOKENS, weights))
    parts: list[Part] = list(map(_PART, weights))
    begin = _turn_begins(parts)
    while since is not None and begin and context[begin - 1].entry > since:
        begin -= 1
    summary, total, turn = 0, sum(tokens), sum(tokens[begin:])
    if "summary" in parts:
        summaries = list(map("summary".__eq__, parts))
        summary = sum(compress(tokens, summaries))
        turn -= sum(compress(tokens[begin:], summaries[begin:]))
    return Sizes(history=total - summary - turn, summary=summary, this_turn=turn, system=system, tools=tools)


def _turn_begins(parts: Sequence[Part]) -> int:
    """Give the place behind the last reply."""
    place, after = len(parts), "other"
    while place:
        part = parts[place - 1]
        if part == "reply" and after != "result":
            break
        place, after = place - 1, part
    return place
