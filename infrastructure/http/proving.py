"""Proving over HTTP: findings, verification, and what a checkpoint needs. Asked with POST, they still only read."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, TypeVar

from litestar import get, post
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import JSONBody, RawBody
from msgspec import Meta, Struct

from infrastructure.answers.local import LocalAnswers
from infrastructure.answers.objects import ChecksAnswer, FindingAnswer, HeadsAnswer
from infrastructure.http.parameters import Gateway
from infrastructure.http.told import NDJSON, Told, problems
from infrastructure.ledger.verify import Verification
from infrastructure.service.service import Service

READS = {"scope": "read"}
"""What a token must allow for a route, where its method says otherwise."""

MOST_PLACES = 4_096
"""A ledger has at most so many partitions."""


@dataclass
class _OfLines(Operation):
    """Describes a body of lines, of which the framework only knows that it is taken as it is."""

    def __post_init__(self) -> None:
        lines = Schema(type=OpenAPIType.STRING, description="A file of checkpoints, or the last lines of one.")
        self.request_body = RequestBody(required=True, content={NDJSON: OpenAPIMediaType(schema=lines)})


T = TypeVar("T")


async def _at_length(service: Service, question: Callable[[LocalAnswers], T]) -> Told[T]:
    """Ask what takes long, when it is its turn."""

    def answered() -> Told[T]:
        with service.libraries.lend() as library:
            return Told(question(LocalAnswers(library)))

    async with service.long_questions.turn():
        return await asyncio.to_thread(answered)


class PlaceAsked(Struct, frozen=True):
    """A place in the log of a partition."""

    partition: Annotated[int, Meta(ge=0, lt=MOST_PLACES)]
    position: Annotated[int, Meta(ge=0, le=2**63 - 1)]


class PlacesAsked(Struct, frozen=True):
    """The places whose chains are asked for: those that the last checkpoint saw."""

    at: Annotated[list[PlaceAsked], Meta(max_length=MOST_PLACES)] = []


@get(
    "/findings",
    summary="Audit every heartbeat routing key: shared engine keys, replayed entries.",
    responses=problems(_404="No such gateway is on record."),
)
async def findings(service: NamedDependency[Service], gateway: Gateway = None) -> Told[list[FindingAnswer]]:
    """None is a good answer."""
    return await _at_length(service, lambda answers: answers.findings(gateway))


@get(
    "/verification",
    summary="Prove that nothing on record was changed.",
    responses=problems(),
)
async def verification(service: NamedDependency[Service]) -> Told[Verification]:
    """By itself this proves that the ledger is consistent."""
    return await _at_length(service, lambda answers: answers.verification())


@post(
    "/verification",
    status_code=200,
    opt=READS,
    operation_class=_OfLines,
    summary="Prove that nothing on record was changed, cut off or rewritten, up to a checkpoint.",
    responses=problems(
        _413="The file is too large: its last line is enough.", _422="It is no checkpoint of this ledger."
    ),
)
async def verification_against(service: NamedDependency[Service], body: RawBody) -> Told[Verification]:
    """The body is a file of checkpoints, or the last lines of one: the last is what counts."""
    return await _at_length(service, lambda answers: answers.verification_against(body))


@get(
    "/heads",
    sync_to_thread=True,
    summary="Tell the end of every partition's log: its last position and chain.",
    responses=problems(),
)
def heads(service: NamedDependency[Service]) -> Told[HeadsAnswer]:
    """What a checkpoint is made of."""
    with service.libraries.lend() as library:
        return Told(LocalAnswers(library).heads_answer())


@post(
    "/heads",
    sync_to_thread=True,
    status_code=200,
    opt=READS,
    summary="Tell the end of every partition's log, and the chains that stand at some places.",
    responses=problems(),
)
def heads_at(service: NamedDependency[Service], data: JSONBody[PlacesAsked]) -> Told[HeadsAnswer]:
    """Whoever compares them with a checkpoint sees whether the ledger still holds what it saw."""
    with service.libraries.lend() as library:
        return Told(LocalAnswers(library).heads_answer([(one.partition, one.position) for one in data.at]))


@get(
    "/doctor",
    sync_to_thread=True,
    summary="Look whether everything is in place where the service runs.",
    responses=problems(),
)
def doctor(service: NamedDependency[Service]) -> Told[ChecksAnswer]:
    """Nothing of it names a folder or a secret of the machine."""
    with service.libraries.lend() as library:
        checks = LocalAnswers(library).checks()
    return Told(ChecksAnswer(all(check.ok is not False for check in checks), checks))


ROUTES: list[BaseRouteHandler] = [
    findings,
    verification,
    verification_against,
    heads,
    heads_at,
    doctor,
]
