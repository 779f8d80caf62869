"""HTTP connections that may not linger: the head of a request must arrive in time and be of bounded size."""

from asyncio import Transport
from asyncio.events import TimerHandle
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from infrastructure.http.limits import Limits


def protocol_with(limits: Limits) -> type[HttpToolsProtocol]:
    """Make uvicorn's protocol impatient: it limits neither the size of a head nor the time that one takes."""

    class Impatient(HttpToolsProtocol):
        """Closes a connection whose request's head is too large or takes too long."""

        def __init__(self, *arguments: Any, **options: Any) -> None:
            super().__init__(*arguments, **options)
            self._head_bytes = 0
            self._in_head = True
            self._deadline: TimerHandle | None = None

        def connection_made(self, transport: Transport) -> None:  # type: ignore[override]  # as uvicorn's own
            super().connection_made(transport)
            self._await_head()

        def connection_lost(self, exc: Exception | None) -> None:
            self._end_wait()
            super().connection_lost(exc)

        def data_received(self, data: bytes) -> None:
            if self._in_head:
                self._head_bytes += len(data)
                if self._deadline is None:
                    self._await_head()
            super().data_received(data)
            if self._in_head and self._head_bytes > limits.head and not self.transport.is_closing():
                self.send_400_response(f"The head of the request is longer than {limits.head} bytes.")

        def on_header(self, name: bytes, value: bytes) -> None:
            if self._in_head:  # trailers would be kept without a bound, and nobody reads them
                super().on_header(name, value)

        def on_headers_complete(self) -> None:
            self._in_head, self._head_bytes = False, 0
            self._end_wait()
            super().on_headers_complete()

        def on_message_complete(self) -> None:
            self._in_head = True
            super().on_message_complete()

        def _await_head(self) -> None:
            self._deadline = self.loop.call_later(limits.head_seconds, self.timeout_keep_alive_handler)

        def _end_wait(self) -> None:
            if self._deadline is not None:
                self._deadline.cancel()
                self._deadline = None

    return Impatient
