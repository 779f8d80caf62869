"""How much one client may ask, so that it harms only itself."""

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager

from msgspec import Struct

from infrastructure.http.errors import TooManyRequests, TooMuchHeld

MOST_CLIENTS = 10_000
"""How many clients are remembered: the one that asked longest ago is forgotten, and begins with a full allowance."""


class Limits(Struct, frozen=True, kw_only=True):
    """What the service takes. Sizes in bytes, times in seconds.

    `rate` is requests a second of one client (its token, else its address), `burst` what may come at once, `at_once`
    how many may be in work. `held` is what all requests that are still arriving may hold in memory, `unread` what the
    answers may that one client was given and does not take, and `linger_seconds` is how long one may go on sending that
    was refused before it reads so. The limits of bodies hold for answers too: `body_pause_seconds`, `body_seconds`.
    `live_seconds` is how long somebody may follow the ledger before it has to come again, to go on where it was.
    """

    rate: float = 5_000
    burst: int = 10_000
    at_once: int = 256
    connections: int = 1_024
    head: int = 64 * 1024
    head_seconds: float = 10
    body_pause_seconds: float = 20
    body_seconds: float = 600
    document: int = 64 * 1024 * 1024
    line: int = 64 * 1024 * 1024
    lines: int = 100_000
    held: int = 512 * 1024 * 1024
    unread: int = 64 * 1024 * 1024
    linger_seconds: float = 3
    live_seconds: float = 86_400


class Allowance:
    """What is left to one client: requests that it may send, and what it has of ours; `unread` in bytes."""

    __slots__ = ("at", "in_work", "left", "unread")

    def __init__(self, left: float, at: float) -> None:
        self.left, self.at, self.in_work, self.unread = left, at, 0, 0


class Rates:
    """A bucket a client: it fills at `rate` a second up to `burst`, and every request takes one out of it."""

    def __init__(self, limits: Limits, clock: Callable[[], float]) -> None:
        self._limits, self._clock = limits, clock
        self._clients: OrderedDict[str, Allowance] = OrderedDict()

    @contextmanager
    def taking(self, client: str) -> Iterator[Allowance]:
        """Take one request of a client, for as long as it is in work.

        Raises:
            TooManyRequests: it asks too often, or too much at once.
        """
        limits, now = self._limits, self._clock()
        allowance = self._clients.get(client)
        if allowance is None:
            allowance = self._clients[client] = Allowance(limits.burst, now)
            self._forget_one()
        else:
            self._clients.move_to_end(client)
        allowance.left = min(limits.burst, allowance.left + (now - allowance.at) * limits.rate)
        allowance.at = now
        if allowance.left < 1:
            raise TooManyRequests(f"More than {limits.rate:g} requests a second: ask again in a second.")
        if allowance.in_work >= limits.at_once:
            raise TooManyRequests(f"{limits.at_once} requests of this client are in work: wait for one of them.")
        allowance.left -= 1
        allowance.in_work += 1
        try:
            yield allowance
        finally:
            allowance.in_work -= 1

    def _forget_one(self) -> None:
        if len(self._clients) > MOST_CLIENTS:
            client = next((one for one, allowance in self._clients.items() if not allowance.in_work), None)
            if client is not None:
                del self._clients[client]


class HeldBytes:
    """What all requests that are still arriving hold in memory."""

    def __init__(self, most: int) -> None:
        self._most = most
        self.held = 0

    def take(self, count: int) -> None:
        """Hold so many more.

        Raises:
            TooMuchHeld: that would be too much; nothing is held for it.
        """
        if self.held + count > self._most:
            raise TooMuchHeld("Requests that are still arriving hold all memory that they may: try again in a second.")
        self.held += count

    def give_back(self, count: int) -> None:
        """Hold so many less."""
        self.held -= count
