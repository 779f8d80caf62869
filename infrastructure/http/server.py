"""The HTTP server: uvicorn, on a socket that is bound before anything is promised, and ending in time."""

import os
import signal
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import uvicorn

try:
    import resource
except ImportError:  # Windows, which has no such limit
    resource = None  # type: ignore[assignment]  # as said

from domain.errors import HeartlineError
from infrastructure.http.app import Doors, make_app
from infrastructure.http.protocol import protocol_with
from infrastructure.service.logs import warn
from infrastructure.service.service import Service

DRAIN_SECONDS = 6
"""How long requests that are in work may take after SIGTERM."""

END_SECONDS = 9.5
"""When the process ends, whatever still hangs: whoever waits for it may kill it after ten seconds."""

KILL_SECONDS = 9.8
"""When it is killed, if it could not even do that."""

MOST_UNSENT = 128 * 1024
"""Bytes that the system takes of an answer before it sends them. By itself it takes megabytes for each connection, and
nobody sees for long whether a slow reader reads.
"""

OTHER_FILES = 128
"""How many files and connections a service has open besides those of its clients, at most."""


class AddressTaken(HeartlineError):
    """The address can't be listened on."""

    code = "address-taken"


def bind(host: str, port: int) -> socket.socket:
    """Listen on an address; port 0 takes any that is free.

    Raises:
        AddressTaken: someone else does, or it is not this machine's.
    """
    try:
        family, kind, protocol, _name, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        listening = socket.socket(family, kind, protocol)
    except OSError as error:
        raise AddressTaken(f"{host} is no address to listen on: {error.strerror}.") from error
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # connections have what the listening socket has
            listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MOST_UNSENT)
        listening.bind(address)
        listening.listen(1024)
    except OSError as error:
        listening.close()
        raise AddressTaken(
            f"{host}:{port} can't be listened on: {error.strerror}. Stop what does, or choose another with --port."
        ) from error
    return listening


def make_room(connections: int) -> None:
    """Let this process hold so many connections open besides its files, as far as the machine allows it.

    Many shells and service managers start programs with room for 1,024, of which the database needs some.
    """
    if resource is None:
        return
    now, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + OTHER_FILES
    room = wanted if most == resource.RLIM_INFINITY else min(wanted, most)
    if now != resource.RLIM_INFINITY and now < room:
        resource.setrlimit(resource.RLIMIT_NOFILE, (room, most))


class Server(uvicorn.Server):
    """Serves one service until it is told to stop."""

    def __init__(self, service: Service, doors: Doors) -> None:
        self._service = service
        self._told = False
        super().__init__(
            uvicorn.Config(
                make_app(service, doors),
                http=protocol_with(doors.limits),
                ws="none",
                loop="auto",
                lifespan="off",
                log_config=None,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                timeout_graceful_shutdown=DRAIN_SECONDS,
            )
        )

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Stop listening, and finish what is in work; what is still asked of the database after that is cancelled.

        (The event loop would wait for the threads that ask it.)
        """
        self._service.end()
        await super().shutdown(sockets)
        self._service.libraries.close()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """End on SIGINT and SIGTERM. (uvicorn would raise them again when it has ended, before anything is closed.)

        Whoever was told once is deaf to the second time until the process has ended: else it would be killed while it
        writes what was accepted, or stops Postgres. `_end_in_time` sees to it that it ends.
        """
        if threading.current_thread() is not threading.main_thread():
            yield
            return
        before = {number: signal.signal(number, self._told_to_end) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, signal.SIG_IGN if self._told else handler)

    def _told_to_end(self, _number: int, _frame: object) -> None:
        if not self._told:
            self._told = self.should_exit = True
            threading.Thread(target=_end_in_time, daemon=True).start()
            signal.setitimer(signal.ITIMER_REAL, KILL_SECONDS)  # by the system, where that thread is kept from it


def _end_in_time() -> None:
    """End the process if it does not end by itself: what is not acknowledged by then never will be."""
    threading.Event().wait(END_SECONDS)
    warn("ended by force: something did not end in time")
    os._exit(3)
