"""Naming the gateways of sources over HTTP."""

from typing import Annotated, Any

from litestar import Request, post
from litestar.di import NamedDependency
from litestar.handlers import BaseRouteHandler
from litestar.params import JSONBody
from msgspec import Meta, Struct

from domain.keys import GATEWAY_FORM, check_gateway
from infrastructure.access.errors import NotAllowed
from infrastructure.http.admission import gateway_for, granted
from infrastructure.http.told import Told, problems
from infrastructure.openclaw.gateways import kept_name
from infrastructure.service.service import Service


class SourceAsked(Struct, frozen=True):
    """A source whose gateway's name is asked for; `source` is the SHA-256 of what it is known by, in hexadecimal."""

    source: Annotated[str, Meta(pattern="^[0-9a-f]{64}$", max_length=64)]
    proposed: Annotated[str, Meta(pattern=f"^{GATEWAY_FORM.pattern}$", max_length=64)]


class GatewayNamed(Struct, frozen=True):
    """The name that is kept for the gateway of a source."""

    gateway: str


@post(
    "/gateways",
    sync_to_thread=True,
    status_code=200,
    summary="Name the gateway of a source, once and for ever.",
    responses=problems(),
)
def name_gateway(
    request: Request[Any, Any, Any], service: NamedDependency[Service], data: JSONBody[SourceAsked]
) -> Told[GatewayNamed]:
    """The name that was given first stays; where another source has the proposed one, another is made."""
    proposed = check_gateway(data.proposed)
    gateway_for(granted(request), proposed)
    with service.libraries.lend() as library:
        name = kept_name(library.ledger, bytes.fromhex(data.source), proposed)
    if granted(request).gateway not in (None, name):  # which is not to be told either
        raise NotAllowed(f"The source is known by another name than {proposed}, for which this token is not good.")
    return Told(GatewayNamed(name))


ROUTES: list[BaseRouteHandler] = [name_gateway]
