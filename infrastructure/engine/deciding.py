"""What a request asks of the engine that it is for, as commands, decided from the state that is in hand."""

from collections.abc import Sequence
from typing import assert_never

from msgspec import Struct
from msgspec.structs import replace

from domain import commands as ask
from domain.assembly import Assembly, assemble
from domain.commands import Command
from domain.decider import demand
from domain.engine import Engine
from domain.entries import estimated_tokens
from domain.keys import kind_of, routing_key_of, tick_id
from domain.transcript import Transcript
from infrastructure.engine import requests as asked
from infrastructure.engine.compacting import compaction
from infrastructure.engine.errors import BadRequest
from infrastructure.engine.messages import met_messages, met_text
from infrastructure.ledger.ledger import Ledger
from infrastructure.openclaw.lossless import text_of
from infrastructure.recorder.engines import Loaded

RECORD, COMMIT = "record", "commitTurn"
"""The methods by which entries are delivered to an engine of our own."""

NOTHING_TO_TIDY = "nothing to tidy up"


class Decided(Struct, frozen=True):
    """The state from which a request was decided, and the context that was chosen, if one was asked for."""

    engine: Engine
    transcript: Transcript
    assembly: Assembly | None = None


def assembly_of(request: asked.AssembleRequest, transcript: Transcript) -> Assembly:
    """Choose the context that is asked for.

    Raises:
        ContextTooLarge: what it must hold does not fit.
    """
    return assemble(transcript, request.budget, prompt_tokens(request))


def prompt_tokens(request: asked.AssembleRequest) -> int:
    """Estimate the tokens of the prompt."""
    return 0 if request.prompt is None else estimated_tokens(len(text_of(request.prompt)))


def commands_of(
    request: asked.AnyRequest, at: int, loaded: Loaded, ledger: Ledger
) -> tuple[Sequence[Command], Decided]:
    """Give the commands of a request, and from what they were decided.

    Raises:
        HeartlineError: the request is refused.
    """
    engine, transcript = loaded.engine, loaded.transcript
    decided = Decided(engine, transcript)
    named = request.delivery_id or ""
    match request:
        case asked.OpenRequest():
            return _opening(request, at, engine), decided
        case asked.RecordRequest():
            if not request.messages:
                raise BadRequest("`messages` is empty: there is nothing to record.")
            return [_recording(request, at, loaded, RECORD)], decided
        case asked.AssembleRequest():
            command, assembly = _assembling(request, at, loaded)
            return [command], Decided(engine, transcript, assembly)
        case asked.CommitRequest():
            return _committing(request, at, loaded), decided
        case asked.FailRequest(session_id=session, reason=reason):
            return [ask.FailTurn(at=at, delivery_id=named, session_id=session, reason=reason)], decided
        case asked.OverflowRequest(session_id=session, tokens=tokens, budget=budget):
            report = ask.ReportOverflow(at=at, delivery_id=named, session_id=session, tokens=tokens, budget=budget)
            return [report], decided
        case asked.CompactRequest():
            return compaction(request, at, loaded, ledger), decided
        case asked.MaintainRequest(session_id=session):
            done = ask.RecordMaintenance(
                at=at, delivery_id=named, session_id=session, changed=False, reason=NOTHING_TO_TIDY
            )
            return [done], decided
        case asked.DisposeRequest(reason=reason):
            return [ask.CloseEngine(at=at, delivery_id=named, reason=reason)], decided
        case asked.DispatchRequest():
            return [*_opened_for_ticks(request, at, engine), _dispatch(request, at)], decided
        case asked.SkipRequest(tick_id=tick, reason=skipped):
            skip = ask.SkipTick(at=at, delivery_id=named, tick_id=tick, reason=skipped, source=request.source)
            return [*_opened_for_ticks(request, at, engine), skip], decided
        case asked.SettleRequest(tick_id=tick, outcome=outcome):
            return [ask.SettleTick(at=at, delivery_id=named, tick_id=tick, outcome=outcome)], decided
        case _:
            assert_never(request)


def _opening(request: asked.OpenRequest, at: int, engine: Engine) -> list[Command]:
    named, session = request.delivery_id or "", request.session_id
    if request.resume and engine.phase != "fresh":
        return [] if session is None else [ask.BootstrapEngine(at=at, delivery_id=named, session_id=session)]
    return [
        ask.OpenEngine(
            at=at,
            delivery_id=named,
            routing_key=request.routing_key or routing_key_of(request.engine_key),
            kind=kind_of(request.engine_key),
            session_id=session,
        )
    ]


def _recording(
    request: asked.RecordRequest | asked.CommitRequest, at: int, loaded: Loaded, method: str
) -> ask.RecordEntries:
    command = ask.RecordEntries(
        at=at,
        delivery_id=request.delivery_id or "",
        session_id=request.session_id,
        method=method,
        digests=(),
        heartbeat=request.heartbeat,
    )
    demand(loaded.engine, command)
    met = met_messages(request.messages, loaded.contents)
    return replace(command, digests=met.digests, novel=met.novel)


def _assembling(request: asked.AssembleRequest, at: int, loaded: Loaded) -> tuple[ask.AssembleContext, Assembly]:
    """Choose a context. Without a delivery's id the turn that it opens is named after the version of its stream."""
    engine = loaded.engine
    command = ask.AssembleContext(
        at=at,
        delivery_id=request.delivery_id or f"turn-{engine.version + 1}",
        session_id=request.session_id,
        digests=(),
        prompt=met_text(request.prompt, loaded.contents),
        budget=request.budget,
        model=request.model,
    )
    demand(engine, command)
    assembly = assembly_of(request, loaded.transcript)
    digests = engine.roster.digests.all_of(one.reference for one in assembly.items)
    return replace(command, digests=digests, tokens=assembly.tokens), assembly


def _committing(request: asked.CommitRequest, at: int, loaded: Loaded) -> list[Command]:
    """Record and commit at once. That a turn has entries of its own, maybe none, is written in every case: beside the
    commit it says with which messages its key was used.
    """
    commit = ask.CommitTurn(
        at=at,
        delivery_id=request.delivery_id or "",
        session_id=request.session_id,
        advancement_key=request.advancement_key,
        heartbeat=request.heartbeat,
    )
    demand(loaded.engine, commit)
    if request.advancement_key in loaded.engine.advancements:
        return [commit]
    return [_recording(request, at, loaded, COMMIT), commit]


def _opened_for_ticks(request: asked.DispatchRequest | asked.SkipRequest, at: int, engine: Engine) -> list[Command]:
    if engine.phase != "fresh":
        return []
    key, named = request.routing_key, request.delivery_id or ""
    by = "dispatch" if isinstance(request, asked.DispatchRequest) else "skip"
    return [ask.OpenEngine(at=at, delivery_id=named, routing_key=key, kind=kind_of(key), opened_by=by)]


def _dispatch(request: asked.DispatchRequest, at: int) -> ask.DispatchTick:
    engine_key = request.engine_key or request.routing_key
    isolated = kind_of(engine_key) == "heartbeat-run" if request.isolated is None else request.isolated
    named = tick_id(request.routing_key, request.session_id, None if isolated else at // 1000)
    return ask.DispatchTick(
        at=at,
        delivery_id=request.delivery_id or "",
        tick_id=request.tick_id or named,
        session_id=request.session_id,
        engine_key=engine_key,
        isolated=isolated,
        source=request.source,
        reason=request.reason,
    )
