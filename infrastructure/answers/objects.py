"""The objects of the contracts, as the command line and the service answer with them. Fields are added, never renamed.

Times are RFC 3339, UTC, in milliseconds; tokens are estimated unless their `…_basis` says otherwise; digests are in
hexadecimal.
"""

from typing import Annotated, Any
from uuid import UUID

from msgspec import Meta, Raw, Struct

from domain.audit import Severity, Status
from domain.engine import Phase, Turn
from domain.events import Basis, Evidence
from domain.keys import Kind
from infrastructure.access.scopes import Scope
from infrastructure.ledger.checkpoint import Place
from infrastructure.recorder.deliveries import Outcome

Gateway = Annotated[str, Meta(description="The host installation.")]
EngineKey = Annotated[str, Meta(description="The identity of context state: one stream each, in its gateway.")]
RoutingKey = Annotated[str, Meta(description="The stable key that delivery and wake-ups hang on.")]
EventId = Annotated[str, Meta(description="`<partition>-<position>`.")]
TickId = Annotated[str, Meta(description="`<routing key>@<session id>`.")]
Time = Annotated[str, Meta(description="RFC 3339, UTC, milliseconds.")]
CursorText = Annotated[str, Meta(description="Opaque. Asking for what is after it goes on from here.")]
Json = Annotated[Raw, Meta(description="JSON, byte for byte as its source wrote it.")]


class StreamAnswer(Struct, frozen=True):
    """A stream, and what it has come to."""

    gateway: Gateway
    engine_key: EngineKey
    routing_key: RoutingKey
    session_id: str | None
    kind: Kind
    phase: Phase
    events: int
    first_at: Time
    last_at: Time


class EventAnswer(Struct, frozen=True):
    """An event, and where it stands. `data` is what is particular to its type."""

    event_id: EventId
    cursor: CursorText
    partition: int
    position: int
    gateway: Gateway
    engine_key: EngineKey
    version: Annotated[int, Meta(description="1, 2, 3, … within the stream.")]
    type: str
    occurred_at: Time
    recorded_at: Time
    evidence: Evidence
    data: dict[str, Raw]


class EventPage(Struct, frozen=True):
    """Some of the events that were asked for, in the order in which they were recorded.

    A page may end early, or be empty, although there is `more`: so much is looked through for one request and no more.
    """

    events: list[EventAnswer]
    cursor: CursorText
    more: Annotated[bool, Meta(description="Whether the log goes on behind the cursor.")]


class StateAnswer(Struct, frozen=True):
    """What an engine came to, as of a version or a time."""

    gateway: Gateway
    engine_key: EngineKey
    routing_key: RoutingKey
    version: int
    phase: Phase
    session_id: str | None
    sessions: int
    tick_id: TickId | None
    turn: Turn | None
    entries: int
    contexts: int
    submitted: int
    context_entries: int
    context_tokens: int | None
    context_tokens_basis: str | None
    budget: int | None
    ticks: int
    skipped_ticks: int
    turns: int
    failed_attempts: int
    overflows: int
    compactions: int
    failed_compactions: int
    subagents: int
    anomalies: int
    last_at: Time | None


class OriginAnswer(Struct, frozen=True):
    """Who first delivered an entry: all None where nobody did on record. `foreign` is None where it can't be told."""

    engine_key: EngineKey | None
    version: int | None
    session_id: str | None
    tick_id: TickId | None
    foreign: bool | None


class EntryAnswer(Struct, frozen=True):
    """An entry of a context. `text` is None, and `message` null, where the content was erased or never
    kept. `evidence` is `redacted` then, and where its secrets were masked.
    """

    index: int
    role: str
    entry: int
    revision: int
    tokens: int
    tokens_basis: str
    evidence: str
    text: str | None
    tool_calls: list[str]
    message: Json
    origin: OriginAnswer


class DeliveredLater(Struct, frozen=True):
    """What was delivered behind a context, in the same turn."""

    role: str
    entry: int
    revision: int
    tokens: int
    version: int
    text: str | None


class ContextAnswer(Struct, frozen=True):
    """A context: what the engine answered (`call` counts these) or what the model received (`submitted` counts these).

    `tokens` are as the engine estimated them or, where it did not, those of the entries; of what the model received
    they are with the system prompt and the definitions of tools, where these are on record, as in `tokens` and `turns`.
    `absent` names what is not on record.
    """

    gateway: Gateway
    engine_key: EngineKey
    call: int | None
    submitted: int | None
    event_id: EventId
    tick_id: TickId | None
    session_id: str
    basis: Basis
    digest: str
    tokens: int
    tokens_basis: str
    budget: int | None
    model: str | None
    prompt: str | None
    entries: list[EntryAnswer]
    committed_later: list[DeliveredLater]
    absent: list[str]


class FindingAnswer(Struct, frozen=True):
    """What a rule of the audit found: one finding for each code, gateway and routing key."""

    code: str
    severity: Severity
    status: Status
    gateway: Gateway
    routing_key: RoutingKey
    engine_key: EngineKey
    tick_id: TickId | None
    first_at: Time
    last_at: Time
    occurrences: int
    summary: str
    advice: str
    evidence: tuple[str, ...]
    facts: dict[str, Any]


class HeldAt(Struct, frozen=True):
    """The chain that stands at a place of the log; None where none does."""

    partition: int
    position: int
    chain: str | None


class HeadsAnswer(Struct, frozen=True):
    """The heads of a ledger's partitions, and the chains at the places that were asked for: what a checkpoint needs."""

    ledger_id: UUID
    partitions: list[Place]
    at: list[HeldAt] = []


class Check(Struct, frozen=True):
    """One thing that was looked at: `ok` is None where it is only told."""

    name: str
    ok: bool | None
    detail: str


class ChecksAnswer(Struct, frozen=True):
    """Whether everything is in place: `ok` unless something that was looked at is wrong."""

    ok: bool
    checks: list[Check]


class LineAnswer(Struct, frozen=True):
    """What became of a line that was sent, by its number from 1: how many events were written for it, to which engines.

    `gateway` is where these are, `reason` why the line was rejected.
    """

    line: int
    outcome: Outcome
    events: int = 0
    engine_keys: tuple[str, ...] = ()
    reason: str | None = None
    gateway: str | None = None


class LinesAnswer(Struct):
    """What became of every line that isn't blank: counted, and each by itself."""

    recorded: int = 0
    duplicates: int = 0
    ignored: int = 0
    rejected: int = 0
    events: int = 0
    lines: list[LineAnswer] = []


class TokenAnswer(Struct, frozen=True, kw_only=True):
    """A token as it may be shown; `secret` is its text, answered once, when it is made."""

    token_id: str
    name: str
    scope: Scope
    gateway: str | None
    created_at: Time
    expires_at: Time | None
    revoked_at: Time | None
    live: bool
    secret: str | None = None
