"""The application: its routes, its errors, its description."""

from typing import Any

from litestar import Litestar, Router
from litestar.di import Provide
from litestar.exceptions import HTTPException
from litestar.openapi import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from domain.errors import HeartlineError
from infrastructure.http import problems, reading
from infrastructure.service.service import Service

VERSION = "1"
"""Of the interface under `/v1`: fields may be added to it, and none is renamed."""


def make_app(service: Service) -> Litestar:
    """Make the application over a service, which stays the caller's to close."""

    def provided() -> Service:
        return service

    return Litestar(
        route_handlers=[Router("/v1", route_handlers=reading.ROUTES)],
        dependencies={"service": Provide(provided, sync_to_thread=False)},
        exception_handlers=EXCEPTION_HANDLERS,
        openapi_config=OpenAPIConfig(
            title="Heartline",
            version=VERSION,
            path="/schema",
            render_plugins=[JsonRenderPlugin(path=["/", "/openapi.json"])],
        ),
        logging_config=None,
    )


EXCEPTION_HANDLERS: dict[Any, Any] = {  # the framework's own type of it is not exported
    HeartlineError: problems.answer_heartline_error,
    HTTPException: problems.answer_http_error,
    Exception: problems.answer_unexpected,
}
