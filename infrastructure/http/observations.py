"""Recording over HTTP: observed calls of a host, and what it submitted to the model, one a line."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Annotated, Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.openapi.spec import OpenAPIMediaType, Operation, RequestBody, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import QueryParameter

from domain.keys import check_gateway
from infrastructure.answers.objects import LinesAnswer
from infrastructure.http.admission import gateway_for, granted
from infrastructure.http.bodies import Lines, document
from infrastructure.http.intake import Intake
from infrastructure.http.limits import HeldBytes, Limits
from infrastructure.http.told import NDJSON, Told, problems
from infrastructure.openclaw.bad_line import BadLine
from infrastructure.openclaw.importer import delivery_of, observed_in
from infrastructure.openclaw.importing import Submitted
from infrastructure.openclaw.lines import Line
from infrastructure.openclaw.observed import KeyedBy
from infrastructure.openclaw.submitted import Submissions
from infrastructure.openclaw.trace import decode_stage
from infrastructure.recorder.deliveries import Delivery
from infrastructure.service.service import Service


@dataclass
class OfLines(Operation):
    """Describes a body of lines, of which the framework only knows that it is taken as it is."""

    def __post_init__(self) -> None:
        lines = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING, description="One JSON object a line."))
        one = OpenAPIMediaType(schema=Schema(type=OpenAPIType.OBJECT, description="One line by itself."))
        self.request_body = RequestBody(required=True, content={NDJSON: lines, "application/json": one})


GatewayParameter = Annotated[
    str | None,
    QueryParameter(description="The host installation that the calls are of, where they name none.", max_length=64),
]
KeyedByParameter = Annotated[KeyedBy, QueryParameter(description="By what the observed engine kept its state.")]

EngineKeyParameter = Annotated[
    str | None,
    QueryParameter(description="The engine that they were submitted for, where its calls named it.", max_length=4096),
]

PROBLEMS = problems(
    _408="The body did not arrive in time.",
    _413="Too many lines, or a document that is too long.",
    _422="It can't be read.",
)


@post(
    "/observations",
    status_code=200,
    summary="Record observed calls of a context engine.",
    tags=["record"],
    request_max_body_size=None,
    operation_class=OfLines,
    responses=PROBLEMS,
)
async def observations(
    request: Request[Any, Any, Any],
    service: NamedDependency[Service],
    gateway: GatewayParameter = None,
    engine_keyed_by: KeyedByParameter = "session-key",
) -> Told[LinesAnswer]:
    """Record a lifecycle recording: NDJSON, one call a line; or one call as `application/json`.

    What is answered as recorded or duplicate is durable. A request that fails half-way is completed by sending it
    again.
    """
    grant = granted(request)
    to = gateway_for(grant, None if gateway is None else check_gateway(gateway))

    def delivery(line: Line) -> Delivery | None:
        observed = observed_in(_content(line), to or "", engine_keyed_by)
        if observed is None:
            return None
        if not observed.delivery.gateway:
            raise BadLine("the call names no `gateway`, nor does the request")
        gateway_for(grant, observed.delivery.gateway)
        return observed.delivery

    return Told(await Intake(service, request.app.state.limits, delivery).take(_lines(request)))


@post(
    "/submissions",
    status_code=200,
    summary="Record what a host submitted to the model: its cache trace.",
    tags=["record"],
    request_max_body_size=None,
    operation_class=OfLines,
    responses=PROBLEMS,
)
async def submissions(
    request: Request[Any, Any, Any],
    service: NamedDependency[Service],
    gateway: GatewayParameter = None,
    engine_keyed_by: KeyedByParameter = "session-key",
    engine_key: EngineKeyParameter = None,
) -> Told[LinesAnswer]:
    """Record a cache trace: NDJSON, one stage of a model call a line, from its beginning.

    The host writes a prompt, and a message that it later cuts, in an earlier line than the submission: they must lie in
    one request.
    """
    to = gateway_for(granted(request), None if gateway is None else check_gateway(gateway))
    if to is None:
        raise BadLine("a cache trace names no gateway: say whose it is with ?gateway=")
    known = Submissions()

    def delivery(line: Line) -> Delivery | None:
        content = _content(line)
        submission = known.take(decode_stage(content))
        if submission is None:
            return None
        return delivery_of(Submitted(content, submission), to, engine_key, engine_keyed_by)

    return Told(await Intake(service, request.app.state.limits, delivery).take(_lines(request)))


async def _lines(request: Request[Any, Any, Any]) -> AsyncIterator[Line]:
    limits: Limits = request.app.state.limits
    held: HeldBytes = request.app.state.held
    if _is_document(request):
        async with document(request.stream(), limits.line, held) as content:
            if content.strip():
                yield Line(1, content)
        return
    async for line in Lines(request.stream(), limits.line, held):
        yield line


def _is_document(request: Request[Any, Any, Any]) -> bool:
    kind = next((value for name, value in request.scope["headers"] if name == b"content-type"), b"")
    return kind.partition(b";")[0].strip().lower() == b"application/json"


def _content(line: Line) -> bytes:
    if line.content is None:
        raise BadLine(line.problem or "unreadable")
    return line.content


ROUTES: list[BaseRouteHandler] = [observations, submissions]
