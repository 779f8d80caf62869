"""Clients of services: each sends, and sends again under the same ids until it is answered."""

import http.client
import json
from collections.abc import Sequence
from contextlib import suppress
from random import Random
from threading import Event, Thread
from types import TracebackType
from typing import Any

from msgspec import Struct

from tests.crash.sending import Post, Sender

ANSWER_SECONDS = 30.0
"""How long a client waits for an answer. (It gets one in milliseconds, or when the database is there again.)"""

PAUSE_SECONDS = 0.02
"""How long it waits before it sends again. The service asks for a second, which would be a pause in the load."""

CODES = frozenset(
    {"database-unavailable", "postgres-start-failed", "shutting-down", "queue-full", "stream-moved", "unanswered"}
)
"""With which a service may put a client off."""


class Acknowledged(Struct, frozen=True):
    """A request, how often it was sent, what was answered in the end, and at which port."""

    post: Post
    sent: int
    port: int
    answer: dict[str, Any]


class Client:
    """One client. It turns to the next service when one does not answer, and now and then without a reason."""

    def __init__(self, name: str, ports: Sequence[int], seed: str) -> None:
        self._random = Random(f"{seed} {name}")
        self._sender = Sender(name, self._random)
        self._ports = list(ports)
        self._connection: http.client.HTTPConnection | None = None
        self._ending = Event()
        self._pause = Event()  # nobody sets it
        self._thread = Thread(target=self._work, name=name)
        self.acknowledged: list[Acknowledged] = []
        self.put_off: dict[str, int] = {}
        self.failure: BaseException | None = None

    def start(self) -> None:
        self._thread.start()

    def end(self) -> None:
        """Send nothing new."""
        self._ending.set()

    def join(self, seconds: float) -> bool:
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _work(self) -> None:
        try:
            for post in self._sender.posts():
                if self._ending.is_set():
                    return
                self._insist(post)
                if self._random.random() < 0.05:  # as whoever lost the answer
                    self._insist(post)
                if self._random.random() < 0.05:
                    self._turn_away()
        except BaseException as error:
            self.failure = error
            raise
        finally:
            self._hang_up()

    def _insist(self, post: Post) -> None:
        sent = 0
        while True:
            sent += 1
            answered = self._send(post)
            if answered is not None:
                self.acknowledged.append(Acknowledged(post, sent, self._ports[0], answered))
                return
            self._pause.wait(PAUSE_SECONDS)

    def _send(self, post: Post) -> dict[str, Any] | None:
        """Send a request once; None if it was not answered, or put off."""
        if self._connection is None:
            self._connection = http.client.HTTPConnection("127.0.0.1", self._ports[0], timeout=ANSWER_SECONDS)
        try:
            kind = "application/x-ndjson" if post.observes else "application/json"
            self._connection.request("POST", post.path, post.body, {"content-type": kind})
            answer = self._connection.getresponse()
            body = answer.read()
        except TimeoutError:
            raise
        except (OSError, http.client.HTTPException) as error:
            self._move_on(type(error).__name__)
            return None
        told = json.loads(body)
        assert isinstance(told, dict)
        if answer.status == 200:
            return told
        assert answer.status == 503, f"{answer.status} {body!r} to {post}"
        assert told["code"] in CODES, f"{body!r} to {post}"
        assert int(answer.headers["retry-after"]) > 0
        self._move_on(told["code"])
        return None

    def _move_on(self, why: str) -> None:
        self.put_off[why] = self.put_off.get(why, 0) + 1
        self._turn_away()

    def _turn_away(self) -> None:
        self._hang_up()
        self._ports.append(self._ports.pop(0))

    def _hang_up(self) -> None:
        if self._connection is not None:
            with suppress(OSError):
                self._connection.close()
        self._connection = None


class Clients:
    """Some clients at work, from the beginning of a block to its end: then each has its last answer."""

    def __init__(self, count: int, ports: Sequence[int], seed: str) -> None:
        turned = [[*ports[number % len(ports) :], *ports[: number % len(ports)]] for number in range(count)]
        self._clients = [Client(f"c{number}", turned[number], seed) for number in range(count)]

    @property
    def acknowledged(self) -> list[Acknowledged]:
        return [one for client in self._clients for one in client.acknowledged]

    @property
    def count(self) -> int:
        return sum(len(client.acknowledged) for client in self._clients)

    @property
    def put_off(self) -> dict[str, int]:
        reasons: dict[str, int] = {}
        for client in self._clients:
            for why, count in client.put_off.items():
                reasons[why] = reasons.get(why, 0) + count
        return reasons

    def check(self) -> None:
        """Raise what a client failed with."""
        for client in self._clients:
            if client.failure is not None:
                raise client.failure

    def __enter__(self) -> "Clients":
        for client in self._clients:
            client.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        for client in self._clients:
            client.end()
        ended = [client.join(2 * ANSWER_SECONDS) for client in self._clients]
        if error is None:
            self.check()
            assert all(ended)
