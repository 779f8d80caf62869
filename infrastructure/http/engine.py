"""Heartline as a context engine over HTTP: a route for each command. All of them are strict."""

import asyncio
from typing import Any, Final

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler, HTTPRouteHandler
from msgspec import DecodeError, Raw, json

from domain.errors import HeartlineError
from infrastructure.engine import answers as told
from infrastructure.engine import requests as ask
from infrastructure.engine.errors import BadRequest
from infrastructure.engine.requests import read_request
from infrastructure.http.admission import gateway_for, granted
from infrastructure.http.bodies import document
from infrastructure.http.engine_bodies import described_as
from infrastructure.http.limits import HeldBytes, Limits
from infrastructure.http.told import Told, problems
from infrastructure.openclaw.lossless import members, shadow
from infrastructure.service.service import Service

KEYS: Final = ("gateway", "engine_key", "routing_key", "session_id")
"""What may stand in the query instead of the body."""

LARGE = 256 * 1024
"""Bytes from which a body is read by another thread, so that other requests don't wait for it."""

COMMANDS: Final[dict[str, tuple[type[ask.Request], type[told.Answer], str]]] = {
    "open": (ask.OpenRequest, told.Opened, "Begin the stream of an engine."),
    "record-entries": (ask.RecordRequest, told.Taken, "Take messages."),
    "assemble": (ask.AssembleRequest, told.Assembled, "Answer with a context that fits a budget of tokens."),
    "commit-turn": (ask.CommitRequest, told.Committed, "Accept the open turn's reply, once for each advancement key."),
    "fail-turn": (ask.FailRequest, told.Failed, "End an attempt at the open turn without a reply."),
    "report-overflow": (ask.OverflowRequest, told.Reported, "Say that the context did not fit the model."),
    "compact": (ask.CompactRequest, told.Compacted, "Replace the oldest whole turns by a summary."),
    "maintain": (ask.MaintainRequest, told.Maintained, "Give the engine time to tidy up."),
    "dispose": (ask.DisposeRequest, told.Disposed, "End the stream of an idle engine, for good."),
    "dispatch-tick": (ask.DispatchRequest, told.TickAnswer, "Begin a heartbeat run."),
    "skip-tick": (ask.SkipRequest, told.TickAnswer, "Leave out a heartbeat that was due."),
    "settle-tick": (ask.SettleRequest, told.TickAnswer, "End a heartbeat run."),
}
"""The commands by their paths below `/v1/engine`."""


def _route(path: str, kind: type[ask.Request], answer: type[told.Answer], summary: str) -> HTTPRouteHandler:
    async def command(request: Request[Any, Any, Any], service: NamedDependency[Service]) -> Told[Any]:
        limits: Limits = request.app.state.limits
        held: HeldBytes = request.app.state.held
        async with document(request.stream(), limits.document, held) as body:
            if len(body) > LARGE:
                asked = await asyncio.get_running_loop().run_in_executor(service.readers, _read, kind, body, request)
            else:
                asked = _read(kind, body, request)
            try:
                pending = service.desk.ask(asked, len(body))  # type: ignore[arg-type]  # COMMANDS has its members only
                answered = await service.desk.answered(pending)
            except HeartlineError as error:
                service.meters.commands.labels(error.code).inc()
                raise
        service.meters.commands.labels("done").inc()
        return Told(answered)

    command.__doc__ = kind.__doc__
    command.__annotations__["return"] = Told[answer]  # type: ignore[valid-type]  # for the description
    return post(
        f"/engine/{path}",
        status_code=200,
        summary=summary,
        tags=["engine"],
        request_max_body_size=None,
        name=path,
        operation_class=described_as(kind),
        responses=problems(
            _404="No such engine is on record.",
            _408="The body did not arrive in time.",
            _409="The machine's rules do not allow it now, or its id was used for something else. Nothing was written.",
            _413="The body is too long.",
            _422="What was asked for can't be: a context that does not fit, for example. Nothing was written.",
        ),
    )(command)


def _read(kind: type[ask.Request], body: bytes, request: Request[Any, Any, Any]) -> ask.Request:
    asked = read_request(kind, _with_keys(body, request))
    gateway_for(granted(request), asked.gateway)
    return asked


def _with_keys(body: bytes, request: Request[Any, Any, Any]) -> bytes:
    """Put the keys of the query, and the gateway of the token, into a body that does not name them itself."""
    named = {key: request.query_params[key] for key in KEYS if key in request.query_params}
    own = granted(request).gateway
    if not named and own is None:
        return body
    try:
        fields = members(body) if json.decode(shadow(body) or b"{}", type=dict[str, Raw]) else {}
    except (DecodeError, RecursionError):
        return body  # whose reader says better what is wrong
    for key, text in named.items():
        value = json.encode(text)
        if fields.setdefault(key, value) != value:
            raise BadRequest(f"`{key}` is one thing in the query and another in the body: name it once.")
    if own is not None:
        fields.setdefault("gateway", json.encode(own))
    return b"{%b}" % b",".join(json.encode(key) + b":" + value for key, value in fields.items())


ROUTES: list[BaseRouteHandler] = [_route(path, *command) for path, command in COMMANDS.items()]
