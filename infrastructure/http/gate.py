"""The gate: every request passes it before the application sees it, and is counted and logged when it leaves.

It refuses foreign hosts and origins, missing and unknown tokens, clients that ask too much, and bodies that are too
slow. What a token may do is asked by the routes (`infrastructure.http.permits`), which know what they do.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from contextlib import suppress
from http import HTTPStatus
from time import monotonic
from typing import Any

from msgspec import json

from domain.errors import HeartlineError
from infrastructure.access.scopes import Grant
from infrastructure.http.errors import TooMuchUnread, TooSlow
from infrastructure.http.limits import Allowance, Limits, Rates
from infrastructure.http.origins import Origins
from infrastructure.http.problems import MEDIA_TYPE, RETRY_AFTER_SECONDS, problem_of
from infrastructure.ledger.errors import ShuttingDown
from infrastructure.service.logs import log
from infrastructure.service.meters import Meters

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Scope, Receive, Send], Awaitable[None]]

OPEN_TO_ALL = frozenset({"/healthz", "/readyz"})
"""Paths that need no token: whoever watches over the process has none."""

SMALL = 64 * 1024
"""Bytes of an answer that are not counted: the connection's own buffers take them."""

GRANT = "grant"
"""Under this name the request's state holds what it may do."""


_CUT_SHORT = (
    "The service is stopping and could not wait for the end of this request. What became of it is not known: send it"
    " again under the same delivery ids."
)


class Gate:
    """Stands before an application. Requests that are cancelled while it is `ending` are told so."""

    def __init__(
        self,
        app: Application,
        origins: Origins,
        grant_for: Callable[[str | None], Awaitable[Grant]],
        limits: Limits,
        meters: Meters,
        clock: Callable[[], float] = monotonic,
        ending: Callable[[], bool] = lambda: False,
    ) -> None:
        self._ending = ending
        self._app, self._origins, self._grant_for = app, origins, grant_for
        self._limits, self._meters, self._clock = limits, meters, clock
        self._rates = Rates(limits, clock)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        passage = _Passage(receive, send, self._limits, self._clock, brings_body=_brings_body(scope))
        passage.may_be_refused = scope["method"] in ("GET", "HEAD")
        passage.of_head = scope["method"] == "HEAD"
        inner = {**scope, "method": "GET"} if scope["method"] == "HEAD" else scope  # the server leaves the body out
        grant: Grant | None = None
        try:
            self._origins.check(scope["headers"])
            if scope["path"] not in OPEN_TO_ALL:
                grant = await self._grant_for(bearer_of(scope["headers"]))
                inner.setdefault("state", {})[GRANT] = grant
            with self._rates.taking(grant.token_id if grant and grant.token_id else _address(scope)) as allowance:
                passage.allowance = allowance
                await self._app(inner, passage.receive, passage.send)
            if passage.dropped is not None:  # the application has long believed that it answered
                refused, passage.dropped = passage.dropped, None
                await self._refuse(passage, refused)
        except TooSlow as error:
            await self._refuse(passage, error)
        except asyncio.CancelledError:
            if not self._ending() or passage.status is not None:
                raise
            passage.lingers = False
            await self._refuse(passage, ShuttingDown(_CUT_SHORT))
        except HeartlineError as error:
            self._meters.refused.labels(error.code).inc()
            await self._refuse(passage, error)
        finally:
            self._leave(scope, inner.get("path_template"), passage, grant)

    async def _refuse(self, passage: "_Passage", error: HeartlineError) -> None:
        if passage.status is not None:  # the answer has begun: only ending the connection tells that it is not whole
            raise error
        told = problem_of(error)
        status, body = told.status, json.encode(told)
        headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"content-length", str(len(body)).encode()),
        ]
        if status in RETRY_AFTER_SECONDS:
            headers.append((b"retry-after", str(RETRY_AFTER_SECONDS[status]).encode()))
        if status == HTTPStatus.UNAUTHORIZED:
            headers.append((b"www-authenticate", b'Bearer realm="heartline"'))
        await passage.send({"type": "http.response.start", "status": status, "headers": headers})
        await passage.send({"type": "http.response.body", "body": body})

    def _leave(self, scope: Scope, template: object, passage: "_Passage", grant: Grant | None) -> None:
        route = str(template or "none")
        method = scope["method"] if scope["method"] in _METHODS else "other"
        seconds = self._clock() - passage.began
        self._meters.requests.labels(method, route, str(passage.status or 0)).inc()
        self._meters.seconds.labels(route).observe(seconds)
        log(
            "request",
            method=method,
            route=route,
            status=passage.status,
            ms=round(seconds * 1000, 1),
            received=passage.received,
            sent=passage.sent,
            client=_address(scope),
            token=grant.token_id or None if grant else None,
        )


_METHODS = frozenset({"GET", "POST", "DELETE", "HEAD", "OPTIONS", "PUT", "PATCH"})
"""Anything else would be a label that strangers choose."""


class _Passage:
    """One request on its way: counts what it brings and takes, and waits for its body only so long."""

    def __init__(
        self, receive: Receive, send: Send, limits: Limits, clock: Callable[[], float], *, brings_body: bool
    ) -> None:
        self._receive, self._send, self._limits, self._clock = receive, send, limits, clock
        self.began = clock()
        self.status: int | None = None
        self.received = self.sent = 0
        self.left = False
        """Whether the client left before it had sent all: what became of its request is told to nobody."""
        self.lingers = True
        """Whether to wait for what the client still sends when it is answered: there is no time for it at the end."""
        self._whole = not brings_body
        self.allowance: Allowance | None = None
        self.may_be_refused = False
        self.of_head = False
        """Whether only the head is asked for: then a body that comes in pieces, perhaps without an end, is left out."""
        self.dropped: TooMuchUnread | None = None

    async def receive(self) -> Message:
        if self._whole:  # the application waits for the client to leave, for as long as it likes
            return await self._receive()
        left = self._limits.body_seconds - (self._clock() - self.began)
        try:
            async with asyncio.timeout(min(left, self._limits.body_pause_seconds)):
                message = await self._receive()
        except TimeoutError:
            raise TooSlow("The body of the request did not arrive in time: nothing more of it is read.") from None
        self.left = message["type"] == "http.disconnect"
        self.received += len(message.get("body", b""))
        self._whole = not message.get("more_body", False)
        return message

    async def send(self, message: Message) -> None:
        if self.dropped is not None or self.left:
            return
        body = message.get("body", b"")
        if message["type"] == "http.response.start":
            if self.may_be_refused and self.allowance is not None and self.allowance.unread:
                self.dropped = self._too_much_unread(message, self.allowance)
            if self.dropped is not None:
                return
            self.status = message["status"]
            if not self._whole:  # what is left of the body is not worth reading: nor is the connection
                message = {**message, "headers": [*message["headers"], (b"connection", b"close")]}
        elif self.of_head and message.get("more_body"):
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
            self.left = True  # as the application hears as soon as it looks
            return
        elif not message.get("more_body") and (len(body) > SMALL or not self._whole):
            await self._send_in_two(message, body)
            return
        self.sent += len(body)
        await self._send(message)

    def _too_much_unread(self, start: Message, allowance: Allowance) -> TooMuchUnread | None:
        length = next((int(value) for name, value in start["headers"] if name == b"content-length"), 0)
        if length <= SMALL or allowance.unread + length <= self._limits.unread:
            return None
        return TooMuchUnread(
            f"Answers of {allowance.unread} bytes wait for this client to take them: read those first."
        )

    async def _send_in_two(self, message: Message, body: bytes) -> None:
        """Send the whole body, and end the answer when the client has taken most of it, and has sent all of its own.

        Until then the request is in work. A connection that is closed while the client sends is reset, and with it goes
        the answer that says why it should not have.
        """
        if self.allowance is not None:
            self.allowance.unread += len(body)
        try:
            self.sent += len(body)
            await self._send({**message, "more_body": True})
            if not self._whole and self.lingers:
                await self._let_finish()
            await self._send({"type": "http.response.body", "body": b"", "more_body": False})
        finally:
            if self.allowance is not None:
                self.allowance.unread -= len(body)

    async def _let_finish(self) -> None:
        left = self._limits.document
        with suppress(TimeoutError):
            async with asyncio.timeout(self._limits.linger_seconds):
                while left > 0 and (message := await self._receive()).get("more_body", False):
                    left -= len(message["body"])


def bearer_of(headers: Iterable[tuple[bytes, bytes]]) -> str | None:
    """Give the token that a request brings; what is no bearer token counts as a wrong one."""
    found = [value for name, value in headers if name == b"authorization"]
    if not found:
        return None
    scheme, _, token = found[0].decode("latin-1").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and len(found) == 1 else ""


def _brings_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )


def _address(scope: Scope) -> str:
    client = scope.get("client")
    return str(client[0]) if client else "unknown"
