"""Parameters by their names. One that a route does not have is refused: it would be passed over, as if it had narrowed
what is asked.
"""

from functools import cache

from litestar.handlers import BaseRouteHandler
from litestar.params import QueryParameter

from domain.errors import WrongUsage
from infrastructure.http.admission import Connection


class UnknownParameter(WrongUsage):
    """A route has no such parameter."""

    code = "unknown-parameter"


async def knows_parameters(connection: Connection, handler: BaseRouteHandler) -> None:
    """Refuse what is asked with parameters that the route does not have: a guard of routes.

    A route that takes everything in a body reads there what it needs, and says itself what its query may add.
    (It is async since Litestar gives a thread to a guard that is not, and long questions may hold all of these.)
    """
    if not connection.scope["query_string"]:
        return
    known = _parameters(handler)
    if not known and connection.scope.get("method") != "GET":
        return
    unknown = sorted({name for name in connection.query_params if name not in known})
    if unknown:
        plural = "s" if len(unknown) > 1 else ""
        there_are = ", ".join(sorted(known)) or "none"
        raise UnknownParameter(f"There is no parameter{plural} {', '.join(unknown)}: there are {there_are}.")


@cache  # there are as many as routes
def _parameters(handler: BaseRouteHandler) -> frozenset[str]:
    """Give the names of a route's query parameters."""
    found = handler.parsed_fn_signature.parameters.items()
    return frozenset(
        field.kwarg_definition.name or name
        for name, field in found
        if isinstance(field.kwarg_definition, QueryParameter)
    )
