"""For whoever watches over the service: is it alive, can it work, and its meters."""

from typing import Final, Literal

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from msgspec import Struct

from domain.errors import HeartlineError
from infrastructure.http.admission import reads
from infrastructure.service.service import Service

METRICS_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"


class Health(Struct, frozen=True):
    """`status` is `ok`, or says why the service can't work now."""

    status: str


@get("/healthz", sync_to_thread=False, summary="Is the process alive?", tags=["operation"])
def healthz() -> Health:
    """Answer, which is all that is asked."""
    return Health("ok")


@get("/readyz", sync_to_thread=True, summary="Can it record and answer now?", tags=["operation"])
def readyz(service: NamedDependency[Service]) -> Response[Health]:
    """Ask the database; 503 while it is away, or while the service ends."""
    status = _status(service)
    return Response(Health(status), status_code=200 if status == "ok" else 503)


def _status(service: Service) -> Literal["ok", "ending"] | str:
    if service.ending:
        return "ending"
    try:
        with service.libraries.lend() as library:
            library.ledger.heads()
    except HeartlineError as error:
        return error.code
    return "ok"


@get("/metrics", sync_to_thread=True, guards=[reads], summary="Meters for Prometheus.", tags=["operation"])
def metrics(service: NamedDependency[Service]) -> Response[bytes]:
    """Measure what is not counted as it happens, and give all meters."""
    meters = service.meters
    try:
        with service.libraries.lend() as library:
            meters.ledger.set(sum(head.position for head in library.ledger.heads()))
            meters.behind.set(library.behind())
        meters.database.set(1)
    except HeartlineError:  # which is told by this meter
        meters.database.set(0)
    return Response(meters.text(), headers={"content-type": METRICS_TYPE})


ROUTES: list[BaseRouteHandler] = [healthz, readyz, metrics]
