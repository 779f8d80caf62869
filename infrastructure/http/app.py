"""The application: its routes, its errors, its description, and the gate before it."""

from typing import Any

from litestar import Litestar, Router
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.openapi.spec import Components, SecurityScheme
from msgspec import Struct

from domain.errors import HeartlineError
from infrastructure.http import (
    engine,
    events,
    gateways,
    health,
    keeping,
    listing,
    live,
    observations,
    problems,
    proving,
    reading,
    searching,
    tokens,
)
from infrastructure.http.admission import Admission, administers, reads
from infrastructure.http.gate import Gate
from infrastructure.http.limits import HeldBytes, Limits
from infrastructure.http.named import knows_parameters
from infrastructure.http.origins import Origins
from infrastructure.service.service import Service

VERSION = "1"
"""Of the interface under `/v1`: fields may be added to it, and none is renamed."""


class Doors(Struct, frozen=True, kw_only=True):
    """Who is let in: `host` is the address that is bound, `names` are accepted as `Host` besides."""

    host: str = "127.0.0.1"
    names: tuple[str, ...] = ()
    tokens_demanded: bool = False
    limits: Limits = Limits()


def make_app(service: Service, doors: Doors) -> Gate:
    """Make the application over a service, which stays the caller's to close."""

    held = HeldBytes(doors.limits.held)
    service.meters.held.set_function(lambda: held.held)

    def provided() -> Service:
        return service

    admission = Admission(service.keyring, service.aside, demanded=doors.tokens_demanded)
    app = Litestar(
        route_handlers=[
            # Those which write ask by themselves what a token allows: only they know for which gateway.
            Router(
                "/v1",
                route_handlers=[*observations.ROUTES, *engine.ROUTES, *gateways.ROUTES],
                guards=[knows_parameters],
            ),
            Router(
                "/v1",
                route_handlers=[
                    *reading.ROUTES,
                    *listing.ROUTES,
                    *events.ROUTES,
                    *live.ROUTES,
                    *searching.ROUTES,
                    *proving.ROUTES,
                ],
                guards=[reads, knows_parameters],
            ),
            Router("/v1", route_handlers=[*tokens.ROUTES, *keeping.ROUTES], guards=[administers, knows_parameters]),
            *health.ROUTES,
        ],
        dependencies={"service": Provide(provided, sync_to_thread=False)},  # with a second one each request is slower
        state=State({"limits": doors.limits, "held": held, "admission": admission}),
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=OpenAPIConfig(
            title="Heartline",
            version=VERSION,
            path="/schema",
            components=Components(security_schemes={"token": SecurityScheme(type="http", scheme="bearer")}),
            security=[{}, {"token": []}],  # none is needed on loopback
            use_handler_docstrings=True,
            render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"])],
        ),
        request_max_body_size=doors.limits.document,
        logging_config=None,
    )
    origins = Origins(doors.host, doors.names)
    return Gate(
        app,  # type: ignore[arg-type]  # Litestar narrows ASGI's types
        origins,
        admission.grant_for,
        doors.limits,
        service.meters,
        ending=lambda: service.ending,
    )


EXCEPTION_HANDLERS: dict[Any, Any] = {  # the framework's own type of it is not exported
    HeartlineError: problems.answer_heartline_error,
    HTTPException: problems.answer_http_error,
    RecursionError: problems.answer_too_deep,
    Exception: problems.answer_unexpected,
}
