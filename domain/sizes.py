"""What a context's tokens go to: its size by where its entries come from."""

from msgspec import Struct


class Sizes(Struct, frozen=True, omit_defaults=True):
    """The estimated tokens of a context by source; `history`, `summary` and `this_turn` are all that it holds.

    `this_turn` are the entries of the turn that the context is for, `summary` is what stands in place of older ones,
    and `history` is everything else. `system` (the system prompt) and `tools` (their definitions) come on top; they are
    None where the source doesn't say.
    """

    history: int
    summary: int
    this_turn: int
    system: int | None = None
    tools: int | None = None
