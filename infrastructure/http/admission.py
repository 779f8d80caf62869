"""What a request may do: what its token grants, or everything where none is demanded."""

from typing import Any, Final

from litestar.connection import ASGIConnection
from litestar.handlers import BaseRouteHandler

from infrastructure.access.errors import UnknownToken
from infrastructure.access.keyring import Keyring
from infrastructure.access.scopes import Administering, Grant, Reading, Writing, check_allowed
from infrastructure.http.gate import GRANT
from infrastructure.service.aside import Aside, Shared

LOCAL: Final = Grant(token_id="", scope="admin", gateway=None)
"""What is granted without a token where none is demanded: whoever reaches loopback is this machine's."""


class Admission:
    """Grants what a token is good for."""

    def __init__(self, keyring: Keyring, aside: Aside, *, demanded: bool) -> None:
        self._keyring, self._demanded = keyring, demanded
        self._read = Shared[None](lambda token: aside.run(keyring.refresh, token))

    async def grant_for(self, token: str | None) -> Grant:
        """Say what is granted; None is a request without a token. A token that is brought must be good anywhere.

        Raises:
            UnknownToken: it is none that works, or one is demanded.
            DatabaseUnavailable: the tokens can't be read.
        """
        if token is None:
            if self._demanded:
                raise UnknownToken(
                    "This service demands a token: send `Authorization: Bearer …`, made by `heartline token create`."
                )
            return LOCAL
        for _ in range(2):  # what others are reading already may be older than the token
            if self._keyring.fresh(token):
                break
            await self._read(token)
        return self._keyring.look_up(token)


Connection = ASGIConnection[Any, Any, Any, Any]


def granted(connection: Connection) -> Grant:
    """Give what the gate granted to a request."""
    grant: Grant = connection.scope["state"][GRANT]
    return grant


def reads(connection: Connection, _handler: BaseRouteHandler) -> None:
    """Let those in who may read: a guard of routes."""
    check_allowed(granted(connection), Reading())


def administers(connection: Connection, _handler: BaseRouteHandler) -> None:
    """Let those in who may do anything: a guard of routes."""
    check_allowed(granted(connection), Administering())


def gateway_for(grant: Grant, named: str | None) -> str | None:
    """Give the gateway that a write is for: the one that it names, else the only one that its token is good for.

    Raises:
        NotAllowed: the token is good for another.
    """
    gateway = named or grant.gateway
    if gateway is not None:
        check_allowed(grant, Writing(gateway))
    return gateway
