"""Lists over HTTP: one route each, made from the registry."""

from datetime import UTC, datetime
from typing import Any, get_type_hints

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from msgspec import Struct, defstruct

from infrastructure.answers.listing import USUAL, AnyListing, Page, Selection
from infrastructure.answers.listings import LISTINGS
from infrastructure.answers.local import LocalAnswers
from infrastructure.answers.times import parse_time
from infrastructure.http.events import CURSOR_HEADER, MORE_HEADER, InLinesToo
from infrastructure.http.parameters import (
    After,
    Gateway,
    Limit,
    OfAgent,
    OfEngineKey,
    OfRoutingKey,
    OfSession,
    Since,
    Until,
)
from infrastructure.http.told import JSON, NDJSON, Lines, Told, problems
from infrastructure.service.service import Service

DESCRIPTION = """{order} The newest come first. Following `cursor` as long as there is `more` gives each of those that
there were once, however many are added meanwhile.

Where `accept` prefers `application/x-ndjson` they are answered one a line, with `heartline-cursor` (where there are
any) and `heartline-more` as headers."""


def _described(listing: AnyListing) -> type[Struct]:
    """Make the type that describes a list's page: a generic one would be called by the names of our modules."""
    hints = get_type_hints(Page, include_extras=True)
    name = f"{listing.answer.__name__.removesuffix('Answer')}Page"
    items: Any = list[listing.answer]  # type: ignore[name-defined]  # it is known at run time only
    return defstruct(name, [("items", items), ("cursor", hints["cursor"]), ("more", hints["more"])])


def _route(listing: AnyListing) -> BaseRouteHandler:
    """Make the route of a list."""

    def listed(
        request: Request[Any, Any, Any],
        service: NamedDependency[Service],
        gateway: Gateway = None,
        routing_key: OfRoutingKey = None,
        engine_key: OfEngineKey = None,
        agent: OfAgent = None,
        since: Since = None,
        until: Until = None,
        after: After = None,
        limit: Limit = USUAL,
        session_id: OfSession = None,
    ) -> Told[Page[Any]]:
        now = datetime.now(UTC)
        selection = Selection(
            gateway=gateway,
            routing_key=routing_key,
            engine_key=engine_key,
            agent=agent,
            session_id=session_id,
            since=None if since is None else parse_time(since, now),
            until=None if until is None else parse_time(until, now),
        )
        with service.libraries.lend() as library:
            page = LocalAnswers(library).listed(listing, selection, after, limit)
        if request.accept.best_match([JSON, NDJSON]) == NDJSON:
            headers = {MORE_HEADER: "true" if page.more else "false"}
            return Lines(page.items, headers if page.cursor is None else {CURSOR_HEADER: page.cursor, **headers})
        return Told(page)

    def listed_of_any_session(
        request: Request[Any, Any, Any],
        service: NamedDependency[Service],
        gateway: Gateway = None,
        routing_key: OfRoutingKey = None,
        engine_key: OfEngineKey = None,
        agent: OfAgent = None,
        since: Since = None,
        until: Until = None,
        after: After = None,
        limit: Limit = USUAL,
    ) -> Told[Page[Any]]:
        return listed(request, service, gateway, routing_key, engine_key, agent, since, until, after, limit)

    function = listed if listing.of_sessions else listed_of_any_session
    function.__name__ = listing.name  # the description calls the route by it
    function.__doc__ = DESCRIPTION.format(order=listing.order)
    function.__annotations__["return"] = Told[_described(listing)]  # type: ignore[misc]  # known at run time only
    return get(
        f"/{listing.name}",
        sync_to_thread=True,
        summary=listing.summary,
        operation_class=InLinesToo,
        responses=problems(_404="No such gateway, key or agent is on record."),
    )(function)


ROUTES: list[BaseRouteHandler] = [_route(listing) for listing in LISTINGS]
