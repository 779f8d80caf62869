"""Reading over HTTP: what the command line shows, for programs elsewhere."""

from typing import Annotated, Any

from litestar import get
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import Parameter

from infrastructure.answers.streams import stream_answer
from infrastructure.service.service import Service

Gateway = Annotated[str | None, Parameter(description="The host installation that is meant.")]


@get("/streams", sync_to_thread=True, summary="List the streams: one for each engine key of each gateway.")
def streams(service: NamedDependency[Service], gateway: Gateway = None) -> list[dict[str, Any]]:
    """List the streams."""
    with service.libraries.lend() as library:
        library.refresh()
        library.check_gateway(gateway)
        return [stream_answer(found) for found in library.streams(gateway)]


ROUTES: list[BaseRouteHandler] = [streams]
