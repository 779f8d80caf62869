"""What a runtime is answered: one Struct each. Tokens are estimated; digests and epochs are hexadecimal."""

from typing import Literal

from msgspec import Raw, Struct

from domain.assembly import Omitted
from domain.engine import Phase
from domain.keys import Kind


class Answer(Struct, frozen=True, kw_only=True):
    """What every answer has: the stream, its version after the request's events, and the engine's phase then."""

    gateway: str
    engine_key: str
    version: int
    phase: Phase


class Opened(Answer, frozen=True, kw_only=True):
    """The engine is open."""

    routing_key: str
    kind: Kind
    epoch: str


class EntryForm(Struct, frozen=True):
    """A byte form of an entry, with its estimated tokens."""

    entry: int
    revision: int
    role: str
    tokens: int


class Taken(Answer, frozen=True, kw_only=True):
    """Messages were taken: `entries` are those that were new, in their order, `again` (entry, revision) the others."""

    entries: tuple[EntryForm, ...]
    again: tuple[tuple[int, int], ...]


class Assembled(Answer, frozen=True, kw_only=True):
    """A context, the `call`-th of its stream. `messages` are the exact bytes of its entries, in their order, null where
    they were erased or redacted. `tokens` are the context's, without the prompt's.
    """

    event_id: str
    call: int
    session_id: str
    turn_id: str
    attempt: int
    epoch: str
    digest: str
    tokens: int
    prompt_tokens: int
    budget: int
    tokens_basis: Literal["estimated"] = "estimated"
    entries: tuple[EntryForm, ...]
    messages: tuple[Raw, ...]
    omitted: Omitted


class Committed(Answer, frozen=True, kw_only=True):
    """The turn is committed; a `duplicate` was before, under the same advancement key: then `version` is its own."""

    status: Literal["committed", "duplicate"]
    turn_id: str


class Failed(Answer, frozen=True, kw_only=True):
    """The attempt is over."""

    turn_id: str


class Reported(Answer, frozen=True, kw_only=True):
    """The overflow is noted: the engine has to be compacted, or the turn to be failed."""


class Compacted(Answer, frozen=True, kw_only=True):
    """What a compaction came to; `reason` says why nothing was replaced where nothing was.

    `kept_from` is the number of the first entry that was kept (None: none was), `summary` the text itself as JSON
    (null: there is none, or it was erased or redacted), and `replaced_…` count what it stands for, without the summary
    that there was.
    """

    compacted: bool
    reason: str | None
    epoch: str
    target_tokens: int
    tokens_before: int
    tokens_after: int
    tokens_basis: Literal["estimated"] = "estimated"
    kept_from: int | None = None
    kept_entries: int = 0
    replaced_turns: int = 0
    replaced_entries: int = 0
    summary_entry: int | None = None
    summary: Raw


class Maintained(Answer, frozen=True, kw_only=True):
    """What tidying up came to."""

    changed: bool
    reason: str | None


class Disposed(Answer, frozen=True, kw_only=True):
    """The stream has ended."""


class TickAnswer(Answer, frozen=True, kw_only=True):
    """The tick is noted in the stream of its routing key, which `engine_key` names; `tick_engine_key` is where its
    context lies, if it was dispatched now.
    """

    tick_id: str
    tick_engine_key: str | None = None


AnyAnswer = Opened | Taken | Assembled | Committed | Failed | Reported | Compacted | Maintained | Disposed | TickAnswer
