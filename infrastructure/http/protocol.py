"""HTTP connections that may not linger: what a client sends has to arrive in time and be of bounded size, and what it
asked for has to be taken. Where there are too many connections, those that do nothing give way.
"""

import sys
from asyncio import Transport
from asyncio.events import TimerHandle
from http import HTTPStatus
from typing import Any

import httptools
from msgspec import json
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol, RequestResponseCycle

from infrastructure.http.limits import Limits
from infrastructure.http.problems import MEDIA_TYPE, RETRY_AFTER_SECONDS, Problem

GIVE_UP_SECONDS = 5.0
"""How long a client may take what it was sent before the service was told to end. (The server gives up after six.)"""

_UPGRADING = frozenset({b"upgrade", b"http2-settings"})


def protocol_with(limits: Limits) -> type[HttpToolsProtocol]:
    """Make uvicorn's protocol impatient: it bounds neither what is sent besides bodies nor how long that takes."""

    class Impatient(HttpToolsProtocol):
        """Closes connections whose requests' heads, or the lines between the pieces of their bodies, are too large;
        those of which a head takes too long; and those whose answers nobody reads.
        """

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self._head_bytes = self._between_bytes = 0
            self._in_head = True
            self._deadline: TimerHandle | None = None
            self._look: TimerHandle | None = None
            self._unsent = 0
            self._unsent_since = 0.0
            self._resumed = False
            self._data = b""
            self.idle_since = 0.0

        @property
        def idle(self) -> bool:
            """Whether no request is in work."""
            cycle: RequestResponseCycle | None = self.cycle
            return cycle is None or cycle.response_complete

        def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn's own
            super().connection_made(transport)
            self.idle_since = self._unsent_since = self.loop.time()
            self._await_head()
            self._look = self.loop.call_later(limits.body_pause_seconds, self._look_after)
            if len(self.connections) > limits.connections:
                self._make_room()

        def connection_lost(self, exc: Exception | None) -> None:
            self._end_wait()
            if self._look is not None:
                self._look.cancel()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self._in_head:
                self._head_bytes += len(data)
                if self._deadline is None:
                    self._await_head()
            else:
                self._between_bytes += len(data)
            self._data = data
            super().data_received(data)
            self._data = b""
            if self.transport.is_closing():
                return
            if self._in_head and self._head_bytes > limits.head:
                self.send_400_response(f"The head of the request is longer than {limits.head} bytes.")
            elif not self._in_head and self._between_bytes > limits.head:
                self.send_400_response(f"More than {limits.head} bytes came that belong to no body.")

        def on_header(self, name: bytes, value: bytes) -> None:
            if self._in_head:  # trailers would be kept without a bound, and nobody reads them
                super().on_header(name, value)

        def on_headers_complete(self) -> None:
            if self.parser.should_upgrade():
                return  # it is read anew, without that: see `_unsupported_upgrade_warning`
            self._in_head, self._head_bytes, self._between_bytes = False, 0, 0
            self._end_wait()
            if not self.url.startswith(b"/"):
                self._take_host_of_target()
            super().on_headers_complete()

        def on_body(self, body: bytes) -> None:
            self._between_bytes = 0
            super().on_body(body)

        def on_message_complete(self) -> None:
            if self.parser.should_upgrade():
                return
            self._in_head = True
            super().on_message_complete()

        def on_response_complete(self) -> None:
            self.idle_since = self.loop.time()
            super().on_response_complete()

        def send_400_response(self, msg: str) -> None:
            """Refuse what is not HTTP, or too much of it, and close the connection."""
            self._refuse(400, msg, "bad-http")

        def _unsupported_upgrade_warning(self) -> None:
            """Serve a request that wishes for another protocol as one that does not (RFC 9110, 7.8).

            The parser reads no body of such a request: some clients send each first request so.
            """
            raised = sys.exc_info()[1]
            method, version = self.parser.get_method(), self.parser.get_http_version()
            if method == b"CONNECT" or raised is None:
                self.send_400_response("This is no proxy.")
                return
            head = [b"%b %b HTTP/%b\r\n" % (method, self.url, version.encode())]
            for name, value in self.headers:
                if name == b"connection":
                    kept = [one for one in value.split(b",") if one.strip().lower() not in _UPGRADING]
                    head.append(b"connection: %b\r\n" % b",".join(kept))
                elif name not in _UPGRADING:
                    head.append(b"%b: %b\r\n" % (name, value))
            rest = self._data[raised.args[0] :]
            self.parser = httptools.HttpRequestParser(self)
            super().data_received(b"".join([*head, b"\r\n", rest]))

        def _take_host_of_target(self) -> None:
            """Where the target names a host, that one is meant and not the header (RFC 9112, 3.2.2)."""
            _scheme, marked, rest = self.url.partition(b"://")
            if marked:
                host = rest.partition(b"/")[0].partition(b"?")[0]
                self.headers[:] = [*(one for one in self.headers if one[0] != b"host"), (b"host", host)]

        def shutdown(self) -> None:
            super().shutdown()
            if self._look is not None:
                self._look.cancel()
            self._look = self.loop.call_later(GIVE_UP_SECONDS, self._give_up)

        def _give_up(self) -> None:
            if self.transport.get_write_buffer_size():
                self.transport.abort()

        def resume_writing(self) -> None:
            self._resumed = True  # what was too much was taken: of an answer without end there always is some unsent
            super().resume_writing()

        def _await_head(self) -> None:
            self._deadline = self.loop.call_later(limits.head_seconds, self.timeout_keep_alive_handler)

        def _end_wait(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

        def _look_after(self) -> None:
            """End a connection on which nothing of an answer was taken since the last look, or too little."""
            now, unsent = self.loop.time(), self.transport.get_write_buffer_size()
            if not unsent:
                self._unsent_since = now
            elif (unsent >= self._unsent > 0 and not self._resumed) or now - self._unsent_since > limits.body_seconds:
                self.transport.abort()
                return
            self._unsent, self._resumed = unsent, False
            self._look = self.loop.call_later(limits.body_pause_seconds, self._look_after)

        def _make_room(self) -> None:
            """Close the connection that is idle longest, or else this one."""
            others = [one for one in self.connections if isinstance(one, Impatient) and one is not self and one.idle]
            if others:
                oldest = min(others, key=lambda one: one.idle_since)
                self.connections.discard(oldest)
                oldest.transport.abort()
            else:
                self._refuse(503, "All connections are in use: try again in a second.", "too-busy")

        def _refuse(self, status: int, detail: str, code: str) -> None:
            told = Problem(title=HTTPStatus(status).phrase, status=status, detail=detail, code=code)
            body = json.encode(told)
            lines = [
                f"HTTP/1.1 {status} {told.title}",
                f"content-type: {MEDIA_TYPE}",
                f"content-length: {len(body)}",
                "connection: close",
            ]
            if status in RETRY_AFTER_SECONDS:
                lines.append(f"retry-after: {RETRY_AFTER_SECONDS[status]}")
            self.transport.write("\r\n".join([*lines, "", ""]).encode() + body)
            self.transport.close()

    return Impatient
