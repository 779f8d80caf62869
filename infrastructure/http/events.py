"""Events over HTTP: page by page, each with bounded work."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.openapi.spec import OpenAPIMediaType, Operation, Schema
from litestar.openapi.spec.enums import OpenAPIType

from infrastructure.answers.events import Wanted
from infrastructure.answers.local import LocalAnswers
from infrastructure.answers.objects import EventAnswer, EventPage
from infrastructure.answers.times import parse_time
from infrastructure.http.parameters import After, AnyEngineKey, EventId, Gateway, Limit, Since, Types, Until
from infrastructure.http.told import JSON, NDJSON, Lines, Told, problems
from infrastructure.service.service import Service

PAGE = 100
"""How many events a page holds if nobody says otherwise."""

CURSOR_HEADER = "heartline-cursor"
MORE_HEADER = "heartline-more"


@dataclass
class InLinesToo(Operation):
    """Describes that a page is also answered as lines."""

    def __post_init__(self) -> None:
        for response in (self.responses or {}).values():
            content = getattr(response, "content", None)
            if content and JSON in content:
                content[NDJSON] = OpenAPIMediaType(
                    schema=Schema(type=OpenAPIType.STRING, description="What is on the page, one object a line.")
                )


@get(
    "/events",
    sync_to_thread=True,
    summary="List events, of one engine or of all, in the order in which they were recorded.",
    operation_class=InLinesToo,
    responses=problems(_404="No such engine or gateway is on record."),
)
def events(
    request: Request[Any, Any, Any],
    service: NamedDependency[Service],
    engine_key: AnyEngineKey = None,
    gateway: Gateway = None,
    types: Types = None,
    since: Since = None,
    until: Until = None,
    after: After = None,
    limit: Limit = PAGE,
) -> Told[EventPage]:
    """Following `cursor` as long as there is `more` gives every event once; the last page's goes on when more is
    recorded.

    A page can hold fewer events than asked for, or none, and there can still be more: only so much is looked through
    for one request. Where `accept` prefers `application/x-ndjson` the events are answered one a line, with
    `heartline-cursor` and `heartline-more` as headers.
    """
    now = datetime.now(UTC)
    begin, end = (None if one is None else parse_time(one, now) for one in (since, until))
    wanted = Wanted(engine_key, gateway, tuple(types or ()), begin, end)
    with service.libraries.lend() as library:
        page = LocalAnswers(library).event_page(wanted, after, limit)
    if request.accept.best_match([JSON, NDJSON]) == NDJSON:
        return Lines(page.events, {CURSOR_HEADER: page.cursor, MORE_HEADER: "true" if page.more else "false"})
    return Told(page)


@get(
    "/events/{event_id:str}",
    sync_to_thread=True,
    summary="Tell of one event.",
    responses=problems(_404="There is no event of this id."),
)
def event(service: NamedDependency[Service], event_id: EventId) -> Told[EventAnswer]:
    """Its cursor goes on behind it in its own partition, and begins in all others."""
    with service.libraries.lend() as library:
        return Told(LocalAnswers(library).event(event_id))


ROUTES: list[BaseRouteHandler] = [events, event]
