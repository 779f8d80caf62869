"""Serving a ledger: the service, its doors checked, its socket bound, and everything closed at the end."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec.structs import replace

from infrastructure.http.app import Doors
from infrastructure.http.errors import ServiceUnsafe
from infrastructure.http.origins import is_loopback
from infrastructure.http.server import Server, bind
from infrastructure.ledger.ledger import Ledger
from infrastructure.service.service import Service


class Serving:
    """A service on a socket."""

    def __init__(self, server: Server, listening: socket.socket) -> None:
        self._server, self._listening = server, listening
        host, port = listening.getsockname()[:2]
        self.url = f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"

    @property
    def told_to_stop(self) -> bool:
        """Whether it ends, or has ended."""
        return self._server.should_exit

    def run(self) -> None:
        """Serve until told to stop, by SIGTERM, SIGINT or `stop`."""
        self._server.run([self._listening])

    def stop(self) -> None:
        """Tell it to stop, from another thread."""
        self._server.should_exit = True


@contextmanager
def serving(open_ledger: Callable[[], Ledger], doors: Doors, port: int) -> Iterator[Serving]:
    """Make everything ready to be served.

    Raises:
        ServiceUnsafe: the address can be reached from elsewhere and there is no token.
        AddressTaken: it can't be listened on.
        DatabaseUnavailable, NotALedger: the ledger can't be opened.
    """
    open_ledger().close()  # whoever starts it hears at once that there is no ledger
    service = Service(open_ledger)
    try:
        if not is_loopback(doors.host):
            doors = replace(doors, tokens_demanded=True)
        if doors.tokens_demanded and not service.keyring.any_live():
            raise ServiceUnsafe(
                f"Tokens are demanded on {doors.host} and there is none: make one with `heartline token create NAME "
                "--scope admin`, or serve on 127.0.0.1."
            )
        listening = bind(doors.host, port)
        try:
            yield Serving(Server(service, doors), listening)
        finally:
            listening.close()
    finally:
        service.close()
