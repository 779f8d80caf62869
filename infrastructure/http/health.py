"""For whoever watches over the service: is it alive, can it work, and its meters."""

import asyncio
from math import nan
from typing import Final

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.openapi.datastructures import ResponseSpec
from msgspec import Struct

from domain.errors import HeartlineError
from infrastructure.http.admission import reads
from infrastructure.http.told import problems
from infrastructure.service.service import Service

READY_SECONDS: Final = 3.0
"""How long a database may take to answer that it is there: one that hangs is as good as away."""

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Health(Struct, frozen=True):
    """`status` is `ok`, or says why the service can't work now."""

    status: str


@get("/healthz", sync_to_thread=False, summary="Is the process alive?", tags=["operation"], responses=problems())
def healthz() -> Health:
    """Answer, which is all that is asked."""
    return Health("ok")


@get(
    "/readyz",
    summary="Can it record and answer now?",
    tags=["operation"],
    responses={
        **problems(),
        503: ResponseSpec(data_container=Health, description="Not now.", generate_examples=False),
    },
)
async def readyz(service: NamedDependency[Service]) -> Response[Health]:
    """Ask the database; 503 while it is away, or while the service ends."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            status = "ending" if service.ending else await service.database_status()
    except TimeoutError:
        status = "database-silent"
    return Response(Health(status), status_code=200 if status == "ok" else 503)


@get(
    "/metrics",
    sync_to_thread=True,
    guards=[reads],
    media_type=METRICS_TYPE,
    summary="Meters for Prometheus.",
    tags=["operation"],
    responses=problems(),
)
def metrics(service: NamedDependency[Service]) -> Response[bytes]:
    """Measure what is not counted as it happens, and give all meters."""
    meters = service.meters
    try:
        with service.libraries.lend() as library:
            meters.ledger.set(sum(head.position for head in library.ledger.heads()))
            meters.behind.set(library.behind())
            meters.set_aside.set(library.set_aside())
        meters.database.set(1)
    except HeartlineError:  # which is told by this meter
        meters.database.set(0)
        meters.ledger.set(nan)  # which is unknown now, and not none
        meters.behind.set(nan)
        meters.set_aside.set(nan)
    return Response(meters.text(), media_type=METRICS_TYPE)


ROUTES: list[BaseRouteHandler] = [healthz, readyz, metrics]
