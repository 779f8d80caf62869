"""Lets another user reach a Postgres whose Unix socket lies in a folder that it may not enter: over TCP on loopback."""

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def forwarded(socket: Path) -> Iterator[int]:
    """Forward connections on a port of 127.0.0.1, which is given, to the socket."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever)
    thread.start()
    forwarder = _Forwarder(socket)
    try:
        yield asyncio.run_coroutine_threadsafe(forwarder.start(), loop).result()
    finally:
        asyncio.run_coroutine_threadsafe(forwarder.stop(), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()


class _Forwarder:
    def __init__(self, socket: Path) -> None:
        self._socket = socket
        self._open: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def start(self) -> int:
        self._server = await asyncio.start_server(self._forward, "127.0.0.1", 0)
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    async def stop(self) -> None:
        assert self._server is not None
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)

    async def _forward(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        try:
            from_server, to_server = await asyncio.open_unix_connection(str(self._socket))
            try:
                await asyncio.gather(_pump(reader, to_server), _pump(from_server, writer))
            finally:
                to_server.close()
        except asyncio.CancelledError:
            pass  # the end of all; asyncio would report a connection that was cancelled
        finally:
            writer.close()
            self._open.discard(task)


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.close()
