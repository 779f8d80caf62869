"""Answers from what happened: the same whether it was written now or under the same delivery id before."""

from collections.abc import Sequence
from typing import Any, assert_never

from msgspec import Raw, Struct

from domain.assembly import epoch_of
from domain.compaction import reclaimed
from domain.engine import FRESH, Engine, evolve
from domain.engine import fold as fold_engine
from domain.entries import TEXTS, Reference
from domain.events import (
    CompactionCompleted,
    ContextAssembled,
    EntriesRecorded,
    Event,
    MaintenanceRecorded,
    TurnCommitted,
    TurnFailed,
    decode,
)
from domain.keys import kind_of, routing_key_of
from domain.transcript import NOTHING, follow
from infrastructure.engine import answers as told
from infrastructure.engine import requests as asked
from infrastructure.engine.compacting import target_of
from infrastructure.engine.deciding import COMMIT, Decided, assembly_of, prompt_tokens
from infrastructure.engine.errors import AdvancementConflict
from infrastructure.ledger.ledger import Ledger
from infrastructure.recorder.deliveries import Written

NULL = Raw(b"null")


class Happened(Struct, frozen=True):
    """The events that a request came to, the version of the last of them, and its event id."""

    events: tuple[Event, ...]
    version: int
    event_id: str

    @property
    def last(self) -> Event:
        """What the request came to in the end."""
        return self.events[-1]


def happened(request: asked.AnyRequest, written: Written, ledger: Ledger) -> Happened:
    """Give what a request came to, read from the ledger if it was written before."""
    gateway, key, last = request.gateway, request.stream_key, written.last_version
    if written.events is not None and written.first_position is not None:
        events = tuple(decode(payload) for _kind, payload in written.events)
        position = written.first_position + len(events) - 1
        return Happened(events, last, f"{ledger.partition_of(gateway, key)}-{position}")
    rows = list(ledger.stream(gateway, key, written.first_version - 1, last))
    return Happened(tuple(decode(row.payload) for row in rows), last, f"{rows[-1].partition}-{rows[-1].position}")


def decided_before(request: asked.AnyRequest, written: Written, ledger: Ledger) -> Decided:
    """Give the state from which a request was decided that was written before: the one before its first event."""
    engine, transcript = FRESH, NOTHING
    for row in ledger.stream(request.gateway, request.stream_key, until=written.first_version - 1):
        event = decode(row.payload)
        engine, transcript = evolve(engine, event), follow(transcript, event)
    assembly = assembly_of(request, transcript) if isinstance(request, asked.AssembleRequest) else None
    return Decided(engine, transcript, assembly)


def answer_of(request: asked.AnyRequest, decided: Decided, came: Happened, ledger: Ledger) -> told.AnyAnswer:
    """Answer a request from the state that it was decided from and what it came to."""
    after = fold_engine(came.events, decided.engine)
    base = _base(request, came.version, after)
    match request:
        case asked.OpenRequest():
            return _opened(request, base, after)
        case asked.RecordRequest():
            return told.Taken(**base, **_taken(came.last))
        case asked.AssembleRequest():
            return _assembled(request, decided, came, base, ledger)
        case asked.CommitRequest():
            return told.Committed(**base, status="committed", turn_id=_of(TurnCommitted, came.last).turn_id)
        case asked.FailRequest():
            return told.Failed(**base, turn_id=_of(TurnFailed, came.last).turn_id)
        case asked.OverflowRequest():
            return told.Reported(**base)
        case asked.CompactRequest():
            return _compacted(request, decided, after, _of(CompactionCompleted, came.last), base, ledger)
        case asked.MaintainRequest():
            done = _of(MaintenanceRecorded, came.last)
            return told.Maintained(**base, changed=done.changed, reason=done.reason)
        case asked.DisposeRequest():
            return told.Disposed(**base)
        case asked.DispatchRequest() | asked.SkipRequest() | asked.SettleRequest():
            event: Any = came.last
            there = getattr(event, "engine_key", None)
            return told.TickAnswer(**base, tick_id=event.tick_id, tick_engine_key=there)
        case _:
            assert_never(request)


def answer_again(request: asked.AnyRequest, decided: Decided, ledger: Ledger) -> told.AnyAnswer:
    """Answer a request that came to nothing, because it was done before under another delivery's id, or none.

    Raises:
        AdvancementConflict: it was done with other messages.
    """
    engine = decided.engine
    match request:
        case asked.CommitRequest(advancement_key=key):
            version = engine.advancements[key]
            rows = ledger.versions(request.gateway, request.stream_key, [version - 1, version])
            recorded, committed = (decode(row.payload) for row in rows)
            turn_id = _of(TurnCommitted, committed).turn_id
            if not _same_messages(request, recorded, ledger):
                raise AdvancementConflict(
                    f"Turn {turn_id} was committed under the advancement key {key} before, with other messages. Nothing"
                    " was written: commit another turn under a key of its own."
                )
            return told.Committed(**_base(request, version, engine), status="duplicate", turn_id=turn_id)
        case asked.OpenRequest():
            return _opened(request, _base(request, engine.version, engine), engine)
        case _:
            raise LookupError(f"a {type(request).__name__} always comes to something")


def _of(kind: type[Any], event: Event) -> Any:
    """Give an event as the type that a request always ends with."""
    if not isinstance(event, kind):
        raise TypeError(f"{type(event).__name__} is not {kind.__name__}")
    return event


def _base(request: asked.AnyRequest, version: int, after: Engine) -> dict[str, Any]:
    return {
        "gateway": request.gateway,
        "engine_key": request.stream_key,
        "version": version,
        "phase": after.phase,
    }


def _epoch(request: asked.AnyRequest, after: Engine) -> str:
    return epoch_of(request.gateway, request.stream_key, after.compactions)


def _opened(request: asked.OpenRequest, base: dict[str, Any], after: Engine) -> told.Opened:
    key = request.engine_key
    return told.Opened(
        **base, routing_key=after.routing_key or routing_key_of(key), kind=kind_of(key), epoch=_epoch(request, after)
    )


def _taken(event: Event) -> dict[str, Any]:
    recorded: EntriesRecorded = _of(EntriesRecorded, event)
    new = tuple(told.EntryForm(one.entry, one.revision, one.role, one.tokens) for one in recorded.revisions)
    return {"entries": new, "again": recorded.again}


def _assembled(
    request: asked.AssembleRequest, decided: Decided, came: Happened, base: dict[str, Any], ledger: Ledger
) -> told.Assembled:
    event: ContextAssembled = _of(ContextAssembled, came.last)
    assembly = decided.assembly or assembly_of(request, decided.transcript)
    held = ledger.content(request.gateway, request.stream_key, {one.reference for one in assembly.items})
    contents = (held[one.reference].original for one in assembly.items)  # a model is never told what was masked
    return told.Assembled(
        **base,
        event_id=came.event_id,
        call=event.call,
        session_id=event.session_id,
        turn_id=event.turn_id,
        attempt=event.attempt,
        epoch=_epoch(request, decided.engine),
        digest=event.digest,
        tokens=assembly.tokens,
        prompt_tokens=prompt_tokens(request),
        budget=request.budget,
        entries=tuple(told.EntryForm(one.entry, one.revision, one.role, one.tokens) for one in assembly.items),
        messages=tuple(NULL if data is None else Raw(bytes(data)) for data in contents),
        omitted=assembly.omitted,
    )


def _compacted(
    request: asked.CompactRequest,
    decided: Decided,
    after: Engine,
    event: CompactionCompleted,
    base: dict[str, Any],
    ledger: Ledger,
) -> told.Compacted:
    done: dict[str, Any] = {"summary": NULL}
    if event.compacted and event.kept_from is not None:
        made = reclaimed(decided.transcript, event.kept_from)
        reference = Reference(TEXTS, event.summary or 0)
        data = ledger.content(request.gateway, request.stream_key, [reference])[reference].original
        done = {
            "kept_from": made.kept_from,
            "kept_entries": made.kept_entries,
            "replaced_turns": made.replaced_turns,
            "replaced_entries": len(made.replaced),
            "summary_entry": event.summary_entry,
            "summary": NULL if data is None else Raw(bytes(data)),
        }
    return told.Compacted(
        **base,
        **done,
        compacted=event.compacted,
        reason=event.reason,
        epoch=_epoch(request, after),
        target_tokens=target_of(request, decided.transcript, decided.engine.budget),
        tokens_before=event.tokens_before or 0,
        tokens_after=event.tokens_after or 0,
    )


def _same_messages(request: asked.CommitRequest, recorded: Event, ledger: Ledger) -> bool:
    """Say whether a commit came with the messages that were recorded with it; redacted ones are not compared."""
    if not isinstance(recorded, EntriesRecorded) or recorded.method != COMMIT:
        return True  # an observed commit, of which nothing more is known
    wanted: Sequence[tuple[int, int]] = [*(one.reference for one in recorded.revisions), *recorded.again]
    held = ledger.content(request.gateway, request.stream_key, wanted).values()
    before = {bytes(one.original) for one in held if one.original is not None}
    gone = any(one.original is None for one in held)
    now = set(request.messages)
    return before <= now if gone else before == now
