"""Reading over HTTP: streams, and what their engines came to."""

from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler

from infrastructure.answers.compactions import CompactionAnswer
from infrastructure.answers.local import LocalAnswers
from infrastructure.answers.objects import ContextAnswer, StateAnswer, StreamAnswer
from infrastructure.answers.projections import ProjectionAnswer
from infrastructure.answers.summaries import SummaryAnswer
from infrastructure.http.parameters import (
    At,
    Call,
    Compaction,
    ContextReference,
    EngineKey,
    Entry,
    Gateway,
    Submitted,
    Tick,
)
from infrastructure.http.told import Told, problems
from infrastructure.service.service import Service


@get(
    "/streams",
    sync_to_thread=True,
    summary="List the streams: one for each engine key of each gateway.",
    responses=problems(_404="No such gateway is on record."),
)
def streams(service: NamedDependency[Service], gateway: Gateway = None) -> Told[list[StreamAnswer]]:
    """In the order in which they began."""
    with service.libraries.lend() as library:
        return Told(LocalAnswers(library).streams(gateway))


@get(
    "/state",
    sync_to_thread=True,
    summary="Tell the state of an engine, now or as of then.",
    responses=problems(_404="No such engine is on record, or several gateways have one."),
)
def state(
    service: NamedDependency[Service], engine_key: EngineKey, gateway: Gateway = None, at: At = None
) -> Told[StateAnswer]:
    """As of a time: of the version before the first event that happened later."""
    with service.libraries.lend() as library:
        return Told(LocalAnswers(library).state(engine_key, gateway, at))


@get(
    "/context",
    sync_to_thread=True,
    summary="Tell what a context held, entry by entry, and where each entry came from.",
    responses=problems(_404="No such stream or context is on record."),
)
def context(
    service: NamedDependency[Service],
    reference: ContextReference,
    gateway: Gateway = None,
    call: Call = None,
    submitted: Submitted = None,
    tick: Tick = None,
) -> Told[ContextAnswer]:
    """By default the last that was assembled. Give at most one of `call`, `submitted` and `tick`.

    `message` is the bytes that the host sent. Texts may hold lone surrogates, as escapes.
    """
    with service.libraries.lend() as library:
        return Told(LocalAnswers(library).context(reference, gateway, call, submitted, tick))


@get(
    "/summary",
    sync_to_thread=True,
    summary="Tell the summary of a compaction, beside the entries that it replaced.",
    responses=problems(_404="No such engine or compaction is on record."),
)
def summary(
    service: NamedDependency[Service], engine_key: EngineKey, gateway: Gateway = None, number: Compaction = None
) -> Told[SummaryAnswer]:
    """By default of the last compaction. `message` is the bytes that the host sent.

    Texts may hold lone surrogates, as escapes.
    """
    with service.libraries.lend() as library:
        return Told(LocalAnswers(library).summary(engine_key, gateway, number))


@get(
    "/replacements",
    sync_to_thread=True,
    summary="Tell which compactions of an engine replaced an entry.",
    responses=problems(_404="No such engine is on record."),
)
def replacements(
    service: NamedDependency[Service], engine_key: EngineKey, entry: Entry, gateway: Gateway = None
) -> Told[list[CompactionAnswer]]:
    """In their order. None where its summaries replaced others, or it can't be told what they replaced."""
    with service.libraries.lend() as library:
        return Told(LocalAnswers(library).replacing(engine_key, entry, gateway))


@get(
    "/projections",
    sync_to_thread=True,
    summary="Say how far every read model is.",
    responses=problems(),
)
def projections(service: NamedDependency[Service]) -> Told[list[ProjectionAnswer]]:
    """Its offset, lag, rows and generation, and the last event that it could not take."""
    with service.libraries.lend() as library:
        return Told(LocalAnswers(library).projections())


ROUTES: list[BaseRouteHandler] = [streams, state, context, summary, replacements, projections]
