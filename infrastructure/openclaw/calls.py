"""What a host called an engine with, and what the engine answered: one record for each method.

Content (messages, prompts, summaries) is the exact bytes of its JSON; every other text is legible.
"""

import msgspec

from infrastructure.openclaw.shapes import Count, Text, Value, Values, Whole


class Usage(msgspec.Struct, frozen=True, rename="camel"):
    """What the provider counted for one model call."""

    input: Whole | None = None
    output: Whole | None = None
    cache_read: Whole | None = None
    cache_write: Whole | None = None
    total: Whole | None = None
    total_tokens: Whole | None = None


class PromptCache(msgspec.Struct, frozen=True, rename="camel"):
    """What the host remembers of the provider's cache."""

    last_call_usage: Usage | None = None


class RuntimeContext(msgspec.Struct, frozen=True, rename="camel"):
    """The circumstances that the host adds to a call."""

    message_provider: str | None = None
    trigger: str | None = None
    run_id: str | None = None
    provider: str | None = None
    model: str | None = None
    model_id: str | None = None
    model_context_window: Whole | None = None
    token_budget: Whole | None = None
    current_token_count: Whole | None = None
    attempt: Whole | None = None
    max_attempts: Whole | None = None
    force_reason: str | None = None
    prompt_cache: PromptCache | None = None


class TurnMark(msgspec.Struct, frozen=True, rename="camel"):
    """A place in the host's transcript: where a turn was admitted, or where it ended."""

    entry_id: str | None = None
    raw_seq: Whole | None = None
    active_message_position: Whole | None = None
    effective_parent_id: str | None = None
    idempotency_key: str | None = None
    logical_turn_id: str | None = None


class SessionTarget(msgspec.Struct, frozen=True, rename="camel"):
    """Where the current host keeps a session's transcript."""

    store_path: str | None = None


class Params(msgspec.Struct, frozen=True, kw_only=True, rename="camel"):
    """What every method may carry. `session_file` is a path in May, and no more than the session key now."""

    session_id: str | None = None
    session_key: str | None = None
    session_file: str | None = None
    session_target: SessionTarget | None = None
    runtime_context: RuntimeContext | None = None

    @property
    def transcript(self) -> str | None:
        """Where the host says that the session's transcript lies: a store of many, else a file of its own."""
        store = self.session_target.store_path if self.session_target else None
        return store or self.session_file or None


class Factory(Params, frozen=True, kw_only=True, rename="camel"):
    """An engine instance is made."""


class Dispose(Params, frozen=True, kw_only=True, rename="camel"):
    """An engine instance is given up."""


class Bootstrap(Params, frozen=True, kw_only=True, rename="camel"):
    """A session is opened for the engine."""


class Maintain(Params, frozen=True, kw_only=True, rename="camel"):
    """The engine may tidy up."""


class Ingest(Params, frozen=True, kw_only=True, rename="camel"):
    """One message is delivered."""

    message: Value
    is_heartbeat: bool | None = None


class IngestBatch(Params, frozen=True, kw_only=True, rename="camel"):
    """Messages are delivered."""

    messages: Values
    is_heartbeat: bool | None = None


class AfterTurn(Params, frozen=True, kw_only=True, rename="camel"):
    """A turn's messages are delivered, behind those that were there before its prompt."""

    messages: Values
    pre_prompt_message_count: Count
    is_heartbeat: bool | None = None
    token_budget: Whole | None = None


class CommitTurn(Params, frozen=True, kw_only=True, rename="camel"):
    """An accepted turn is delivered, once for each advancement key."""

    messages: Values
    advancement_key: str | None = None
    admission: TurnMark | None = None
    terminal: TurnMark | None = None
    is_heartbeat: bool | None = None


class Assemble(Params, frozen=True, kw_only=True, rename="camel"):
    """A context is asked for."""

    messages: Values = ()
    prompt: Text | None = None
    token_budget: Whole | None = None
    model: str | None = None


class Compact(Params, frozen=True, kw_only=True, rename="camel"):
    """A compaction is asked for."""

    force: bool | None = None
    compaction_target: str | None = None
    current_token_count: Whole | None = None
    token_budget: Whole | None = None
    custom_instructions: Text | None = None


class PrepareSubagentSpawn(Params, frozen=True, kw_only=True, rename="camel"):
    """A session is about to start another one."""

    parent_session_key: str | None = None
    child_session_key: str | None = None
    context_mode: str | None = None


class OnSubagentEnded(Params, frozen=True, kw_only=True, rename="camel"):
    """A started session has ended."""

    child_session_key: str | None = None
    reason: str | None = None


class Bootstrapped(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to bootstrap."""

    bootstrapped: bool | None = None
    imported_messages: Whole | None = None
    reason: str | None = None


class Maintained(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to maintain."""

    changed: bool | None = None
    bytes_freed: Whole | None = None
    rewritten_entries: Whole | None = None
    reason: str | None = None


class Committed(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to commitTurn."""

    status: str | None = None


class Assembled(msgspec.Struct, frozen=True, rename="camel"):
    """The answer to assemble; `messages` is None where the engine named none."""

    messages: Values | None = None
    estimated_tokens: Whole | None = None


class Reclaimed(msgspec.Struct, frozen=True, rename="camel"):
    """What a compaction made of the context."""

    summary: Text | None = None
    first_kept_entry_id: str | None = None
    tokens_before: Whole | None = None
    tokens_after: Whole | None = None
    session_id: str | None = None


class Compacted(msgspec.Struct, frozen=True):
    """The answer to compact."""

    ok: bool | None = None
    compacted: bool | None = None
    reason: str | None = None
    result: Reclaimed | None = None


Result = Bootstrapped | Maintained | Committed | Assembled | Compacted
"""The answers that say something; those of other methods are not read."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call of an engine.

    `at` is in microseconds since the Unix epoch. `session_key` is the key of the session whose stream the
    call belongs to (of the parent for prepareSubagentSpawn, of the child for onSubagentEnded). `result` is
    None where the engine gave none; `error` says why it failed.
    """

    at: int
    method: str
    session_id: str | None
    session_key: str | None
    engine_key: str | None
    gateway: str | None
    delivery_id: str
    instance: str | None
    error: str | None
    params: Params
    result: Result | None

    @property
    def delivered(self) -> tuple[bytes, ...]:
        """The messages that this call delivers; those before the prompt of an afterTurn are not among them."""
        match self.params:
            case CommitTurn(messages=messages) | IngestBatch(messages=messages):
                return messages
            case AfterTurn(messages=messages, pre_prompt_message_count=before):
                return messages[before:]
            case Ingest(message=message):
                return (message,)
            case _:
                return ()
