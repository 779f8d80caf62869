"""What a context's tokens go to: its size by where its entries come from.

What stands in place of older messages is *summary*, whoever made it: a message says so by its role, by its form in the
host's format, or by having been delivered by a compaction of our own. Of the rest, what belongs to the turn that the
context is for is *this turn*, and everything else is *history*.

Which turn an assembled context is for is known: to that turn belongs what was met since it was opened, and the user's
messages before that which nobody had answered. A submitted context may be imported long after its turn, or without
it, so it is judged by itself alone: this turn is what stands behind the last reply, a message of the model that no
tool's result follows. Both agree but for messages between two turns that were never delivered, such as the prompt of a
turn that failed: the host hands them over as history, and submits them as one with the prompt.
"""

from collections.abc import Iterable, Sequence
from itertools import chain, compress, repeat
from operator import itemgetter

from msgspec import Struct
from msgspec.structs import replace

from domain.context import Context
from domain.entries import Weight


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

    @property
    def held(self) -> int:
        """The tokens of all that the context holds."""
        return self.history + self.summary + self.this_turn

    @property
    def whole(self) -> int:
        """The same with the system prompt and the tools, where they are on record."""
        return self.held + (self.system or 0) + (self.tools or 0)


_TOKENS, _PART, _ENTRY = itemgetter(0), itemgetter(1), itemgetter(0)


def sizes_of_assembled(weights: Sequence[Weight], context: Context, before: int) -> Sizes:
    """Measure an assembled context by what its entries weigh; the first `before` of the stream are not of its turn."""
    later = max(map(_ENTRY, context), default=0) > before
    return _sizes(weights, map(before.__lt__, map(_ENTRY, context)) if later else ())


def sizes_of_submitted(weights: Sequence[Weight], system: int | None, tools: int | None) -> Sizes:
    """Measure a submitted context by what its entries weigh; `system` and `tools` are in tokens."""
    begin = _turn_begins(weights)
    sizes = _sizes(weights, chain(repeat(False, begin), repeat(True, len(weights) - begin)))
    return replace(sizes, system=system, tools=tools)


def _sizes(weights: Sequence[Weight], of_turn: Iterable[bool]) -> Sizes:
    """Add up, without Python code for each entry, since contexts are long; `of_turn` may end early."""
    turns = list(compress(weights, of_turn))
    summary, summary_of_turn = _summaries(weights), _summaries(turns)
    this_turn = sum(map(_TOKENS, turns)) - summary_of_turn
    history = sum(map(_TOKENS, weights)) - summary - this_turn
    return Sizes(history=history, summary=summary, this_turn=this_turn)


def _summaries(weights: Sequence[Weight]) -> int:
    """Add up what summaries weigh; most contexts hold none."""
    if "summary" not in map(_PART, weights):
        return 0
    return sum(compress(map(_TOKENS, weights), map("summary".__eq__, map(_PART, weights))))


def _turn_begins(weights: Sequence[Weight]) -> int:
    """Give the place behind the last reply."""
    place, after = len(weights), "other"
    while place:
        part = weights[place - 1].part
        if part == "reply" and after != "result":
            break
        place, after = place - 1, part
    return place
