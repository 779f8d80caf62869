"""Assembly under a budget: the newest whole turns of a transcript that fit, behind its latest summary."""

from hashlib import sha256

from msgspec import Struct

from domain.errors import HeartlineError
from domain.keys import stream_digest
from domain.transcript import Item, Transcript

EPOCH_TAG = b"heartline.epoch.1"
"""The domain tag of epochs; another derivation of them would get another tag."""

EPOCH_DIGITS = 16
"""How many hexadecimal digits name an epoch."""


class ContextTooLarge(HeartlineError):
    """What a context must hold does not fit its budget. Nothing was written. Figures are estimated tokens."""

    code = "budget-exceeded"

    def __init__(self, needed: int, budget: int) -> None:
        super().__init__(
            f"The summary, the open turn and the prompt take {needed} tokens, {needed - budget} more than the budget of"
            f" {budget}. Compact first; where the open turn itself is too large, report an overflow and fail the turn."
        )
        self.needed, self.budget = needed, budget


class Omitted(Struct, frozen=True):
    """What of a live transcript a context leaves out; turns count where one begins, tokens are estimated."""

    turns: int
    entries: int
    tokens: int


class Assembly(Struct, frozen=True):
    """A context: its entries in order, the latest summary first, and their estimated tokens, without the prompt's."""

    items: tuple[Item, ...]
    tokens: int
    omitted: Omitted


def assemble(transcript: Transcript, budget: int, prompt_tokens: int = 0) -> Assembly:
    """Choose what the next context holds: the summary, and the newest whole turns of which all fit, without a gap.

    What is unsettled is always among it. Costs as much as what it gives, however much is left out. `budget` and
    `prompt_tokens` are in estimated tokens.

    Raises:
        ContextTooLarge: what it must hold does not fit.
    """
    summary = () if transcript.summary is None else (transcript.summary,)
    tokens, turns = sum(one.tokens for one in summary), 0
    first, unsettled = transcript.last + 1, transcript.unsettled
    for segment in transcript.segments():
        if segment.last < unsettled and tokens + segment.tokens + prompt_tokens > budget:
            break
        first, tokens, turns = segment.first, tokens + segment.tokens, turns + segment.turns
    if tokens + prompt_tokens > budget:
        raise ContextTooLarge(tokens + prompt_tokens, budget)
    live = tokens - sum(one.tokens for one in summary)
    return Assembly(
        items=(*summary, *transcript.items(first, transcript.last)),
        tokens=tokens,
        omitted=Omitted(transcript.turns - turns, first - transcript.first, transcript.tokens - live),
    )


def epoch_of(gateway: str, engine_key: str, compactions: int) -> str:
    """Name an engine's epoch, which changes with its key and with each compaction that replaced something.

    Within an epoch contexts only grow at their end or lose whole turns at their beginning, behind the same summary.
    """
    digest = sha256(EPOCH_TAG + stream_digest(gateway, engine_key) + compactions.to_bytes(8, "big"))
    return digest.hexdigest()[:EPOCH_DIGITS]
