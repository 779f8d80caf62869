"""Peers that are no Heartline service, or a troubled one: real servers on real sockets that say what a test wants."""

import json
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from msgspec import Struct


class Said(Struct, frozen=True):
    """An answer; with `hang_up` the connection is closed instead."""

    status: int = 200
    kind: str = "application/json"
    body: bytes = b"[]"
    headers: Mapping[str, str] = {}
    hang_up: bool = False


def problem(status: int, code: str, detail: str, **headers: str) -> Said:
    told = {"title": "t", "status": status, "detail": detail, "code": code}
    return Said(status, "application/problem+json", json.dumps(told).encode(), headers)


class Peer:
    """Says these things in turn, the last of them for ever, and remembers what it was asked."""

    def __init__(self, says: tuple[Said, ...]) -> None:
        self.url = ""
        self.asked: list[tuple[str, Mapping[str, str]]] = []
        self._says = list(says)

    def next(self) -> Said:
        return self._says.pop(0) if len(self._says) > 1 else self._says[0]


@contextmanager
def peer(*says: Said) -> Iterator[Peer]:
    talking = Peer(says)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            talking.asked.append((self.path, dict(self.headers)))
            said = talking.next()
            if said.hang_up:
                self.connection.close()
                return
            self.send_response(said.status)
            self.send_header("content-type", said.kind)
            self.send_header("content-length", str(len(said.body)))
            for name, value in said.headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.end_headers()
            self.wfile.write(said.body)

        do_POST = do_GET  # noqa: N815  # the library's name

        def log_message(self, *_arguments: object) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
            """Say nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        talking.url = f"http://127.0.0.1:{server.server_port}"
        try:
            yield talking
        finally:
            server.shutdown()
            thread.join()
