"""The live tail over HTTP: server-sent events, resumable by `Last-Event-ID`."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Annotated, Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.openapi.spec import OpenAPIMediaType, Operation, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import HeaderParameter
from litestar.response import Stream
from litestar.response.base import ASGIResponse

from infrastructure.access.errors import UnknownToken
from infrastructure.answers.events import Wanted
from infrastructure.answers.times import parse_time
from infrastructure.http.admission import Admission
from infrastructure.http.gate import bearer_of
from infrastructure.http.limits import Limits
from infrastructure.http.parameters import MOST_CURSOR_CHARACTERS, After, AnyEngineKey, Gateway, Since, Types
from infrastructure.http.told import problems
from infrastructure.ledger.errors import DatabaseUnavailable
from infrastructure.service.reader import Reader
from infrastructure.service.service import Service

MEDIA_TYPE: Final = "text/event-stream"

HEADERS: Final = {"cache-control": "no-store", "x-accel-buffering": "no"}
"""Proxies are not to keep it, nor to wait until there is more of it."""

LastEventId = Annotated[
    str | None,
    HeaderParameter(
        name="Last-Event-ID",
        description="Go on from this cursor, whatever `after` says: browsers send it when they come again.",
        max_length=MOST_CURSOR_CHARACTERS,
    ),
]


@dataclass
class _OfMessages(Operation):
    """Describes an answer of server-sent events, of which the framework only knows that it is streamed."""

    def __post_init__(self) -> None:
        text = OpenAPIType.STRING
        schema = Schema(
            type=OpenAPIType.OBJECT,
            description="A message. One of the type `cursor` has no data.",
            properties={
                "id": Schema(type=text, description="The cursor to go on from."),
                "event": Schema(type=text, description="The type of the event, or `cursor`."),
                "data": Schema(type=text, description="The event as `/v1/events` tells of it, on one line."),
            },
            required=["id", "event"],
        )
        content: Any = getattr((self.responses or {}).get("200"), "content", None)
        if content is not None:
            content[MEDIA_TYPE] = OpenAPIMediaType(schema=schema)


class _Leaving(ASGIResponse):
    """A response that gives the reader's place back, however it ends."""

    __slots__ = ("_inner", "_reader")

    def __init__(self, inner: ASGIResponse, reader: Reader) -> None:
        super().__init__()
        self._inner, self._reader = inner, reader

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        try:
            await self._inner(scope, receive, send)
        finally:
            self._reader.leave()


class Messages(Stream):
    """What a reader is sent."""

    __slots__ = ("_reader",)

    def __init__(self, reader: Reader) -> None:
        super().__init__(reader.messages(), media_type=MEDIA_TYPE, headers=HEADERS)
        self._reader = reader

    def to_asgi_response(self, *arguments: Any, **options: Any) -> ASGIResponse:
        """Make what is sent."""
        return _Leaving(super().to_asgi_response(*arguments, **options), self._reader)


@get(
    "/live",
    summary="Follow the ledger: every event as it is recorded, as server-sent events.",
    media_type=MEDIA_TYPE,
    operation_class=_OfMessages,
    responses=problems(_404="No such engine or gateway is on record."),
)
async def live(
    request: Request[Any, Any, Any],
    service: NamedDependency[Service],
    engine_key: AnyEngineKey = None,
    gateway: Gateway = None,
    types: Types = None,
    since: Since = None,
    after: After = None,
    last_event_id: LastEventId = None,
) -> Stream:
    """It begins behind the cursor that is given; without one, with the first event since the time that is given, else
    now. Whoever comes again with the `id` of the last message misses nothing and gets nothing twice.

    A message of the type `cursor` only says how far the reader has come, where what was recorded was not for it. A
    comment comes where nothing else did for 15 seconds.
    """
    limits: Limits = request.app.state.limits
    admission: Admission = request.app.state.admission
    token = bearer_of(request.scope["headers"])
    begin = None if since is None else parse_time(since, datetime.now(UTC))

    async def still_may() -> bool:
        try:
            await admission.grant_for(token)
        except UnknownToken:
            return False
        except DatabaseUnavailable:
            return True  # nobody can say now; it is asked again
        return True

    wanted = Wanted(engine_key, gateway, tuple(types or ()), begin)
    return Messages(await service.live.reader(wanted, last_event_id or after, limits.live_seconds, still_may))


ROUTES: list[BaseRouteHandler] = [live]
