"""What can be asked of an engine, or be observed of one that runs elsewhere: one Struct each, in the imperative.

Times (`at`, µs since the Unix epoch), ids and digests arrive with the command: no decision reads a clock or draws a
number. Messages arrive as the digests of their byte forms, in order, and as `novel`: those which the stream does not
hold yet.
"""

from typing import Literal

from msgspec import Struct

from domain.entries import Billed, Seen
from domain.events import Evidence
from domain.heartbeat import Source
from domain.keys import Kind


class Asked(Struct, frozen=True, kw_only=True):
    """What every command has. `delivery_id` names the delivery that it came with."""

    at: int
    delivery_id: str = ""
    evidence: Evidence = "recorded"


class OpenEngine(Asked, frozen=True, kw_only=True):
    """Begin the stream of an engine."""

    routing_key: str
    kind: Kind
    opened_by: str = "open"
    session_id: str | None = None


class BootstrapEngine(Asked, frozen=True, kw_only=True):
    """Make an instance ready for a session. `transcript` is where its host keeps the session's messages."""

    session_id: str
    imported_entries: int = 0
    transcript: str | None = None


class DispatchTick(Asked, frozen=True, kw_only=True):
    """Begin a heartbeat run; `late` says that it is told of after it has ended."""

    tick_id: str
    session_id: str
    engine_key: str
    isolated: bool | None = None
    source: Source | None = None
    reason: str | None = None
    late: bool = False


class SkipTick(Asked, frozen=True, kw_only=True):
    """Leave out a heartbeat that was due."""

    tick_id: str
    reason: str
    source: Source | None = None


class SettleTick(Asked, frozen=True, kw_only=True):
    """End a heartbeat run; `late` as in `DispatchTick`."""

    tick_id: str
    outcome: str
    late: bool = False


class RecordEntries(Asked, frozen=True, kw_only=True):
    """Take entries that were delivered by a `method` of the host, or that it keeps in a session's transcript; `history`
    are novel ones that it handed over as old.
    """

    session_id: str
    method: str
    digests: tuple[bytes, ...]
    novel: tuple[Seen, ...] = ()
    history: tuple[Seen, ...] = ()
    heartbeat: bool | None = None
    sighted: Literal["delivered", "transcript"] = "delivered"


class AssembleContext(Asked, frozen=True, kw_only=True):
    """Answer with a context. `history` are the digests of what the host handed over, None where it handed nothing."""

    session_id: str
    digests: tuple[bytes, ...]
    novel: tuple[Seen, ...] = ()
    history: tuple[bytes, ...] | None = None
    novel_history: tuple[Seen, ...] = ()
    prompt: Seen | None = None
    tokens: int | None = None
    budget: int | None = None
    model: str | None = None


class FailAssembly(Asked, frozen=True, kw_only=True):
    """Give no context."""

    session_id: str
    reason: str


class SubmitPrompt(Asked, frozen=True, kw_only=True):
    """Send a context to the model; `system` and `tools` are the tokens of what goes with it, None if nobody said."""

    session_id: str
    digests: tuple[bytes, ...]
    novel: tuple[Seen, ...] = ()
    prompt: Seen | None = None
    run_id: str | None = None
    model: str | None = None
    truncated: int = 0
    system: int | None = None
    tools: int | None = None


class ReportOverflow(Asked, frozen=True, kw_only=True):
    """Say that a context did not fit the model."""

    session_id: str
    tokens: int | None = None
    budget: int | None = None


class CommitTurn(Asked, frozen=True, kw_only=True):
    """Accept a turn's reply, once for each `advancement_key`."""

    session_id: str
    turn_id: str | None = None
    advancement_key: str | None = None
    first_position: int | None = None
    last_position: int | None = None
    heartbeat: bool | None = None
    transcript: str | None = None


class FailTurn(Asked, frozen=True, kw_only=True):
    """End an attempt at a turn without an accepted reply."""

    session_id: str
    reason: str


class StartCompaction(Asked, frozen=True, kw_only=True):
    """Make the context smaller."""

    session_id: str
    trigger: str
    target: str | None = None
    forced: bool = False
    tokens: int | None = None
    budget: int | None = None
    instructions: Seen | None = None
    heartbeat: bool | None = None
    transcript: str | None = None


class CompleteCompaction(Asked, frozen=True, kw_only=True):
    """Say what a compaction came to.

    An engine of our own hands over the summary as a `message` for its contexts too, and the number of the first entry
    that is kept behind it; None where none is.
    """

    session_id: str
    compacted: bool
    summary: Seen | None = None
    message: Seen | None = None
    kept_from: int | None = None
    first_kept: str | None = None
    tokens_before: int | None = None
    tokens_after: int | None = None
    reason: str | None = None


class FailCompaction(Asked, frozen=True, kw_only=True):
    """Give a compaction up."""

    session_id: str
    reason: str


class RecordMaintenance(Asked, frozen=True, kw_only=True):
    """Say what tidying up came to."""

    session_id: str
    changed: bool
    bytes_freed: int = 0
    rewritten_entries: int = 0
    reason: str | None = None
    transcript: str | None = None


class FallBack(Asked, frozen=True, kw_only=True):
    """Have another engine serve a turn."""

    session_id: str
    engine: str
    reason: str


class ListSession(Asked, frozen=True, kw_only=True):
    """Say that the host's map has a session; fields as in `SessionListed`."""

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


class ReportRun(Asked, frozen=True, kw_only=True):
    """Tell afterwards of a run; fields as in `RunReported`."""

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


class SpawnSubagent(Asked, frozen=True, kw_only=True):
    """Begin a child."""

    child_key: str
    mode: str | None = None


class EndSubagent(Asked, frozen=True, kw_only=True):
    """End the subagent of this stream."""

    reason: str


class EraseContent(Asked, frozen=True, kw_only=True):
    """Erase the bytes of a byte form of an entry: so many (`size`)."""

    entry: int
    revision: int
    reason: str
    size: int = 0


class CloseEngine(Asked, frozen=True, kw_only=True):
    """End the stream."""

    reason: str


Command = (
    OpenEngine
    | BootstrapEngine
    | DispatchTick
    | SkipTick
    | SettleTick
    | RecordEntries
    | AssembleContext
    | FailAssembly
    | SubmitPrompt
    | ReportOverflow
    | CommitTurn
    | FailTurn
    | StartCompaction
    | CompleteCompaction
    | FailCompaction
    | RecordMaintenance
    | FallBack
    | ListSession
    | ReportRun
    | SpawnSubagent
    | EndSubagent
    | EraseContent
    | CloseEngine
)
