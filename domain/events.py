"""Everything that can have happened in a stream: frozen Structs, one union, and how they are written.

Type names are stable tags. Payloads are JSON and say their schema; times are µs since the Unix epoch, UTC.
"""

from typing import Any, Literal

from msgspec import Struct, field, json

from domain.context import Delta
from domain.entries import Billed, Revision
from domain.errors import HeartlineError
from domain.heartbeat import Source
from domain.keys import Kind
from domain.sizes import Sizes

Evidence = Literal["recorded", "reconstructed", "truncated", "redacted", "absent"]
"""How a fact is known: it was recorded as it happened; it was concluded from other facts; its source cut it; it was
masked; it is not on record."""

Basis = Literal["assembled", "submitted"]
"""What a context is: what the engine answered, or what the model received."""

Sighted = Literal["delivered", "history", "context", "submission", "transcript"]
"""How entries came to be seen: delivered by the host; handed over by it as history; held by an assembled or by a
submitted context although its stream had never recorded them; kept by the host in a session's transcript, which says
whose they are as a delivery does, and nothing of what the engine was told."""


def _schema_1() -> int:
    return 1


class Happened(Struct, frozen=True, kw_only=True, omit_defaults=True, tag_field="type"):
    """What every event has: when it happened (µs), how that is known, and the schema of its payload."""

    schema: int = field(default_factory=_schema_1)
    occurred_at: int
    evidence: Evidence = "recorded"


class EngineOpened(Happened, frozen=True, kw_only=True, tag=True):
    """The stream begins. `opened_by` names the call that was the first to use the engine."""

    routing_key: str
    kind: Kind
    opened_by: str
    session_id: str | None = None


class EngineBootstrapped(Happened, frozen=True, kw_only=True, tag=True):
    """The host made an instance of the engine ready for a session. `transcript` is where the host keeps its messages,
    as with other events; None where it did not say.
    """

    session_id: str
    imported_entries: int = 0
    transcript: str | None = None


class TickDispatched(Happened, frozen=True, kw_only=True, tag=True):
    """A heartbeat run began; its context lies in the stream of `engine_key`. `isolated` is None where it can't be
    told, and so are `source` (what the tick was due for) and `reason` (in the host's words). `late` says that it was
    told of after it had ended: it is not the tick that runs.
    """

    tick_id: str
    session_id: str
    engine_key: str
    isolated: bool | None = None
    source: Source | None = None
    reason: str | None = None
    late: bool = False


class TickSkipped(Happened, frozen=True, kw_only=True, tag=True):
    """A heartbeat was due (for `source`, None where it can't be told) and did not run, for a reason of
    `domain.heartbeat`.
    """

    tick_id: str
    reason: str
    source: Source | None = None


class TickSettled(Happened, frozen=True, kw_only=True, tag=True):
    """A heartbeat run ended, with an outcome of `domain.heartbeat`."""

    tick_id: str
    outcome: str


class EntriesRecorded(Happened, frozen=True, kw_only=True, tag=True):
    """Entries were met. `revisions` are the byte forms that the stream did not hold; `again` are those that it did.

    `heartbeat` says whether the host called it a heartbeat; None where it did not say.
    """

    session_id: str
    sighted: Sighted
    method: str
    revisions: tuple[Revision, ...]
    again: tuple[tuple[int, int], ...] = ()
    heartbeat: bool | None = None


class TextsRecorded(Happened, frozen=True, kw_only=True, tag=True):
    """Texts that are no messages (a prompt, a summary, instructions) were met for the first time."""

    session_id: str
    revisions: tuple[Revision, ...]


class ContextAssembled(Happened, frozen=True, kw_only=True, tag=True):
    """The engine answered with a context, the `call`-th of its stream, for an attempt at a turn.

    `tokens` are as the engine estimated them, `budget` is in tokens, `digest` in hexadecimal. `prompt` is the revision
    of the prompt's text. `history_count` and `history_digest` tell what the host had handed over. `sizes` is None
    only where the event is older than they are.
    """

    call: int
    session_id: str
    turn_id: str
    attempt: int = 1
    count: int
    digest: str
    delta: Delta
    tokens: int | None = None
    budget: int | None = None
    model: str | None = None
    prompt: int | None = None
    history_count: int | None = None
    history_digest: str | None = None
    sizes: Sizes | None = None


class AssemblyFailed(Happened, frozen=True, kw_only=True, tag=True):
    """The engine was asked for a context and gave none that is on record."""

    session_id: str
    reason: str


class PromptSubmitted(Happened, frozen=True, kw_only=True, tag=True):
    """The model received a context, the `number`-th submitted one of its stream. `truncated` counts what the source
    cut; `sizes` are as in `ContextAssembled`.
    """

    number: int
    session_id: str
    count: int
    digest: str
    delta: Delta
    run_id: str | None = None
    model: str | None = None
    prompt: int | None = None
    truncated: int = 0
    sizes: Sizes | None = None


class OverflowReported(Happened, frozen=True, kw_only=True, tag=True):
    """A context did not fit the model. `tokens` and `budget` as the host reported them."""

    session_id: str
    tokens: int | None = None
    budget: int | None = None


class TurnCommitted(Happened, frozen=True, kw_only=True, tag=True):
    """A turn's reply was accepted. `first_position` and `last_position` are the host's positions of its messages.

    `late` says that it was another session's turn than the one that the engine is in: hosts retry a commit that failed
    during whatever turn comes next, and that turn goes on.
    """

    turn_id: str
    session_id: str
    attempts: int = 1
    late: bool = False
    advancement_key: str | None = None
    first_position: int | None = None
    last_position: int | None = None
    heartbeat: bool | None = None
    transcript: str | None = None


class TurnFailed(Happened, frozen=True, kw_only=True, tag=True):
    """An attempt at a turn ended without an accepted reply."""

    turn_id: str
    session_id: str
    reason: str


class CompactionStarted(Happened, frozen=True, kw_only=True, tag=True):
    """The engine was asked to compact. `instructions` is the revision of their text; `tokens` and `budget` are the
    host's.
    """

    session_id: str
    trigger: str
    target: str | None = None
    forced: bool = False
    tokens: int | None = None
    budget: int | None = None
    instructions: int | None = None
    heartbeat: bool | None = None
    transcript: str | None = None


class CompactionCompleted(Happened, frozen=True, kw_only=True, tag=True):
    """The engine said that it compacted (or that nothing had to be). `summary` is the revision of its text.

    An engine of our own says besides as which entry its contexts hold the summary, and the first entry that was kept
    behind it (the summary's own where none was).
    """

    session_id: str
    compacted: bool
    summary: int | None = None
    first_kept: str | None = None
    tokens_before: int | None = None
    tokens_after: int | None = None
    reason: str | None = None
    summary_entry: int | None = None
    kept_from: int | None = None


class CompactionFailed(Happened, frozen=True, kw_only=True, tag=True):
    """The engine could not compact."""

    session_id: str
    reason: str


class MaintenanceRecorded(Happened, frozen=True, kw_only=True, tag=True):
    """The engine was given time to tidy up. `bytes_freed` as it claims."""

    session_id: str
    changed: bool
    bytes_freed: int = 0
    rewritten_entries: int = 0
    reason: str | None = None
    transcript: str | None = None


class EngineFellBack(Happened, frozen=True, kw_only=True, tag=True):
    """The host used another engine for a turn."""

    session_id: str
    engine: str
    reason: str


class SessionListed(Happened, frozen=True, kw_only=True, tag=True):
    """The host's map of keys and sessions has this one under the stream's key, at `occurred_at` for the first time so.

    `current` says that the key points to it. Times (µs) are of the session and of its last run. Tokens and compactions
    are what the map counts for the session; None where it does not say, as with everything else.
    """

    session_id: str
    current: bool
    began_at: int | None = None
    ended_at: int | None = None
    status: str | None = None
    reason: str | None = None
    previous: str | None = None
    base_key: str | None = None
    transcript: str | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    total_tokens: int | None = None
    context_tokens: int | None = None
    compactions: int | None = None


class RunReported(Happened, frozen=True, kw_only=True, tag=True):
    """The host tells afterwards of a run, an attempt at a turn, that began at `occurred_at`: what set it off
    (`trigger`, in its words), what was billed for it, and how it ended (`status`, `error`). `host` is the host's
    version. It does not say what was submitted.
    """

    run_id: str
    attempt: int
    session_id: str
    ended_at: int | None = None
    trigger: str | None = None
    host: str | None = None
    engine: str | None = None
    model: str | None = None
    billed: Billed | None = None
    compactions: int | None = None
    status: str | None = None
    error: str | None = None


class SubagentSpawned(Happened, frozen=True, kw_only=True, tag=True):
    """The engine was told of a child, whose stream is `child_key`."""

    child_key: str
    mode: str | None = None


class SubagentEnded(Happened, frozen=True, kw_only=True, tag=True):
    """The subagent of this stream ended."""

    reason: str


class AnomalyNoted(Happened, frozen=True, kw_only=True, tag=True):
    """An observed fact that the machine's rules would not have allowed; `rule` is the one that it broke."""

    rule: str
    detail: str


class ContentErased(Happened, frozen=True, kw_only=True, tag=True):
    """The bytes, salt and keyed hash of a byte form of an entry were erased; its digest stays. `size` is in bytes, of
    what was erased: read models that hold something of it know by it how much they hold.
    """

    entry: int
    revision: int
    reason: str
    size: int = 0


class EngineClosed(Happened, frozen=True, kw_only=True, tag=True):
    """The stream ends."""

    reason: str


Event = (
    EngineOpened
    | EngineBootstrapped
    | TickDispatched
    | TickSkipped
    | TickSettled
    | EntriesRecorded
    | TextsRecorded
    | ContextAssembled
    | AssemblyFailed
    | PromptSubmitted
    | OverflowReported
    | TurnCommitted
    | TurnFailed
    | CompactionStarted
    | CompactionCompleted
    | CompactionFailed
    | MaintenanceRecorded
    | EngineFellBack
    | SessionListed
    | RunReported
    | SubagentSpawned
    | SubagentEnded
    | AnomalyNoted
    | ContentErased
    | EngineClosed
)


class UnreadableEvent(HeartlineError):
    """An event's payload is of a type or schema that this version does not know."""

    code = "unreadable-event"


class _Header(Struct, frozen=True):
    type: str
    schema: int


CURRENT_SCHEMA = 1
"""The schema that events are written with. An older one is read through a pure single step each, in `UPCASTS`."""

UPCASTS: dict[tuple[str, int], Any] = {}
"""(type, schema) → a function from that payload, as a dict, to the next schema's. None is needed yet."""

_ENCODER = json.Encoder()
_HEADER = json.Decoder(_Header)
_DECODER: json.Decoder[Event] = json.Decoder(Event)


def encode(event: Event) -> bytes:
    """Write an event's payload."""
    return _ENCODER.encode(event)


def decode(payload: bytes) -> Event:
    """Read an event's payload, of any schema that was ever written.

    Raises:
        UnreadableEvent: the type or the schema is of a later version, or the payload is none.
    """
    try:
        header = _HEADER.decode(payload)
        if header.schema == CURRENT_SCHEMA:
            return _DECODER.decode(payload)
        return _upcast(header, payload)
    except (ValueError, KeyError) as error:
        raise UnreadableEvent(
            f"An event can't be read ({error}); it may have been written by a later version of heartline: upgrade."
        ) from error


def _upcast(header: _Header, payload: bytes) -> Event:
    fields: dict[str, Any] = json.decode(payload)
    for schema in range(header.schema, CURRENT_SCHEMA):
        fields = UPCASTS[header.type, schema](fields)
    if fields["schema"] != CURRENT_SCHEMA:
        raise ValueError(f"schema {header.schema} of {header.type}")
    return _DECODER.decode(json.encode(fields))
